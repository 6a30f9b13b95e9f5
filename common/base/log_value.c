/*
 * log_value.c - see log_value.h
 */
#include "log_value.h"

enum { VALUE_MAX = 512 };

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static bool is_hidden(uint32_t code)
{
    return (code >= 0x80 && code <= 0x9f) || (code >= 0x200e && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xfeff;
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Bytes of the character of two bytes or more that text starts with, or 0 when it is not UTF-8 (RFC 3629). */
static size_t utf8_len(struct slice text, uint32_t *out_code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)text.at[0];
    size_t len = first >= 0xf0 && first <= 0xf4 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.len < len) {
        return 0;
    }
    uint32_t code = first & (0xffU >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if (!is_continuation(text.at[i])) {
            return 0;
        }
        code = code << 6 | ((unsigned char)text.at[i] & 0x3fU);
    }
    if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        return 0;
    }
    *out_code = code;
    return len;
}

static struct slice cut(struct slice text)
{
    size_t len = VALUE_MAX;
    while (len > VALUE_MAX - 3 && is_continuation(text.at[len])) {
        len--;
    }
    return (struct slice){.at = text.at, .len = is_continuation(text.at[len]) ? VALUE_MAX : len};
}

static void add_hex(struct buf *out, const char *prefix, uint32_t value, int digits)
{
    buf_add_text(out, prefix);
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
        buf_add_char(out, "0123456789abcdef"[value >> shift & 15]);
    }
}

static void add_escape(struct buf *out, bool is_json, unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        buf_add_char(out, '\\');
        buf_add_char(out, (char)c);
        break;
    case '\n':
        buf_add_text(out, "\\n");
        break;
    case '\r':
        buf_add_text(out, "\\r");
        break;
    case '\t':
        buf_add_text(out, "\\t");
        break;
    default:
        if (is_json) {
            add_hex(out, "\\u", c < 0x80 ? c : 0xfffd, 4);
        } else {
            add_hex(out, "\\x", c, 2);
        }
    }
}

static void add_quoted(struct buf *out, struct slice text, bool is_json)
{
    bool is_cut = text.len > VALUE_MAX;
    text = is_cut ? cut(text) : text;
    buf_add_char(out, '"');
    size_t run = 0; /* what stands from here to i is copied as it is */
    size_t i = 0;
    while (i < text.len) {
        unsigned char c = (unsigned char)text.at[i];
        if (is_plain(c)) {
            i++;
            continue;
        }
        uint32_t code = 0;
        size_t len = c < 0x80 ? 0 : utf8_len(slice_from(text, i), &code);
        if (len > 0 && !is_hidden(code)) {
            i += len;
            continue;
        }
        buf_add(out, text.at + run, i - run);
        if (len > 0) {
            add_hex(out, "\\u", code, 4);
        } else {
            add_escape(out, is_json, c);
        }
        i += len > 0 ? len : 1;
        run = i;
    }
    buf_add_slice(out, slice_from(text, run));
    buf_add_text(out, is_cut ? "…\"" : "\"");
}

void log_value_logfmt(struct buf *out, struct slice text)
{
    bool is_bare = text.len > 0 && text.len <= VALUE_MAX;
    for (size_t i = 0; is_bare && i < text.len; i++) {
        is_bare = is_plain((unsigned char)text.at[i]) && text.at[i] != ' ' && text.at[i] != '=';
    }
    if (is_bare) {
        buf_add_slice(out, text);
    } else {
        add_quoted(out, text, false);
    }
}

void log_value_json(struct buf *out, struct slice text)
{
    add_quoted(out, text, true);
}
