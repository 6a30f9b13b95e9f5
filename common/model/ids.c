/*
 * ids.c - public ids to and from text
 *
 * A field of n characters holds exactly 5n bits, so each text of the right shape is the text of one value and back.
 */
#include "ids.h"

#include <string.h>

#include "../base/must.h"

#define MS_CHARS 10
#define SEQ_CHARS 7
#define PARTITION_CHARS 3
#define RANDOM_CHARS 10
#define BITS(chars) ((chars)*5)

static const char ALPHABET[] = "0123456789abcdefghjkmnpqrstvwxyz";

/* The value of a character plus one; 0: not in the alphabet. */
static const uint8_t VALUES[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['g'] = 17, ['h'] = 18, ['j'] = 19, ['k'] = 20, ['m'] = 21, ['n'] = 22, ['p'] = 23, ['q'] = 24,
    ['r'] = 25, ['s'] = 26, ['t'] = 27, ['v'] = 28, ['w'] = 29, ['x'] = 30, ['y'] = 31, ['z'] = 32,
};

static char *put_number(char *out, size_t chars, uint64_t value)
{
    for (size_t i = chars; i-- > 0; value >>= 5)
        out[i] = ALPHABET[value & 31];
    return out + chars;
}

/* Of characters known to be in the alphabet. */
static uint64_t get_number(const char *at, size_t chars)
{
    uint64_t value = 0;
    for (size_t i = 0; i < chars; i++)
        value = value << 5 | (uint64_t)(VALUES[(uint8_t)at[i]] - 1);
    return value;
}

static bool has_shape(struct slice text, const char *prefix, size_t chars)
{
    size_t prefix_len = strlen(prefix);
    if (text.len != prefix_len + chars || !slice_starts(text, prefix))
        return false;
    for (size_t i = prefix_len; i < text.len; i++) {
        if (VALUES[(uint8_t)text.at[i]] == 0)
            return false;
    }
    return true;
}

void event_id_format(struct event_id id, char out[EVENT_ID_LEN + 1])
{
    must(id.entry.ms >> BITS(MS_CHARS) == 0);
    must(id.entry.seq >> BITS(SEQ_CHARS) == 0);
    must(id.partition >> BITS(PARTITION_CHARS) == 0);
    memcpy(out, "evt_", 4);
    char *at = put_number(out + 4, MS_CHARS, id.entry.ms);
    at = put_number(at, SEQ_CHARS, id.entry.seq);
    at = put_number(at, PARTITION_CHARS, id.partition);
    *at = '\0';
}

enum status event_id_parse(struct slice text, struct event_id *out)
{
    if (!has_shape(text, "evt_", ID_CHARS))
        return STATUS_INVALID;
    const char *at = text.at + 4;
    *out = (struct event_id){
        .entry = {.ms = get_number(at, MS_CHARS), .seq = get_number(at + MS_CHARS, SEQ_CHARS)},
        .partition = (uint32_t)get_number(at + MS_CHARS + SEQ_CHARS, PARTITION_CHARS),
    };
    return STATUS_OK;
}

void delivery_id_format(struct slice event_id, struct slice endpoint_id,
                        char out[DELIVERY_ID_LEN + 1])
{
    must(has_shape(event_id, "evt_", ID_CHARS));
    must(has_shape(endpoint_id, "ep_", ID_CHARS));
    memcpy(out, "dlv_", 4);
    memcpy(out + 4, event_id.at + 4, ID_CHARS);
    memcpy(out + 4 + ID_CHARS, endpoint_id.at + 3, ID_CHARS);
    out[DELIVERY_ID_LEN] = '\0';
}

enum status delivery_id_parse(struct slice text, char out_event_id[EVENT_ID_LEN + 1],
                              char out_endpoint_id[3 + ID_CHARS + 1])
{
    if (!has_shape(text, "dlv_", 2 * ID_CHARS))
        return STATUS_INVALID;
    memcpy(out_event_id, "evt_", 4);
    memcpy(out_event_id + 4, text.at + 4, ID_CHARS);
    out_event_id[EVENT_ID_LEN] = '\0';
    memcpy(out_endpoint_id, "ep_", 3);
    memcpy(out_endpoint_id + 3, text.at + 4 + ID_CHARS, ID_CHARS);
    out_endpoint_id[3 + ID_CHARS] = '\0';
    return STATUS_OK;
}

void other_id_format(const char *prefix, int64_t at_ms, uint64_t random, char out[OTHER_ID_SIZE])
{
    size_t prefix_len = strlen(prefix);
    must(prefix_len >= 2 && prefix_len <= 4 && prefix[prefix_len - 1] == '_');
    must(at_ms >= 0 && at_ms >> BITS(MS_CHARS) == 0);
    memcpy(out, prefix, prefix_len);
    char *at = put_number(out + prefix_len, MS_CHARS, (uint64_t)at_ms);
    at = put_number(at, RANDOM_CHARS, random);
    *at = '\0';
}

bool other_id_is_valid(struct slice text, const char *prefix)
{
    return has_shape(text, prefix, ID_CHARS);
}

void stream_id_format(struct stream_id id, char out[STREAM_ID_SIZE])
{
    char *at = out + decimal_encode(id.ms, out);
    *at++ = '-';
    at += decimal_encode(id.seq, at);
    *at = '\0';
}

enum status stream_id_parse(struct slice text, struct stream_id *out)
{
    struct slice rest = text;
    struct slice ms_text = slice_cut(&rest, '-');
    struct stream_id id;
    if (slice_to_u64(ms_text, UINT64_MAX, &id.ms) != STATUS_OK ||
        slice_to_u64(rest, UINT64_MAX, &id.seq) != STATUS_OK)
        return STATUS_INVALID;
    *out = id;
    return STATUS_OK;
}

int stream_id_cmp(struct stream_id a, struct stream_id b)
{
    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    return (a.seq > b.seq) - (a.seq < b.seq);
}
