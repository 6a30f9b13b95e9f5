/*
 * gauges.h - what the metrics say of the deliveries in Redis, asked for at each scrape
 *
 * O(1) in Redis per partition.
 */
#pragma once

#include "io/redis.h"

struct gauges;
struct gauges *gauges_new(struct redis *redis, uint32_t partitions);
void gauges_free(struct gauges **gauges);

/* Sets backlog, its age and the waiting; done exactly once. */
void gauges_refresh(struct gauges *gauges, loop_fn done, void *self);
