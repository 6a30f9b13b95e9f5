/*
 * ids.h - public ids, sortable by time, without '.'
 *
 * An id is a prefix and characters of Crockford's base 32 in lower case (0-9 a-z without i l o u), most significant first, so
 * that text order is time order.
 *   event     evt_ + 20: ms (10 characters, 50 bits), sequence (7, 35 bits), partition (3, 15 bits); it names one entry of
 *             mr:{partition}:events, so that finding an event needs no index
 *   delivery  dlv_ + 40: the 20 of its event and the 20 of its endpoint; a delivery is identified by that pair
 *   others    ep_ key_ org_ job_ + 20: ms (10 characters), random (10, 50 bits)
 */
#pragma once

#include <stdint.h>

#include "../base/bytes.h"

#define ID_CHARS 20
#define EVENT_ID_LEN (4 + ID_CHARS)
#define DELIVERY_ID_LEN (4 + 2 * ID_CHARS)
#define PARTITIONS_MAX 1024

struct stream_id {
    uint64_t ms;
    uint64_t seq;
};

struct event_id {
    struct stream_id entry;
    uint32_t partition;
};

/* Texts are terminated. ms < 2^50, seq < 2^35, partition < 2^15 or it is a bug. */
void event_id_format(struct event_id id, char out[EVENT_ID_LEN + 1]);
enum status event_id_parse(struct slice text, struct event_id *out) must_check;

void delivery_id_format(struct slice event_id, struct slice endpoint_id,
                        char out[DELIVERY_ID_LEN + 1]);

/* out_event_id and out_endpoint_id are terminated texts. */
enum status delivery_id_parse(struct slice text, char out_event_id[EVENT_ID_LEN + 1],
                              char out_endpoint_id[3 + ID_CHARS + 1]) must_check;

/* prefix with its '_' ("ep_", at most 4 characters); random is 64 random bits. out: prefix, 20 characters, terminator. */
#define OTHER_ID_SIZE (4 + ID_CHARS + 1)
void other_id_format(const char *prefix, int64_t at_ms, uint64_t random, char out[OTHER_ID_SIZE]);
bool other_id_is_valid(struct slice text, const char *prefix);

/* "ms-seq" as Redis writes it; out of at least 42 bytes. */
#define STREAM_ID_SIZE 42
void stream_id_format(struct stream_id id, char out[STREAM_ID_SIZE]);
enum status stream_id_parse(struct slice text, struct stream_id *out) must_check;
int stream_id_cmp(struct stream_id a, struct stream_id b);
