/*
 * lane.h - deliveries that wait for one endpoint, and who may start next
 *
 * A lane exists while something is in it, or of it is parked. Lanes that have a delivery to start and a slot of their own for it take
 * turns, so that the process's slots are shared. A lane begins with a few slots and earns one more with each answer. A slow lane, one
 * whose attempts or whose queue take longer than a second, gets no more of the slots and of the queue than leaves as much for the others;
 * what is over is parked: one after the other is given the time at which the lane will get to it.
 * What comes for a paused endpoint is handed back, to be held in Redis. So is what comes for one with a rate limit or an order, unless
 * its lane there let it go. With a rate limit, one that was let go more than a second ago is counted anew before it starts, or what was
 * kept from starting would start with what comes later.
 * Fails:  never; the number of lanes is bounded by the deliveries that are held, and by LANES_KEPT_MAX.
 * Warts:  receivers that hang hold their slots until their attempts time out: sixteen of them at once, from the start, hold all. What is
 *         parked keeps its time, an hour at most, when its endpoint gets faster.
 */
#pragma once

#include "attempt.h"

struct lane_options {
    size_t max_in_flight;              /* of the process; as many may be queued */
    size_t max_in_flight_per_endpoint; /* unless the endpoint says otherwise */
    struct endpoint_book *endpoints;   /* borrowed, as the next */
    struct attempts *attempts;
};

struct lanes;
struct lanes *lanes_new(struct loop *loop, const struct lane_options *options);
void lanes_free(
    struct lanes **lanes); /* with all deliveries in it; after the http client and the books */

/* Takes the delivery, queued. Nothing starts before lanes_pump. */
void lanes_push(struct lanes *lanes, struct delivery *delivery);
void lanes_pump(struct lanes *lanes);

/* What settle was asked of a late one: whether it may start. If not, it is not the lane's any more. */
void lanes_judged(struct lanes *lanes, struct delivery *delivery, bool may_start);

/* Another process has the delivery now. Ends it when it is queued, else marks it. */
void lanes_lose(struct lanes *lanes, struct delivery *delivery);

/* All that is queued, and all that comes later, goes back to Redis; attempts under way go on. */
void lanes_hand_back(struct lanes *lanes);
