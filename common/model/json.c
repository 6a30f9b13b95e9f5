/*
 * json.c - writing JSON text
 */
#include "json.h"

#include "../base/clock.h"
#include "utf8.h"

static bool needs_escape(char c)
{
    return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

static void add_escape(struct buf *out, char c)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned byte = (unsigned char)c;
    const char unicode[] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    const char plain[] = {'\\', c};

    if (byte < 0x20)
        buf_add(out, unicode, sizeof unicode);
    else
        buf_add(out, plain, sizeof plain);
}

/* Bytes at the front that can be written as they are. */
static size_t plain_run(struct slice text)
{
    size_t run = 0;

    while (run < text.len) {
        size_t len = 1;

        if (needs_escape(text.at[run]))
            break;
        if ((unsigned char)text.at[run] >= 0x80)
            len = utf8_char_len(slice_from(text, run));
        if (len == 0)
            break;
        run += len;
    }
    return run;
}

void json_text(struct buf *out, struct slice text)
{
    buf_add_char(out, '"');
    while (text.len > 0) {
        size_t run = plain_run(text);

        buf_add(out, text.at, run);
        text = slice_from(text, run);
        if (text.len == 0)
            break;
        if (needs_escape(text.at[0]))
            add_escape(out, text.at[0]);
        else
            buf_add_slice(out, SLICE("\xef\xbf\xbd"));
        text = slice_from(text, 1);
    }
    buf_add_char(out, '"');
}

static void separate(struct json_writer *json)
{
    if (json->comma)
        buf_add_char(json->out, ',');
    json->comma = true;
}

void json_open(struct json_writer *json, char bracket)
{
    separate(json);
    buf_add_char(json->out, bracket);
    json->comma = false;
}

void json_close(struct json_writer *json, char bracket)
{
    buf_add_char(json->out, bracket);
    json->comma = true;
}

void json_name(struct json_writer *json, const char *name)
{
    separate(json);
    json_text(json->out, slice_of(name));
    buf_add_char(json->out, ':');
    json->comma = false;
}

void json_put_text(struct json_writer *json, struct slice text)
{
    separate(json);
    json_text(json->out, text);
}

void json_put_int(struct json_writer *json, int64_t number)
{
    separate(json);
    buf_add_i64(json->out, number);
}

void json_put_bool(struct json_writer *json, bool value)
{
    separate(json);
    buf_add_text(json->out, value ? "true" : "false");
}

void json_put_null(struct json_writer *json)
{
    separate(json);
    buf_add_slice(json->out, SLICE("null"));
}

void json_put_raw(struct json_writer *json, struct slice json_text)
{
    separate(json);
    buf_add_slice(json->out, json_text);
}

void json_put_raw_or_null(struct json_writer *json, struct slice json_text)
{
    json_put_raw(json, json_text.len > 0 ? json_text : SLICE("null"));
}

void json_put_rfc3339(struct json_writer *json, int64_t at_ms)
{
    char text[CLOCK_RFC3339_LEN + 1];

    clock_rfc3339(at_ms, text);
    json_put_text(json, (struct slice){text, CLOCK_RFC3339_LEN});
}
