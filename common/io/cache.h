/*
 * cache.h - records of configuration kept for a while, asked for once
 *
 * Single flight: whoever asks while a load runs waits for that load. Absent things are remembered
 * too (a shorter while, and apart: no number of absent things drives out a present one). Bounded by
 * count, the oldest that was not used lately goes first (second chance, or clock); what is being
 * loaded is bounded by who asks. A bust during a load makes that load's answer be loaded again, so
 * a stale answer is never kept. Values are reference-counted by the cache: what a callback gets
 * stays valid until cache_release.
 * Warts:  what is busted in each of four loads in a row goes to those who wait for it, since they
 *         would wait as long as the changes go on: older than the last change by at most one load.
 */
#pragma once

#include "../base/bytes.h"
#include "loop.h"

enum cache_result {
    CACHE_HIT,
    CACHE_NEGATIVE_HIT,
    CACHE_MISS,
    CACHE_JOINED, /* waited for a load under way */
    CACHE_EXPIRED,
    CACHE_BUSTED,
    CACHE_EVICTED,
    CACHE_ERROR,
};
extern const char *const cache_results[]; /* NULL-terminated, for the metric's label */

struct cache;
struct cache_value; /* a counted holder; see cache_value_of */

/* Begins a load; the loader answers later, exactly once, with cache_loaded (value may be NULL
 * with STATUS_ABSENT). */
typedef void (*cache_load_fn)(struct slice key, void *ticket, void *self);
typedef void (*cache_free_fn)(void *value);
/* value: NULL unless STATUS_OK. Statuses: OK, ABSENT, DOWN, UNSURE, INVALID, DENIED, FAILED as
 * the loader said; CANCELLED when the cache ends. */
typedef void (*cache_fn)(enum status status, struct cache_value *value, void *self);

struct cache_options {
    size_t max;          /* values */
    size_t negative_max; /* absences; 0: as many as values */
    int64_t ttl_ms;      /* both to a tick of the coarse clock */
    int64_t negative_ttl_ms;
    cache_load_fn load;
    cache_free_fn free_value;
    void *self;
    /* Counts what happened; may be NULL. */
    void (*on_result)(enum cache_result result, void *self);
};

struct cache *cache_new(struct loop *loop, const struct cache_options *options);
void cache_free(struct cache **cache);

/* The value at once when it is there and fresh: STATUS_OK and *out (to be released), or
 * STATUS_ABSENT when absence is remembered. Else STATUS_DOWN: nothing known, use cache_get. */
enum status cache_peek(struct cache *cache, struct slice key, struct cache_value **out) must_check;

/* fn exactly once, never before this returns. The value it gets is to be released. */
void cache_get(struct cache *cache, struct slice key, cache_fn fn, void *self);
void cache_loaded(struct cache *cache, void *ticket, enum status status, void *value);

void *cache_value_of(struct cache_value *value);
struct cache_value *cache_retain(struct cache_value *value);
void cache_release(struct cache_value **value);

void cache_bust(struct cache *cache, struct slice key);
void cache_flush(struct cache *cache);        /* after a gap in the configuration stream */
size_t cache_size(const struct cache *cache); /* values, absences and loads under way */
