/*
 * endpoint_book.h - endpoints as the dispatcher needs them: opened, checked, ready to send to
 *
 * Loaded from Redis on demand, kept for a while, forgotten when a change is announced.
 * Fails:  as cache.h says; a Redis that is down is STATUS_DOWN, never an absent endpoint.
 */
#pragma once

#include "http_headers.h"
#include "io/cache.h"
#include "io/config_feed.h"
#include "io/store.h"
#include "model/keys.h"
#include "signers.h"

struct endpoint_record {
    struct endpoint *endpoint;
    struct signers *signers;      /* NULL: its secret does not open with our key */
    struct http_headers *headers; /* NULL: none of its own */
    char url[];
};

struct endpoint_book_options {
    const uint8_t *secret_key; /* borrowed, 32 bytes */
    size_t max;                /* records kept */
    int64_t ttl_ms;
};

struct endpoint_book;
struct endpoint_book *endpoint_book_new(struct loop *loop, struct store *store,
                                        const struct endpoint_book_options *options);

/* After the store's connection was freed, so that no load is under way, and before those who wait for one (they get STATUS_CANCELLED). */
void endpoint_book_free(struct endpoint_book **book);

/* key: of the endpoint's hash. As cache_peek and cache_get; cache_value_of gives the struct endpoint_record. */
enum status endpoint_book_peek(struct endpoint_book *book, const struct key *key,
                               struct cache_value **out) must_check;
void endpoint_book_get(struct endpoint_book *book, const struct key *key, cache_fn fn, void *self);

size_t endpoint_book_size(const struct endpoint_book *book); /* as cache_size */

void endpoint_book_apply(struct endpoint_book *book, const struct config_change *change);
