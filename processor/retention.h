/*
 * retention.h - what is older than the retention goes, in bounded steps
 *
 * Events with their records by trim.lua, which passes over whatever anyone still needs; attempts
 * and dead letters by age alone (finished jobs go by themselves: jobs.h). Any processor may do it at any time; two at once are harmless.
 * Warts:  where nothing is read for a retention, the last event that was read may stay until the
 *         next is.
 */
#pragma once

#include "io/redis.h"

struct retention_options {
    int64_t age_ms;    /* past which things go */
    int64_t bytes_max; /* of the log of events, past which its oldest go at any age; 0: no bound */
};

struct retention;
struct retention *retention_new(struct loop *loop, struct redis *redis, uint32_t partition,
                                const struct retention_options *options);
void retention_free(struct retention **retention); /* after its connection */
void retention_start(struct retention *retention);
void retention_stop(struct retention *retention);
