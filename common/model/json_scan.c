/*
 * json_scan.c - how deep a text nests, and where the members of a valid document stand
 */
#include "json.h"

#include <string.h>

#include "../base/must.h"

/* What a byte means to a scan that knows only strings and brackets. */
enum class { PLAIN, QUOTE, OPEN, CLOSE, BREAK };
static const uint8_t classes[256] = {
    ['"'] = QUOTE, ['['] = OPEN,  ['{'] = OPEN,   [']'] = CLOSE,  ['}'] = CLOSE,
    [','] = BREAK, [' '] = BREAK, ['\t'] = BREAK, ['\n'] = BREAK, ['\r'] = BREAK,
};

static uint8_t class_of(char c)
{
    return classes[(unsigned char)c];
}

/* From behind the opening quote to behind the closing one, or to end when there is none. */
static const char *skip_string(const char *at, const char *end)
{
    while (at < end && *at != '"')
        at += *at == '\\' && end - at > 1 ? 2 : 1;
    return at < end ? at + 1 : end;
}

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

/* Whether there are more than so many opening brackets at all, eight bytes at a time: '[' and '{' differ in one bit. */
static bool may_nest_deeper(struct slice text, size_t depth)
{
    size_t count = 0, at = 0;

    for (uint64_t bytes; at + sizeof bytes <= text.len && count <= depth; at += sizeof bytes) {
        memcpy(&bytes, text.at + at, sizeof bytes);
        bytes = (bytes & EACH_BYTE(0xdf)) ^ EACH_BYTE('[');
        /* The high bit of each byte that is not 0; then the ones of the others, summed up in the highest byte. */
        bytes = ((bytes & EACH_BYTE(0x7f)) + EACH_BYTE(0x7f)) | bytes;
        count += ((~bytes >> 7 & EACH_BYTE(1)) * EACH_BYTE(1)) >> 56;
    }
    for (; at < text.len && count <= depth; at++)
        count += class_of(text.at[at]) == OPEN;
    return count > depth;
}

enum status json_check_depth(struct slice text, size_t max_depth)
{
    const char *at = text.at;
    const char *end = text.len > 0 ? at + text.len : at;
    size_t depth = 0;

    if (!may_nest_deeper(text, max_depth))
        return STATUS_OK;
    while (at < end) {
        const uint8_t class = class_of(*at++);

        if (class == QUOTE)
            at = skip_string(at, end);
        else if (class == OPEN && ++depth > max_depth)
            return STATUS_LIMIT;
        else if (class == CLOSE && depth > 0)
            depth--;
    }
    return STATUS_OK;
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

static const char *skip_nested(const char *at, const char *end)
{
    size_t depth = 0;

    while (at < end) {
        const uint8_t class = class_of(*at++);

        if (class == QUOTE)
            at = skip_string(at, end);
        else if (class == OPEN)
            depth++;
        else if (class == CLOSE && --depth == 0)
            break;
    }
    return at;
}

static const char *skip_value(const char *at, const char *end)
{
    if (at < end && class_of(*at) == QUOTE)
        return skip_string(at + 1, end);
    if (at < end && class_of(*at) == OPEN)
        return skip_nested(at, end);
    while (at < end && class_of(*at) == PLAIN)
        at++;
    return at;
}

bool json_spans_start(struct slice valid_json, struct json_span_iter *iter)
{
    const char *end = valid_json.at + valid_json.len;
    const char *at = skip_space(valid_json.at, end);

    if (at == end || class_of(*at) != OPEN)
        return false;
    *iter = (struct json_span_iter){.at = at + 1, .end = end, .is_object = *at == '{'};
    return true;
}

/* Where the next value begins, or NULL at the end. */
static const char *next_value(struct json_span_iter *iter, struct slice *out_name)
{
    const char *at = skip_space(iter->at, iter->end);

    if (at < iter->end && *at == ',')
        at = skip_space(at + 1, iter->end);
    if (at == iter->end || class_of(*at) == CLOSE)
        return NULL;
    *out_name = (struct slice){0};
    if (iter->is_object) {
        const char *name = at + 1;

        at = skip_string(name, iter->end);
        must(at - name > 0);
        *out_name = (struct slice){name, (size_t)(at - name - 1)};
        at = skip_space(skip_space(at, iter->end) + 1, iter->end);
    }
    return at;
}

bool json_spans_next(struct json_span_iter *iter, struct slice *out_name, struct slice *out_value)
{
    const char *value = next_value(iter, out_name);

    if (value == NULL)
        return false;
    iter->at = skip_value(value, iter->end);
    *out_value = (struct slice){value, (size_t)(iter->at - value)};
    return true;
}

static const char *skip_space_back(const char *at, const char *end)
{
    while (end > at && class_of(end[-1]) == BREAK)
        end--;
    return end;
}

void json_spans_last(struct json_span_iter *iter, struct slice *out_name, struct slice *out_value)
{
    const char *value = next_value(iter, out_name);
    const char *bracket;

    must(value != NULL);
    bracket = skip_space_back(value, iter->end) - 1;
    must(bracket > value);
    iter->at = skip_space_back(value, bracket);
    *out_value = (struct slice){value, (size_t)(iter->at - value)};
}
