/*
 * configure.h - a record of the configuration is written (configure.lua), then announced to every
 * process
 *
 * The announcement comes after the write; if it is lost, caches find out by their TTL.
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

/* OK; INVALID: it exists (create); ABSENT: it does not (change); or the store's status. */
typedef void (*configure_fn)(enum status status, void *self);

/* fields: name value name value …. fn exactly once, never before this returns; OK after the
 * announcement was answered, or failed. */
void configure_write(struct store *store, const struct configure_change *change,
                     const struct slice *fields, size_t count, configure_fn fn, void *self);
