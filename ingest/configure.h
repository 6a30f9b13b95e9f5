/*
 * configure.h - a change of the configuration: entered into the audit, written (configure.lua), then
 * announced to every process
 *
 * An announcement that fails is repeated until it is in: who is told that a record exists may count on
 * every process to know it.
 * Warts:  when this process ends between the two, caches find out by their TTL.
 */
#pragma once

#include "call.h"
#include "io/store.h"
#include "model/keys.h"

enum configure_rule {
    CONFIGURE_CREATE, /* refused when the record exists */
    CONFIGURE_CHANGE, /* refused when it does not */
    CONFIGURE_ONCE,   /* as change; refused too when the first field has a value already */
    CONFIGURE_SWAP,   /* as change; refused too when the first field is not what stands there */
    CONFIGURE_REMOVE, /* refused when it does not exist */
    CONFIGURE_REDUCE, /* as change; it takes away or frees, and is made although Redis is full, as
                         a removal is */
};

struct configure_change {
    enum configure_rule rule;
    struct key record;
    const struct key *index, *gone; /* zsets; NULL: none. gone gets what leaves the index */
    struct slice member;            /* of both */
    bool index_is_apart;            /* not in the record's slot: then it is written first, and is
                                       removed from last */
    const char *kind;               /* "org", "key", "endpoint": what is announced */
    struct slice id, org;           /* as announced; for a key id is its SHA-256 */
    const char *action;             /* "endpoint.created", for the audit */
    struct slice target;            /* the id in the audit */
    struct slice detail;            /* for the audit; may be empty */
    const struct call *call;        /* who */
};

struct configurer;
struct configurer *configurer_new(struct loop *loop, struct store *store);

/* After the store. Those who still wait are told UNSURE. */
void configurer_free(struct configurer **configurer);

/* OK; INVALID: it exists (create), or the first field has a value (once); ABSENT: it does not (all
 * but create); DENIED: it was changed meanwhile (swap); UNSURE: perhaps written, and perhaps not
 * announced; or the store's status. */
typedef void (*configure_fn)(enum status status, void *self);

/* fields: name value name value …. fn exactly once, never before this returns. */
void configure_write(struct configurer *configurer, const struct configure_change *change,
                     const struct slice *fields, size_t count, configure_fn fn, void *self);
