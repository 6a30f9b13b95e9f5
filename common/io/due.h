/*
 * due.h - the clock of one partition's waiting deliveries and lanes: promote what is due, then
 * sleep until the next
 *
 * One timer for the earliest due time known; a jittered sweep every 5 s is the truth behind it, so
 * that what a dead process had set is found. Bounded: 200 deliveries per call, called again at once
 * while more are due.
 * Fails:  never; a Redis that is down is waited for.
 */
#pragma once

#include "redis.h"

struct due;
struct due *due_new(struct loop *loop, struct redis *redis, uint32_t partition);
void due_free(struct due **due); /* after its connection */
void due_start(struct due *due);
void due_stop(struct due *due);

/* A script told that the earliest due time is this (decimal ms of Redis's clock; empty: none
 * known). Only from the answers of the same connection. */
void due_hint(struct due *due, struct slice due_at_ms);

/* Somebody else may have made something due: looks at once. */
void due_wake(struct due *due);

/* The lanes of these endpoints (at most 200 ids) let go of what they may now, once Redis has done
 * what was sent on the connection before. */
void due_release(struct due *due, const struct slice *endpoints, size_t count);

/* What our monotonic clock says when Redis's says so. */
int64_t due_mono_ms(const struct due *due, int64_t redis_ms);

/* Sums for tests and metrics: deliveries promoted, and members of due whose delivery is gone (must
 * stay 0). */
uint64_t due_orphans(const struct due *due);
