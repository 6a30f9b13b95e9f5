/*
 * cache.c - an entry is absent, loading, or settled (a value, or a remembered absence) until its
 * time
 */
#include "cache.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/map.h"
#include "../base/must.h"

#define RESTARTS_MAX 3
#define SECOND_CHANCES 16 /* in one eviction, however many were used */

const char *const cache_results[] = {"hit",    "negative_hit", "miss",  "joined", "expired",
                                     "busted", "evicted",      "error", NULL};

/* Of an entry, which lives as long as its value has holders. */
struct cache_value {
    size_t holders; /* the cache is one; 0: there is no value */
    void *value;
    cache_free_fn free_value;
};

struct waiter {
    struct waiter *next;
    cache_fn fn;
    void *self;
};

/* Each state has a list of its own. */
enum state { LOADING, VALUE, ABSENCE, STATES };

/* What a hit reads and writes lies together, and touches no other entry: most of many are in no cache of the processor's. */
struct entry {
    struct entry *newer, *older; /* in its list */
    struct waiter *waiters, **last_waiter;
    unsigned restarts; /* of this load */
    bool stale;        /* busted while loading: the answer is not to be kept */
    bool is_used;      /* since it was the newest */
    enum state state;
    int64_t expires_mono_ms;
    struct cache_value value; /* held by the cache while VALUE */
    struct slice key;         /* bytes follow the struct */
};

struct list {
    struct entry *newest, *oldest;
    size_t count, max;
};

/* A callback that is due at the end of this turn. */
struct answer {
    struct answer *next;
    enum status status;
    struct cache_value *value;
    cache_fn fn;
    void *self;
};

struct cache {
    struct loop *loop;
    struct cache_options options;
    struct map entries;
    struct list lists[STATES];
    struct answer *answers, **last_answer;
};

static void count(struct cache *cache, enum cache_result result)
{
    if (cache->options.on_result)
        cache->options.on_result(result, cache->options.self);
}

static struct entry *entry_of(struct cache_value *value)
{
    return (struct entry *)(void *)((char *)value - offsetof(struct entry, value));
}

/* NULL: it has none. */
static struct cache_value *value_in(struct entry *entry)
{
    return entry->value.holders > 0 ? &entry->value : NULL;
}

void *cache_value_of(struct cache_value *value)
{
    return value->value;
}

struct cache_value *cache_retain(struct cache_value *value)
{
    if (value)
        value->holders++;
    return value;
}

void cache_release(struct cache_value **value)
{
    struct cache_value *held = *value;
    *value = NULL;
    if (!held || --held->holders > 0)
        return;
    held->free_value(held->value);
    free(entry_of(held));
}

static void unlink_entry(struct cache *cache, struct entry *entry)
{
    struct list *list = &cache->lists[entry->state];
    *(entry->newer ? &entry->newer->older : &list->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &list->oldest) = entry->newer;
    entry->newer = entry->older = NULL;
    list->count--;
}

static void link_newest(struct cache *cache, struct entry *entry)
{
    struct list *list = &cache->lists[entry->state];
    entry->older = list->newest;
    *(list->newest ? &list->newest->newer : &list->oldest) = entry;
    list->newest = entry;
    list->count++;
}

static void drop(struct cache *cache, struct entry *entry)
{
    must(!entry->waiters);
    map_remove(&cache->entries, entry->key);
    unlink_entry(cache, entry);
    struct cache_value *value = value_in(entry);
    if (value)
        cache_release(&value);
    else
        free(entry);
}

/* The oldest, but what was used since it was the newest becomes that again. */
static void evict(struct cache *cache, const struct list *list)
{
    for (unsigned i = 0; i < SECOND_CHANCES && list->oldest->is_used; i++) {
        struct entry *entry = list->oldest;
        entry->is_used = false;
        unlink_entry(cache, entry);
        link_newest(cache, entry);
    }
    count(cache, CACHE_EVICTED);
    drop(cache, list->oldest);
}

/* Into another list, as its newest. */
static void move(struct cache *cache, struct entry *entry, enum state state)
{
    struct list *list = &cache->lists[state];
    unlink_entry(cache, entry);
    while (list->count >= list->max)
        evict(cache, list);
    entry->state = state;
    link_newest(cache, entry);
}

static struct entry *entry_new(struct cache *cache, struct slice key)
{
    struct entry *entry = xcalloc(1, sizeof *entry + key.len + 1);
    char *text = (char *)(entry + 1);
    if (key.len)
        memcpy(text, key.at, key.len);
    entry->key = (struct slice){text, key.len};
    entry->last_waiter = &entry->waiters;
    map_add(&cache->entries, entry->key, entry);
    link_newest(cache, entry);
    return entry;
}

static void deliver_answers(void *self)
{
    struct cache *cache = self;
    struct answer *answer = cache->answers;
    cache->answers = NULL;
    cache->last_answer = &cache->answers;
    while (answer) {
        struct answer *next = answer->next;
        answer->fn(answer->status, answer->value, answer->self);
        free(answer);
        answer = next;
    }
}

static void answer_later(struct cache *cache, enum status status, struct cache_value *value,
                         cache_fn fn, void *self)
{
    struct answer *answer = xcalloc(1, sizeof *answer);
    *answer =
        (struct answer){.status = status, .value = cache_retain(value), .fn = fn, .self = self};
    if (!cache->answers)
        loop_later(cache->loop, deliver_answers, cache);
    *cache->last_answer = answer;
    cache->last_answer = &answer->next;
}

