/*
 * settle.h - outcomes on their way to Redis, in batches, until Redis has answered for each
 *
 * One per partition. Gathers until the end of the loop's turn; while a call is under way until that is answered, or until there are
 * 64, or one that somebody waits for: a lane's next, or a late one itself. What could not be told is kept and told again: the script
 * writes only for entries that are still ours, and is told that it is a repeat, so that the first call may come later and does no
 * harm, either (lua/lib/owned.lua). The lanes of ordered endpoints whose delivery has ended let the next go with the same call.
 * Fails:  never; a call that Redis refuses is made again, for ever, with a line in the log.
 */
#pragma once

#include "delivery.h"
#include "io/consumer.h"
#include "io/due.h"

struct settle_options {
    uint32_t partition;
    const struct consumer *consumer; /* who was given the deliveries; borrowed, as due */
    struct due *due;                 /* told of the earliest due time; releases lanes */
    int64_t failing_after_ms; /* of nothing but failures: then on_failing is told; 0: never */
};

struct settle;
struct settle *settle_new(struct loop *loop, struct redis *redis,
                          const struct settle_options *options);

/* After the connection was freed, so that no call is under way. Deliveries still in it are freed. */
void settle_free(struct settle **settle);

/* Takes the delivery, whose result is filled; its owner's on_end gets it when Redis has answered. */
void settle_add(struct delivery *delivery);

/* The same for one that was not attempted: PARK, HOLD, LATE, READY or DEAD. */
void settle_unattempted(struct delivery *delivery, enum outcome outcome, const char *reason,
                        int64_t delay_ms);
