/*
 * retention.h - what is older than the retention goes, in bounded steps
 *
 * Events with their records by trim.lua, which passes over whatever anyone still needs; attempts
 * and dead letters by age alone. Any processor may do it at any time; two at once are harmless.
 * Warts:  where nothing is read for a retention, the last event that was read may stay until the
 *         next is.
 */
#pragma once

#include "io/redis.h"

struct retention;
struct retention *retention_new(struct loop *loop, struct redis *redis, uint32_t partition,
                                int64_t retention_ms);
void retention_free(struct retention **retention); /* after its connection */
void retention_start(struct retention *retention);
void retention_stop(struct retention *retention);
