/*
 * event_book.h - webhook bodies too large to travel in their deliveries, made from the log of events
 *
 * One XRANGE by id for all deliveries of an event that are sent about the same time. Events never change, so a body never gets old.
 * Memory: the bodies of attempts under way, and a few more.
 */
#pragma once

#include "io/cache.h"
#include "io/store.h"

struct event_book;
struct event_book *event_book_new(struct loop *loop, struct store *store);

/* As endpoint_book_free. */
void event_book_free(struct event_book **book);

/* event_id is valid. As cache_get: STATUS_ABSENT when the event is in the log no more, STATUS_INVALID when it is no event of ours. */
void event_book_get(struct event_book *book, struct slice event_id, cache_fn fn, void *self);
struct slice event_book_body(struct cache_value *value);
