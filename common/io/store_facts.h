/*
 * store_facts.h - for store.c: what a Redis says about itself, and what follows from it. Pure.
 */
#pragma once

#include "store.h"

struct store_facts {
    unsigned major, minor;
    bool is_replica;
    bool is_loading;
    bool is_config_known; /* CONFIG GET was answered; else the four below say nothing */
    bool is_aof;
    bool is_fsync_always;
    bool is_fsync_everysec;
    bool is_fsync_in_rewrite; /* no-appendfsync-on-rewrite is "no" */
    char eviction[32];        /* maxmemory-policy, from INFO */
};

/* STATUS_INVALID when the text is not that of INFO. */
enum status store_facts_of_info(struct slice info, struct store_facts *facts) must_check;
/* An answer that is not a list leaves them unknown. */
void store_facts_of_config(const struct redis_reply *reply, struct store_facts *facts);

/* Each text is "" when it does not apply. */
struct store_verdict {
    enum durability durability;
    bool needs_waitaof;
    char refusal[160]; /* no process can work with this Redis */
    char wait[80];     /* not now */
    char warning[320]; /* a promise that is not kept; in production a refusal too */
};
void store_judge(const struct store_facts *facts, enum durability wanted,
                 struct store_verdict *out);
