/*
 * http_target.c - path and query of a request target
 */
#include "http_target.h"

#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that an escape stands for, or -1. Control characters, NUL first of all, are in no name of ours. */
static int escaped_byte(struct slice text, size_t at)
{
    int high, low, byte;

    if (text.len - at < 3)
        return -1;
    high = hex_digit(text.at[at + 1]);
    low = hex_digit(text.at[at + 2]);
    if (high < 0 || low < 0)
        return -1;
    byte = high << 4 | low;
    return byte < 0x20 || byte == 0x7f ? -1 : byte;
}

static bool is_path_char(char c)
{
    if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
        return true;
    return c != 0 && strchr("/-._~!$&'()*+,;=:@%", c) != NULL;
}

static const char *check_text(struct slice path, struct slice query)
{
    for (size_t i = 0; i < path.len; i++) {
        if (!is_path_char(path.at[i]))
            return "character in the path that must be escaped";
    }
    for (size_t i = 0; i < query.len; i++) {
        unsigned char c = (unsigned char)query.at[i];
        if (c <= 0x20 || c >= 0x7f || c == '#')
            return "character in the query that must be escaped";
        if (c == '%' && escaped_byte(query, i) < 0)
            return "malformed escape in the query";
    }
    return NULL;
}

static bool has_parent_segment(struct slice path)
{
    while (path.len > 0) {
        if (slice_is(slice_cut(&path, '/'), ".."))
            return true;
    }
    return false;
}

/* '+' stands for itself unless plus_is_space. */
static bool unescape(struct slice text, bool plus_is_space, char *room, struct slice *out)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        int byte = (unsigned char)text.at[i];
        if (byte == '%') {
            byte = escaped_byte(text, i);
            if (byte < 0)
                return false;
            i += 2;
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        }
        room[len++] = (char)byte;
    }
    *out = (struct slice){.at = room, .len = len};
    return true;
}

const char *http_target_parse(struct slice target, char *room, struct slice *out_path,
                              struct slice *out_query)
{
    struct slice query = target;
    struct slice path = slice_cut(&query, '?');
    const char *wrong;

    if (path.len == 0 || path.at[0] != '/')
        return "target that is not a path";
    wrong = check_text(path, query);
    if (wrong != NULL)
        return wrong;
    if (memchr(path.at, '%', path.len) != NULL && !unescape(path, false, room, &path))
        return "malformed escape in the path";
    if (has_parent_segment(path))
        return "'..' in the path";
    *out_path = path;
    *out_query = query;
    return NULL;
}

enum status http_target_parameter(struct slice query, const char *name, char *room,
                                  struct slice *out)
{
    struct slice value = {0};
    size_t found = 0;

    while (query.len > 0) {
        struct slice rest = slice_cut(&query, '&');
        struct slice key = slice_cut(&rest, '=');

        /* Each into the same room: the name is compared and done with before the value is written. */
        if (!unescape(key, true, room, &key))
            return STATUS_INVALID;
        if (!slice_is(key, name))
            continue;
        value = rest;
        found++;
    }
    if (found == 0)
        return STATUS_ABSENT;
    if (found > 1 || !unescape(value, true, room, &value))
        return STATUS_INVALID;
    *out = value;
    return STATUS_OK;
}
