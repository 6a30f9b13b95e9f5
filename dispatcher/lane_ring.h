/*
 * lane_ring.h - the lanes there are, their queues, and the turns they take
 *
 * A lane exists while something is in it, or was parked and is not back yet; then it keeps its pace, unless there are LANES_KEPT_MAX
 * lanes already. In the ring are the lanes that have a delivery to start and a slot of their own for it. Only for lane.c.
 */
#pragma once

#include "base/map.h"
#include "delivery.h"
#include "lane_pace.h"
#include "model/keys.h"

#define LANES_KEPT_MAX 4096

enum lane_state {
    LANE_RESTING, /* nothing to start, or no slot for it */
    LANE_READY,   /* in the ring */
    LANE_LOADING, /* its endpoint's record is on the way */
    LANE_STALLED, /* Redis could not give it; asked again by and by */
};

struct lane {
    struct lane_ring *ring;
    struct lane *before, *after;
    struct key key; /* of the endpoint's record */
    enum lane_state state;
    struct delivery_list queued, running;
    size_t
        asking; /* deliveries that have a slot, and are with settle to learn whether they may start */
    struct lane_pace pace;
    void *owner;
};

struct lane_ring {
    size_t max_in_flight;              /* of the process */
    size_t max_in_flight_per_endpoint; /* unless the endpoint says otherwise */
    void *owner;                       /* handed to each lane */
    struct map by_key;
    struct lane *first, *last;
    size_t queued, running; /* deliveries of all lanes; those that ask among the running */
    size_t slow;            /* lanes, at the last judgement */
};

/* ring: zero but for the first three. */
void lane_ring_init(struct lane_ring *ring);
void lane_ring_fini(struct lane_ring *ring); /* with all lanes and deliveries */

/* The lane of an endpoint, made if there is none. */
struct lane *lane_ring_find(struct lane_ring *ring, uint32_t partition, struct slice endpoint);
struct lane *lane_ring_next(const struct lane_ring *ring,
                            size_t *cursor); /* any order; *cursor starts at 0 */

/* What one slow lane may have of the slots, and of the queue. */
size_t lane_ring_share(const struct lane_ring *ring);
void lane_ring_judge(struct lane_ring *ring, int64_t now_mono_ms);

/* Frees lanes whose parked ones are back: some at a time. */
void lane_ring_sweep(struct lane_ring *ring, int64_t now_mono_ms);

/* To the end of the ring, if the lane rests and belongs there. */
void lane_wake(struct lane *lane);
void lane_leave(struct lane *lane); /* the ring, to rest */

/* When it rests, too, and nothing of it is parked. */
void lane_free_if_empty(struct lane *lane, int64_t now_mono_ms);

/* How long the next of it is parked, behind `ahead` in its queue. */
int64_t lane_park_ms(struct lane *lane, size_t ahead, int64_t now_mono_ms);

void lane_queue(struct lane *lane, struct delivery *delivery);
void lane_queue_first(struct lane *lane, struct delivery *delivery);
void lane_unqueue(struct lane *lane, struct delivery *delivery);
void lane_run(struct lane *lane, struct delivery *delivery,
              int64_t now_mono_ms);                          /* from queued to running */
void lane_ran(struct lane *lane, struct delivery *delivery); /* out of running */
void lane_ask(struct lane *lane,
              struct delivery *delivery); /* out of queued; its slot stays taken */
void lane_asked(struct lane *lane);
