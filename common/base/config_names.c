/*
 * config_names.c - names in the forms of their sources, and the nearest name to a mistyped one
 */
#include "config_parts.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LEN = 64 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours each cost 1. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][NAME_MAX_LEN + 1];
    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], two_above[j - 2] + 1);
            }
        }
    }
    return rows[a_len % 3][b_len];
}

const char *config_nearest(const char *text, const char *const *names, size_t count)
{
    size_t text_len = strlen(text);
    const char *nearest = NULL;
    size_t nearest_distance = NAME_MAX_LEN;
    for (size_t i = 0; i < count && text_len <= NAME_MAX_LEN; i++) {
        size_t len = strlen(names[i]);
        if (len > NAME_MAX_LEN) {
            continue;
        }
        size_t apart = distance(text, text_len, names[i], len);
        if (apart <= len / 3 && apart < nearest_distance) {
            nearest = names[i];
            nearest_distance = apart;
        }
    }
    return nearest;
}

struct config_quoted config_quote(struct slice text)
{
    enum { SHOWN = 60 };
    struct config_quoted quoted;
    size_t shown = least(text.len, SHOWN);
    char *at = quoted.text;
    *at++ = '"';
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)text.at[i];
        *at++ = c < 0x20 || c >= 0x7f ? '?' : (char)c;
    }
    const char *end = text.len > shown ? "...\"" : "\"";
    memcpy(at, end, strlen(end) + 1);
    return quoted;
}

static void add_mapped(struct buf *out, enum config_source source, const char *name)
{
    for (; *name != '\0'; name++) {
        char c = *name;
        if (source == SOURCE_FLAG && c == '_') {
            c = '-';
        } else if (source == SOURCE_VARIABLE && c >= 'a' && c <= 'z') {
            c = (char)(c - ('a' - 'A'));
        }
        buf_add_char(out, c);
    }
}

void config_add_name(struct buf *out, enum config_source source, const char *name,
                     const char *suffix)
{
    static const char *const prefixes[] = {"", "", "MILLRACE_", "--"};
    buf_add_text(out, prefixes[source]);
    add_mapped(out, source, name);
    add_mapped(out, source, suffix);
}

/* Names that are not settings: all are flags, the first is also a variable. */
static const char *const own_names[] = {"config", "help", "version", "check_config",
                                        "print_config"};
static const size_t own_counts[] = {0, 0, 1, sizeof own_names / sizeof own_names[0]};

static const char *nearest_setting(const struct config_load *load, enum config_source source,
                                   const char *text)
{
    size_t count = own_counts[source];
    const char **names = xcalloc(count + load->count, sizeof *names);
    memcpy(names, own_names, count * sizeof *names);
    for (size_t i = 0; i < load->count; i++) {
        names[count++] = load->given[i].row->name;
    }
    const char *nearest = config_nearest(text, names, count);
    free(names);
    return nearest;
}

/* Of the secrets alone, whose names may be followed by _file. */
static const char *nearest_secret(const struct config_load *load, const char *text)
{
    const char **names = xcalloc(load->count, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < load->count; i++) {
        if (load->given[i].row->type == SETTING_SECRET) {
            names[count++] = load->given[i].row->name;
        }
    }
    const char *nearest = config_nearest(text, names, count);
    free(names);
    return nearest;
}

void config_add_suggestion(struct buf *out, const struct config_load *load,
                           enum config_source source, struct slice name)
{
    char text[NAME_MAX_LEN + 1];
    if (slice_to_text(name, text, sizeof text) != STATUS_OK) {
        return;
    }
    const char *suffix = "";
    const char *nearest = nearest_setting(load, source, text);
    if (nearest == NULL && name.len > 5 && strcmp(text + name.len - 5, "_file") == 0) {
        text[name.len - 5] = '\0';
        suffix = "_file";
        nearest = nearest_secret(load, text);
    }
    if (nearest != NULL) {
        buf_add_text(out, "; did you mean ");
        config_add_name(out, source, nearest, suffix);
        buf_add_char(out, '?');
    }
}
