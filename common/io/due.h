/*
 * due.h - the clock of one partition's waiting deliveries: promote what is due, then sleep until the next
 *
 * One timer for the earliest due time known; a jittered sweep every 5 s is the truth behind it, so that what a dead process had set
 * is found. Bounded: 200 deliveries per call, called again at once while more are due.
 */
#pragma once

#include "redis.h"

struct due;
struct due *due_new(struct loop *loop, struct redis *redis, uint32_t partition);
void due_free(struct due **due);
void due_start(struct due *due);
void due_stop(struct due *due);

/* A script told that the earliest due time is this (decimal ms; empty: none known). Redis's clock is taken to be ours; a script moves only what is due by Redis's. */
void due_hint(struct due *due, struct slice due_at_ms);

uint64_t due_promoted(const struct due *due);
