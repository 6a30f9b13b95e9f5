/*
 * store.h - the Redis a service works on: connected, checked, and what it promises
 *
 * On each connection and every half minute (every 5 s when fsync is wanted): version, role, persistence settings and mr:meta are read. A store whose partitions or format
 * differ, and a Redis before 7.0, are refused (the process ends with EX_CONFIG and a sentence); a Redis that is down, loading or a replica
 * is waited for, with a line now and then. The accept's durability is found here, and lowered or raised when Redis's settings change.
 */
#pragma once

#include "redis.h"

enum durability { DURABILITY_RELAXED, DURABILITY_FSYNC };
extern const char *const durability_names[]; /* NULL-terminated */

struct store_options {
    struct redis_address address;
    const char *client_name;
    uint32_t partitions;        /* recorded at first use; later starts must agree */
    enum durability durability; /* wanted */
    bool
        is_production; /* then a promise that cannot be kept, or an eviction policy, ends the process instead of a warning */
};

struct store;
struct store *store_new(struct loop *loop, const struct store_options *options);
void store_free(struct store **store);

struct redis *store_redis(struct store *store); /* scripts and small commands */
uint32_t store_partitions(const struct store *store);
const struct redis_address *store_address(const struct store *store);

/* What an accept means now: the wanted level, or relaxed when Redis cannot keep more, or was not asked since a doubt. */
enum durability store_durability(const struct store *store);

/* Another connection was lost or made, perhaps to a Redis with other settings: it is asked again, now. */
void store_doubt(struct store *store);

/* With fsync and appendfsync everysec (Redis 7.2 and later): each batch is followed by WAITAOF 1 0. */
bool store_needs_waitaof(const struct store *store);

/* fn once when the store is ready for the first time, never before this returns. */
void store_on_ready(struct store *store, loop_fn fn, void *self);
bool store_is_ready(const struct store *store);       /* up and checked now */
const char *store_why_not(const struct store *store); /* "" when ready */
