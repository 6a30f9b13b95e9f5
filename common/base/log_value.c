/*
 * log_value.c - see log_value.h
 */
#include "log_value.h"

#include <string.h>

enum {
    PLAIN = 1, /* stands for itself in quotes */
    BARE = 2   /* needs no quotes in logfmt either */
};

/* Absent are controls, quotation mark and backslash, and what is not ASCII. */
static const uint8_t KINDS[256] = {
    [' '] = PLAIN, ['!'] = PLAIN | BARE,         ['#' ... '<'] = PLAIN | BARE,
    ['='] = PLAIN, ['>' ... '['] = PLAIN | BARE, [']' ... '~'] = PLAIN | BARE,
};

/* How many bytes from at on are of this kind. */
static size_t run_of(int kind, const char *at, size_t len)
{
    size_t i = 0;
    while (i < len && KINDS[(unsigned char)at[i]] & kind) {
        i++;
    }
    return i;
}

static char *put(char *out, const char *at, size_t len)
{
    memcpy(out, at, len);
    return out + len;
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
    size_t len = LOG_VALUE_MAX;
    while (len > LOG_VALUE_MAX - 3 && is_continuation(text.at[len])) {
        len--;
    }
    return (struct slice){.at = text.at,
                          .len = is_continuation(text.at[len]) ? LOG_VALUE_MAX : len};
}

static char *put_hex(char *out, char letter, uint32_t value, int digits)
{
    *out++ = '\\';
    *out++ = letter;
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
        *out++ = "0123456789abcdef"[value >> shift & 15];
    }
    return out;
}

static char *put_escape(char *out, bool is_json, unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        *out++ = '\\';
        *out++ = (char)c;
        return out;
    case '\n':
        return put(out, "\\n", 2);
    case '\r':
        return put(out, "\\r", 2);
    case '\t':
        return put(out, "\\t", 2);
    default:
        return is_json ? put_hex(out, 'u', c < 0x80 ? c : 0xfffd, 4) : put_hex(out, 'x', c, 2);
    }
}

/* The character that text starts with and that is not plain. */
static char *put_special(char *out, struct slice text, bool is_json, size_t *out_taken)
{
    unsigned char c = (unsigned char)text.at[0];
    uint32_t code = 0;
    size_t len = c < 0x80 ? 0 : utf8_len(text, &code);
    *out_taken = len > 0 ? len : 1;
    if (len == 0) {
        return put_escape(out, is_json, c);
    }
    return is_hidden(code) ? put_hex(out, 'u', code, 4) : put(out, text.at, len);
}

static char *put_quoted(char *out, struct slice text, bool is_json)
{
    bool is_cut = text.len > LOG_VALUE_MAX;
    text = is_cut ? cut(text) : text;
    *out++ = '"';
    while (text.len > 0) {
        size_t taken = run_of(PLAIN, text.at, text.len);
        if (taken > 0) {
            out = put(out, text.at, taken);
        } else {
            out = put_special(out, text, is_json, &taken);
        }
        text = slice_from(text, taken);
    }
    return is_cut ? put(out, "…\"", sizeof "…\"" - 1) : put(out, "\"", 1);
}

char *log_value_logfmt(char *out, struct slice text)
{
    bool is_bare = text.len > 0 && text.len <= LOG_VALUE_MAX;
    if (is_bare && run_of(BARE, text.at, text.len) == text.len) {
        return put(out, text.at, text.len);
    }
    return put_quoted(out, text, false);
}

char *log_value_json(char *out, struct slice text)
{
    return put_quoted(out, text, true);
}