struct cache *cache_new(struct loop *loop, const struct cache_options *options)
{
    must(options->max > 0 && options->load && options->free_value);
    struct cache *cache = xcalloc(1, sizeof *cache);
    cache->loop = loop;
    cache->options = *options;
    cache->last_answer = &cache->answers;
    cache->lists[LOADING].max = SIZE_MAX;
    cache->lists[VALUE].max = options->max;
    cache->lists[ABSENCE].max = options->negative_max ? options->negative_max : options->max;
    map_init(&cache->entries);
    return cache;
}

static void answer_waiters(struct cache *cache, struct entry *entry, enum status status)
{
    struct waiter *waiter = entry->waiters;
    entry->waiters = NULL;
    entry->last_waiter = &entry->waiters;
    while (waiter) {
        struct waiter *next = waiter->next;
        answer_later(cache, status, value_in(entry), waiter->fn, waiter->self);
        free(waiter);
        waiter = next;
    }
}

/* What was loaded for them is of no use any more to owners that are being ended too. */
static void cancel_answers(struct cache *cache)
{
    for (struct answer *answer = cache->answers; answer; answer = answer->next) {
        cache_release(&answer->value);
        answer->status = STATUS_CANCELLED;
    }
}

/* Waiters are told at once. */
void cache_free(struct cache **cache_at)
{
    struct cache *cache = *cache_at;
    *cache_at = NULL;
    if (!cache)
        return;
    for (enum state state = LOADING; state < STATES; state++) {
        for (struct entry *entry; (entry = cache->lists[state].oldest);) {
            answer_waiters(cache, entry, STATUS_CANCELLED);
            drop(cache, entry);
        }
    }
    loop_later_cancel(cache->loop, cache);
    cancel_answers(cache);
    deliver_answers(cache);
    map_fini(&cache->entries);
    free(cache);
}

static bool is_fresh(struct cache *cache, struct entry *entry)
{
    if (entry->state == LOADING)
        return false;
    if (clock_coarse_mono_ms() < entry->expires_mono_ms)
        return true;
    count(cache, CACHE_EXPIRED);
    drop(cache, entry);
    return false;
}

static enum status use(struct cache *cache, struct entry *entry, struct cache_value **out)
{
    entry->is_used = true;
    count(cache, entry->state == VALUE ? CACHE_HIT : CACHE_NEGATIVE_HIT);
    if (entry->state == ABSENCE)
        return STATUS_ABSENT;
    *out = cache_retain(&entry->value);
    return STATUS_OK;
}

enum status cache_peek(struct cache *cache, struct slice key, struct cache_value **out)
{
    struct entry *entry = map_get(&cache->entries, key);
    if (!entry || !is_fresh(cache, entry))
        return STATUS_DOWN;
    return use(cache, entry, out);
}

static void start_load(struct cache *cache, struct entry *entry)
{
    entry->stale = false;
    cache->options.load(entry->key, entry, cache->options.self);
}

void cache_get(struct cache *cache, struct slice key, cache_fn fn, void *self)
{
    struct cache_value *value = NULL;
    enum status status = cache_peek(cache, key, &value);
    if (status != STATUS_DOWN) {
        answer_later(cache, status, value, fn, self);
        cache_release(&value);
        return;
    }
    struct entry *entry = map_get(&cache->entries, key);
    bool first = !entry;
    if (first)
        entry = entry_new(cache, key);
    count(cache, first ? CACHE_MISS : CACHE_JOINED);
    struct waiter *waiter = xcalloc(1, sizeof *waiter);
    *waiter = (struct waiter){.fn = fn, .self = self};
    *entry->last_waiter = waiter;
    entry->last_waiter = &waiter->next;
    if (first)
        start_load(cache, entry);
}

void cache_loaded(struct cache *cache, void *ticket, enum status status, void *value)
{
    struct entry *entry = ticket;
    must(entry->state == LOADING);
    must((status == STATUS_OK) == (value != NULL));
    bool known = status == STATUS_OK || status == STATUS_ABSENT;
    if (entry->stale && known && entry->restarts < RESTARTS_MAX) {
        if (value)
            cache->options.free_value(value);
        entry->restarts++;
        start_load(cache, entry);
        return;
    }
    if (value) {
        entry->value = (struct cache_value){
            .holders = 1, .value = value, .free_value = cache->options.free_value};
    }
    answer_waiters(cache, entry, status);
    if (known && !entry->stale) {
        int64_t ttl_ms = value ? cache->options.ttl_ms : cache->options.negative_ttl_ms;
        entry->expires_mono_ms = clock_coarse_mono_ms() + ttl_ms;
        move(cache, entry, value ? VALUE : ABSENCE);
        return;
    }
    if (!known)
        count(cache, CACHE_ERROR);
    drop(cache, entry);
}

static void bust(struct cache *cache, struct entry *entry)
{
    count(cache, CACHE_BUSTED);
    if (entry->state == LOADING)
        entry->stale = true;
    else
        drop(cache, entry);
}

void cache_bust(struct cache *cache, struct slice key)
{
    struct entry *entry = map_get(&cache->entries, key);
    if (entry)
        bust(cache, entry);
}

void cache_flush(struct cache *cache)
{
    for (enum state state = LOADING; state < STATES; state++) {
        for (struct entry *entry = cache->lists[state].oldest, *newer; entry; entry = newer) {
            newer = entry->newer;
            bust(cache, entry);
        }
    }
}

size_t cache_size(const struct cache *cache)
{
    return cache->entries.count;
}
