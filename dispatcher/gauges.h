/*
 * gauges.h - what the metrics say of the deliveries in Redis, asked for at each scrape
 *
 * O(1) in Redis per partition.
 */
#pragma once

#include "io/consumer.h"

struct gauges;
struct gauges *gauges_new(struct redis *redis, uint32_t partitions);
void gauges_free(struct gauges **gauges);

/* Adds what a partition's consumer has counted since the last time. */
void gauges_count(struct gauges *gauges, uint32_t partition, const struct consumer *consumer);

/* Sets backlog, its age and the waiting; done exactly once. */
void gauges_refresh(struct gauges *gauges, loop_fn done, void *self);
