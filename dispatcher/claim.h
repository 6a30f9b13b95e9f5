/*
 * claim.h - one partition's deliveries: claimed from its stream, held until settled
 *
 * All partitions of a process share one window (claim_window.h): what runs and as much again that waits in lanes. Entries that cannot be
 * a delivery, and those that have been claimed too often (they may be what ends the processes that try them), go to the dead letters
 * untried.
 */
#pragma once

#include "io/consumer.h"
#include "io/store.h"
#include "claim_window.h"
#include "lane.h"

struct claim_options {
    uint32_t partition;
    const char *consumer_name; /* borrowed */
    int64_t lease_ms;
    uint32_t claims_max;
    struct claim_window *window; /* borrowed, as the lanes */
    struct lanes *lanes;
    struct disabler *disabler;
    int64_t disable_after_ms; /* of nothing but failures; 0: never */
};

struct claim;
struct claim *claim_new(struct loop *loop, struct store *store,
                        const struct claim_options *options);
void claim_free(struct claim **claim); /* after the store's connection and the lanes */

void claim_start(struct claim *claim);

/* A lane of the partition may have been opened, or be faster. */
void claim_wake(struct claim *claim);

/* Claims no more; done once all that is held was settled and the consumer has left its group. Never before this returns. */
void claim_drain(struct claim *claim, loop_fn done, void *self);

const struct consumer *claim_consumer(const struct claim *claim);

/* Adds to the metrics what its consumer has counted since the last time. */
void claim_count(struct claim *claim);
