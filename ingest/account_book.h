/*
 * account_book.h - the records of organizations and API keys that requests need, kept for a while
 *
 * Asked of Redis once for all who wait, and again after a change that the configuration feed tells of
 * (common/io/cache.h). An organization that is being deleted is as good as absent.
 */
#pragma once

#include "io/cache.h"
#include "io/config_feed.h"
#include "io/store.h"
#include "model/account_record.h"

enum account_kind {
    ACCOUNT_KEY,          /* by the key's SHA-256; the value is a struct key_record */
    ACCOUNT_ORGANIZATION, /* by its id; the value is a struct organization_record */
    ACCOUNT_KINDS
};

struct account_book_options {
    size_t max; /* of each kind */
    int64_t ttl_ms, negative_ttl_ms;
};

struct account_book;
struct account_book *account_book_new(struct loop *loop, struct store *store,
                                      const struct account_book_options *options);
void account_book_free(struct account_book **book);

/* As cache_peek and cache_get. INVALID: the record cannot be read. */
enum status account_book_peek(struct account_book *book, enum account_kind kind, struct slice id,
                              struct cache_value **out) must_check;
void account_book_get(struct account_book *book, enum account_kind kind, struct slice id,
                      cache_fn fn, void *self);

size_t account_book_size(const struct account_book *book,
                         enum account_kind kind); /* as cache_size */

void account_book_apply(struct account_book *book, const struct config_change *change);

/* The key was used now: noted in its record, at most once in ten minutes for each key and process. What was
 * removed meanwhile stays removed. value: of an ACCOUNT_KEY. */
void account_book_used(struct account_book *book, struct slice hash, struct cache_value *value);
