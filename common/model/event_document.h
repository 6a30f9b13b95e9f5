/*
 * event_document.h - a JSON text of one event, or of an array of them, in whatever format the events are
 *
 * Only for the parsers of common/model, as json_read.h.
 */
#pragma once

#include "event_batch.h"
#include "json_read.h"

struct event_format {
    const char *plural;    /* "events", for a sentence */
    bool may_be_empty;     /* an array */
    size_t texts_per_byte; /* how many bytes are kept at most for one of the text */
    /* One value, which stands in text: an event, or its problem. */
    void (*read)(struct event_batch *batch, struct event_item *item, yyjson_val *value,
                 struct slice text, int64_t now_ms);
};

/* STATUS_INVALID with the problem of the text, or of its one event. */
enum status event_document_one(const struct event_format *format, struct slice body, int64_t now_ms,
                               struct event_batch **out, struct problem *problem) must_check;

/* STATUS_INVALID with the problem of the whole; what is wrong with an item stands in it. */
enum status event_document_array(const struct event_format *format, struct slice body,
                                 size_t item_max, int64_t now_ms, struct event_batch **out,
                                 struct problem *problem) must_check;
