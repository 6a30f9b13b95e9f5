/*
 * intake.h - the events stream of one partition, read, matched and handed to the fan-out
 *
 * Holds at most events_max events (claimed in the group) at a time, and four times as many of
 * organizations whose endpoints cannot be told (see aside.h). An entry that is not an event, and
 * one that was claimed too often, ends as skipped.
 */
#pragma once

#include "io/config_feed.h"
#include "io/consumer.h"
#include "catalog.h"
#include "fanout.h"
#include "pace.h"

struct intake_options {
    uint32_t partition;
    const char *consumer_name;      /* borrowed for its life */
    const struct config_feed *feed; /* that the catalog is told by; borrowed */
    struct pace *pace;              /* of all partitions; borrowed */
    int64_t lease_ms;
    size_t events_max; /* held at a time */
    size_t bytes_max;  /* of held events; passed by at most one read */
    /* an event claimed more often than this kills those who try: it is skipped */
    uint32_t claims_max;
    size_t inline_max;
    int64_t aside_retry_ms; /* how often endpoints that cannot be told are asked for again */
};

struct intake;
struct intake *intake_new(struct loop *loop, struct store *store, struct catalog *catalog,
                          const struct intake_options *options);
void intake_free(struct intake **intake);

void intake_start(struct intake *intake);

/* No more reads; done when all that is held is fanned out and the name has left the group. What is
 * set aside stays pending, for another process. */
void intake_drain(struct intake *intake, loop_fn done, void *self);

const struct consumer *intake_consumer(const struct intake *intake);

/* Events that were pending and deliveries that were waiting, and are gone (must stay 0). */
uint64_t intake_lost_entries(const struct intake *intake);

/* After the catalog has applied it. */
void intake_config_changed(struct intake *intake, const struct config_change *change);

size_t intake_aside(const struct intake *intake); /* events set aside */

/* For so long nothing has ended of what is held, or more is set aside than may be. */
bool intake_is_stuck(const struct intake *intake, int64_t most_ms);
