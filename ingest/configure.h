/*
 * configure.h - a record of the configuration is written (configure.lua), then announced to every
 * process
 *
 * An announcement that fails is repeated until it is in: who is told that a record exists may count on
 * every process to know it.
 * Warts:  when this process ends between the two, caches find out by their TTL.
 */
#pragma once

#include "io/store.h"
#include "model/keys.h"

struct configure_change {
    struct key record;
    const struct key *index;  /* NULL: none */
    struct slice member;      /* of the index */
    struct slice index_value; /* for an index that is a hash; empty for a zset */
    bool create;              /* refused when it exists; else refused when it does not */
    const char *kind;         /* "org", "key", "endpoint": what is announced */
    struct slice id, org;
};

struct configurer;
struct configurer *configurer_new(struct loop *loop, struct store *store);

/* After the store. Those who still wait are told UNSURE. */
void configurer_free(struct configurer **configurer);

/* OK; INVALID: it exists (create); ABSENT: it does not (change); UNSURE: perhaps written, and perhaps not
 * announced; or the store's status. */
typedef void (*configure_fn)(enum status status, void *self);

/* fields: name value name value …. fn exactly once, never before this returns. */
void configure_write(struct configurer *configurer, const struct configure_change *change,
                     const struct slice *fields, size_t count, configure_fn fn, void *self);
