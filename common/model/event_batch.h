/*
 * event_batch.h - the events of one request and the texts behind them, while they are read
 *
 * Texts that a document spells with escapes are kept decoded, in a block whose size its reader bounds before.
 */
#pragma once

#include "hook_event.h"

struct event_batch {
    size_t count;
    size_t texts_max;
    size_t texts_len;
    char *texts;     /* NULL until the first is kept */
    struct buf data; /* JSON that did not stand in the body: from MessagePack, or of no JSON */
    struct event_item items[];
};

/* 422 batch_empty or batch_too_large. */
enum status event_batch_check_count(size_t count, struct problem *problem) must_check;

/* count was checked. Items are zeroed: not valid yet. texts_max: of all that will be kept. */
struct event_batch *event_batch_new(size_t count, size_t texts_max);

/* 413 too_large, with a detail that says the bound. */
enum status event_batch_check_item(size_t len, size_t max, struct problem *problem) must_check;

/* A copy that lives as long as the batch. */
struct slice event_batch_keep(struct event_batch *batch, struct slice text);

/* Room for len bytes that live as long. */
char *event_batch_room(struct event_batch *batch, size_t len);

/* A JSON string, decoded, that lives as long as batch and body. span: where it stands in the body, with its quotes. */
struct slice event_batch_text(struct event_batch *batch, struct slice text, struct slice span);
