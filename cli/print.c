/*
 * print.c - lines for people and for programs
 */
#include "print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/utf8.h"

#define YEAR_10000_MS INT64_C(253402300800000)

bool print_line(struct buf *line)
{
    bool is_written = !line->overflow;

    buf_add_char(line, '\n');
    is_written = is_written && fwrite(line->at, 1, line->len, stdout) == line->len;
    buf_clear(line);
    return fflush(stdout) == 0 && is_written;
}

static uint32_t code_of(struct slice text, size_t len)
{
    uint32_t code = (unsigned char)text.at[0] & (len == 1 ? 0x7fU : 0xffU >> (len + 1));

    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)text.at[i] & 0x3fU);
    return code;
}

/* Controls, separators of lines and paragraphs, and what changes the direction of writing. */
static bool is_hidden(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0x200e && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xfeff;
}

void print_safe(struct buf *out, struct slice text, size_t max)
{
    bool is_cut = false;

    for (size_t at = 0, len; at < text.len; at += len) {
        struct slice rest = slice_from(text, at);
        size_t valid_len = utf8_char_len(rest);

        len = valid_len > 0 ? valid_len : 1;
        is_cut = at + len > max;
        if (is_cut)
            break;
        uint32_t code = code_of(rest, len);
        if (valid_len == 0)
            buf_printf(out, "\\x%02x", (unsigned char)rest.at[0]);
        else if (code == '\n' || code == '\r' || code == '\t')
            buf_add_char(out, ' ');
        else if (is_hidden(code))
            buf_printf(out, code < 0x80 ? "\\x%02x" : "\\u%04x", code);
        else
            buf_add(out, rest.at, len);
    }
    if (is_cut)
        buf_add_text(out, "…");
}

void print_span(struct buf *out, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
    size_t at = 0;

    ms = ms > 0 ? ms : 0;
    while (at + 1 < sizeof units / sizeof units[0] && ms < units[at].ms)
        at++;
    buf_printf(out, "%lld %s", (long long)(ms / units[at].ms), units[at].name);
    ms %= units[at].ms;
    /* A second unit down to seconds: nobody waits for milliseconds of a minute. */
    if (units[at].ms > 1000 && ms >= units[at + 1].ms)
        buf_printf(out, " %lld %s", (long long)(ms / units[at + 1].ms), units[at + 1].name);
}

static bool is_in_calendar(int64_t at_ms)
{
    return at_ms >= 0 && at_ms < YEAR_10000_MS;
}

void print_time(struct buf *out, int64_t at_ms)
{
    char text[CLOCK_RFC3339_LEN + 1] = "?";

    if (is_in_calendar(at_ms))
        clock_rfc3339(at_ms, text);
    buf_add_text(out, text);
}

static bool has_colours(void)
{
    const char *none = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    return isatty(STDOUT_FILENO) == 1 && (none == NULL || none[0] == '\0') && terminal != NULL &&
           strcmp(terminal, "dumb") != 0;
}

void print_painted(struct buf *out, enum paint paint, const char *word)
{
    static const int colours[] = {[PAINT_GOOD] = 32, [PAINT_DOUBTFUL] = 33, [PAINT_BAD] = 31};

    if (has_colours())
        buf_printf(out, "\x1b[%dm%s\x1b[0m", colours[paint], word);
    else
        buf_add_text(out, word);
}

void member_text(struct json_writer *json, const char *name, struct slice text)
{
    json_name(json, name);
    if (text.len > 0)
        json_put_text(json, text);
    else
        json_put_null(json);
}

void member_int(struct json_writer *json, const char *name, int64_t number)
{
    json_name(json, name);
    json_put_int(json, number);
}

void member_bool(struct json_writer *json, const char *name, bool value)
{
    json_name(json, name);
    json_put_bool(json, value);
}

void member_time(struct json_writer *json, const char *name, int64_t at_ms)
{
    json_name(json, name);
    if (is_in_calendar(at_ms))
        json_put_rfc3339(json, at_ms);
    else
        json_put_null(json);
}

void member_raw(struct json_writer *json, const char *name, struct slice json_text)
{
    struct slice rest = json_text;

    json_name(json, name);
    if (json_text.len == 0) {
        json_put_null(json);
        return;
    }
    /* In JSON a line end is only ever space between tokens. */
    json_put_raw(json, (struct slice){0});
    while (rest.len > 0) {
        size_t run = 0;
        while (run < rest.len && rest.at[run] != '\n' && rest.at[run] != '\r')
            run++;
        buf_add(json->out, rest.at, run);
        if (run < rest.len)
            buf_add_char(json->out, ' ');
        rest = slice_from(rest, run + 1);
    }
}

void text_keep(char *out, size_t size, struct slice text)
{
    size_t len = text.len < size ? text.len : size - 1;

    if (len > 0)
        memcpy(out, text.at, len);
    out[len] = '\0';
}
