/*
 * fanout.h - matched events become deliveries: batches of fanout.lua for one partition
 *
 * Gathered over a loop turn; at most 200 endpoints in a call. An event with more goes in parts, one
 * after the other, from the cursor that Redis keeps. Every event ends: done, or refused because
 * somebody else holds it.
 * Fails:  never; a Redis that is down is waited for.
 */
#pragma once

#include "io/consumer.h"
#include "io/due.h"
#include "io/redis.h"
#include "work.h"

enum fanout_end { FANOUT_DONE, FANOUT_REFUSED };
typedef void (*fanout_end_fn)(struct work *work, enum fanout_end end, void *self);

struct fanout_options {
    uint32_t partition;
    const struct consumer *consumer; /* who was given the events; borrowed, as due */
    size_t inline_max;               /* a webhook body up to this size is carried in the delivery */
    struct due *due;                 /* told of the earliest due time */
    fanout_end_fn on_end;
    void *self;
};

struct fanout;
struct fanout *fanout_new(struct loop *loop, struct redis *redis,
                          const struct fanout_options *options);
void fanout_free(struct fanout **fanout); /* after its connection */

/* The work is matched. It stays the caller's and must live until on_end. */
void fanout_add(struct fanout *fanout, struct work *work);
