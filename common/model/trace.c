/*
 * trace.c - W3C Trace Context and request ids
 */
#include "trace.h"

#include <string.h>

/* version - trace id - parent id - flags */
#define TRACE_AT 3
#define TRACE_CHARS 32
#define PARENT_AT 36
#define PARENT_CHARS 16
#define FLAGS_AT 53

static bool is_hex(const char *at, size_t chars)
{
    for (size_t i = 0; i < chars; i++) {
        if (!((at[i] >= '0' && at[i] <= '9') || (at[i] >= 'a' && at[i] <= 'f')))
            return false;
    }
    return true;
}

static bool is_zero(const char *at, size_t chars)
{
    for (size_t i = 0; i < chars; i++) {
        if (at[i] != '0')
            return false;
    }
    return true;
}

static bool has_dashes(const char *at)
{
    return at[TRACE_AT - 1] == '-' && at[PARENT_AT - 1] == '-' && at[FLAGS_AT - 1] == '-';
}

static bool is_known_length(struct slice text)
{
    if (text.len == TRACEPARENT_LEN)
        return true;
    return text.len > TRACEPARENT_LEN && text.at[TRACEPARENT_LEN] == '-' &&
           !slice_starts(text, "00");
}

enum status traceparent_parse(struct slice text, char out[TRACEPARENT_LEN + 1])
{
    if (!is_known_length(text) || !has_dashes(text.at))
        return STATUS_INVALID;
    const char *trace = text.at + TRACE_AT, *parent = text.at + PARENT_AT;
    const char *flags = text.at + FLAGS_AT;
    if (!is_hex(text.at, 2) || !is_hex(trace, TRACE_CHARS) || !is_hex(parent, PARENT_CHARS) ||
        !is_hex(flags, 2))
        return STATUS_INVALID;
    if (slice_starts(text, "ff") || is_zero(trace, TRACE_CHARS) || is_zero(parent, PARENT_CHARS))
        return STATUS_INVALID;
    bool sampled = strchr("13579bdf", flags[1]) != NULL;
    memcpy(out, text.at, TRACEPARENT_LEN);
    memcpy(out, "00", 2);
    memcpy(out + FLAGS_AT, sampled ? "01" : "00", 3);
    return STATUS_OK;
}

/* An id of zeros means "no id", so those bytes become the id 1. */
static void put_id(const uint8_t *random, size_t len, char *out)
{
    hex_encode(random, len, out);
    if (is_zero(out, 2 * len))
        out[2 * len - 1] = '1';
}

void traceparent_make(const uint8_t random[24], char out[TRACEPARENT_LEN + 1])
{
    memcpy(out, "00-", TRACE_AT);
    put_id(random, TRACE_CHARS / 2, out + TRACE_AT);
    out[PARENT_AT - 1] = '-';
    put_id(random + TRACE_CHARS / 2, PARENT_CHARS / 2, out + PARENT_AT);
    memcpy(out + FLAGS_AT - 1, "-01", 4);
}

void traceparent_child(struct slice parent, const uint8_t random[8], char out[TRACEPARENT_LEN + 1])
{
    memcpy(out, parent.at, TRACEPARENT_LEN);
    out[TRACEPARENT_LEN] = '\0';
    put_id(random, PARENT_CHARS / 2, out + PARENT_AT);
}

struct slice trace_request_id(struct slice trace, char room[TRACE_REQUEST_ID_LEN + 1])
{
    if (trace.len != TRACEPARENT_LEN)
        return (struct slice){0};
    memcpy(room, "req_", 4);
    memcpy(room + 4, trace.at + TRACE_AT, TRACE_CHARS);
    room[TRACE_REQUEST_ID_LEN] = '\0';
    return (struct slice){room, TRACE_REQUEST_ID_LEN};
}

struct slice request_id_to_carry(struct slice request, struct slice trace)
{
    char room[TRACE_REQUEST_ID_LEN + 1];

    return slice_eq(request, trace_request_id(trace, room)) ? (struct slice){0} : request;
}

struct slice request_id_whole(struct slice carried, struct slice trace,
                              char room[TRACE_REQUEST_ID_LEN + 1])
{
    return carried.len > 0 ? carried : trace_request_id(trace, room);
}

bool request_id_is_sane(struct slice text)
{
    if (text.len == 0 || text.len > REQUEST_ID_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!word && (c == '\0' || !strchr("_.:/+=@-", c)))
            return false;
    }
    return true;
}
