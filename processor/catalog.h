/*
 * catalog.h - the endpoints of each organization, as match indexes, cached and told of changes
 *
 * Fails: a catalog that cannot be loaded is answered with the status; whoever asked tries again.
 */
#pragma once

#include "io/cache.h"
#include "io/config_feed.h"
#include "io/store.h"
#include "match.h"

struct catalog_options {
    size_t organizations_max;
    int64_t ttl_ms;
    void (*on_result)(enum cache_result result, void *self); /* for metrics; may be NULL */
};

struct catalog;
struct catalog *catalog_new(struct loop *loop, struct store *store,
                            const struct catalog_options *options);
void catalog_free(struct catalog **catalog);

/* As cache_peek and cache_get. An organization without endpoints has an empty index. */
enum status catalog_peek(struct catalog *catalog, struct slice org,
                         struct cache_value **out) must_check;
void catalog_get(struct catalog *catalog, struct slice org, cache_fn fn, void *self);
const struct match_index *catalog_index(struct cache_value *value);

size_t catalog_size(const struct catalog *catalog); /* as cache_size: organizations */

/* What is cached of an organization is loaded anew when it is asked for. */
void catalog_drop(struct catalog *catalog, struct slice org);
void catalog_apply(struct catalog *catalog, const struct config_change *change);
