/*
 * hook_event.h - an event as a client posts it, read from JSON, NDJSON or MessagePack
 *
 * data stays byte for byte as it came (from MessagePack it is written as JSON once). Slices of a parsed event point into the batch that
 * owns them. Fails: an invalid document as a whole (problem), or single items of a batch, each with a pointer and a sentence.
 */
#pragma once

#include <stdint.h>

#include "../base/bytes.h"
#include "problem.h"

#define EVENT_TYPE_MAX 256
#define EVENT_DEDUP_MAX 255
#define EVENT_KEY_MAX 255
#define EVENT_BATCH_MAX 1000
#define EVENT_DELAY_MAX_MS (90LL * 24 * 3600 * 1000)
#define JSON_DEPTH_MAX 64

struct hook_event {
    struct slice type;
    struct slice data;      /* JSON text */
    struct slice dedup_id;  /* empty: none */
    struct slice key;       /* ordering key; empty: none */
    struct slice ce;        /* attributes of a CloudEvent, a JSON object; empty: it is none */
    struct slice ce_id;     /* its source and id, also where dedup_id is another */
    struct slice ce_bytes;  /* data_base64 of it, still in base64; at NULL: it has none */
    struct slice trace;     /* a traceparent of its own; empty: the request's */
    int64_t occurred_at_ms; /* -1: not given */
    int64_t deliver_at_ms;  /* absolute; -1: at once (a delay is added to now_ms) */
    int64_t
        delay_ms; /* as given, -1: none; a repeat has the same delay but another deliver_at_ms */
};

struct event_item {
    bool valid;
    struct hook_event event; /* when valid */
    struct problem problem;  /* when not */
};

/* Owns its items and all text they point into that is not in the body; the body must outlive it. */
struct event_batch;
void event_batch_free(struct event_batch **batch);
size_t event_batch_count(const struct event_batch *batch);
const struct event_item *event_batch_item(const struct event_batch *batch, size_t index);

/* One JSON object. A problem with it is the document's problem. Members other than type, data, dedup_id, key, occurred_at,
 * deliver_at, delay are refused (422 unknown_field); duplicate names, depth over 64, invalid UTF-8 and NUL in
 * names or texts are 400 or 422. Numbers in data of any size pass unread. */
enum status event_parse_json(struct slice body, int64_t now_ms, struct event_batch **out,
                             struct problem *problem) must_check;

/* A JSON array of such objects; 422 batch_too_large past EVENT_BATCH_MAX items, 422 batch_empty for none. An item of more than
 * item_max bytes, as they stand in the body, has the problem 413 too_large, here and in the formats below. */
enum status event_parse_json_array(struct slice body, size_t item_max, int64_t now_ms,
                                   struct event_batch **out, struct problem *problem) must_check;

/* One JSON object per line (LF or CRLF; blank lines are skipped; a malformed line is that item's problem). */
enum status event_parse_ndjson(struct slice body, size_t item_max, int64_t now_ms,
                               struct event_batch **out, struct problem *problem) must_check;

/* An array of maps with the same members. data may be any MessagePack value that JSON can say: no bin, no ext, no NaN, text keys. */
enum status event_parse_msgpack(struct slice body, size_t item_max, int64_t now_ms,
                                struct event_batch **out, struct problem *problem) must_check;

/* 32 lower-case hex characters of SHA-256 over the parts a repeat must share: type, key, data, occurred_at, deliver_at or delay as given.
 * Of a CloudEvent source, id, type, key and data: senders and those between say anew when, and by which way, the same event came. */
#define EVENT_FINGERPRINT_LEN 32
void event_fingerprint(const struct hook_event *event, char out[EVENT_FINGERPRINT_LEN]);

bool event_type_is_valid(struct slice type); /* [A-Za-z0-9_.-]{1,256} */
