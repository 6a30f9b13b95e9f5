/*
 * lane_ring.c - lists of lanes and of deliveries
 */
#include "lane_ring.h"

#include <stdlib.h>

#include "base/must.h"

#define INITIAL_PART 16 /* of the process's slots, for a lane whose receiver has not answered yet */
#define SWEEP_MAX 64

void lane_ring_init(struct lane_ring *ring)
{
    map_init(&ring->by_key);
}

static void free_all(struct delivery_list *list)
{
    for (struct delivery *delivery; (delivery = delivery_list_pop(list));) {
        delivery_free(&delivery);
    }
}

void lane_ring_fini(struct lane_ring *ring)
{
    size_t cursor = 0;
    for (struct lane *lane; (lane = lane_ring_next(ring, &cursor));) {
        free_all(&lane->queued);
        free_all(&lane->running);
        free(lane);
    }
    map_fini(&ring->by_key);
}

struct lane *lane_ring_find(struct lane_ring *ring, uint32_t partition, struct slice endpoint)
{
    struct key key = key_of_id(partition, KEY_ENDPOINT, endpoint);
    struct lane *lane = map_get(&ring->by_key, key_slice(&key));
    if (lane) {
        return lane;
    }
    lane = xcalloc(1, sizeof *lane);
    lane->ring = ring;
    lane->owner = ring->owner;
    lane->key = key;
    lane_pace_init(&lane->pace, ring->max_in_flight_per_endpoint,
                   ring->max_in_flight / INITIAL_PART);
    map_add(&ring->by_key, key_slice(&lane->key), lane);
    return lane;
}

struct lane *lane_ring_next(const struct lane_ring *ring, size_t *cursor)
{
    return map_next(&ring->by_key, cursor);
}

/* A share is left for those that are not slow. */
size_t lane_ring_share(const struct lane_ring *ring)
{
    size_t part = ring->max_in_flight / (ring->slow + 1);
    return part > 0 ? part : 1;
}

static bool is_unused(const struct lane *lane)
{
    return lane->queued.count == 0 && lane->running.count == 0 && lane->asking == 0;
}

void lane_ring_judge(struct lane_ring *ring, int64_t now_mono_ms)
{
    size_t cursor = 0;
    ring->slow = 0;
    for (struct lane *lane; (lane = lane_ring_next(ring, &cursor));) {
        const struct delivery *oldest = lane->running.first;
        lane_pace_judge(&lane->pace, oldest ? oldest->started_mono_ms : 0, lane->queued.count,
                        now_mono_ms);
        bool is_empty = is_unused(lane);
        ring->slow += lane->pace.is_slow && !is_empty ? 1 : 0;
    }
}

static size_t slots(const struct lane *lane)
{
    size_t own = lane_pace_slots(&lane->pace);
    size_t most = lane_ring_share(lane->ring);
    return lane->pace.is_slow && most < own ? most : own;
}

void lane_wake(struct lane *lane)
{
    struct lane_ring *ring = lane->ring;
    if (lane->state != LANE_RESTING || lane->queued.count == 0 ||
        lane->running.count + lane->asking >= slots(lane)) {
        return;
    }
    lane->before = ring->last;
    *(ring->last ? &ring->last->after : &ring->first) = lane;
    ring->last = lane;
    lane->state = LANE_READY;
}

void lane_leave(struct lane *lane)
{
    struct lane_ring *ring = lane->ring;
    must(lane->state == LANE_READY);
    *(lane->before ? &lane->before->after : &ring->first) = lane->after;
    *(lane->after ? &lane->after->before : &ring->last) = lane->before;
    lane->before = lane->after = NULL;
    lane->state = LANE_RESTING;
}

static bool is_idle(const struct lane *lane)
{
    return lane->state == LANE_RESTING && is_unused(lane);
}

void lane_free_if_empty(struct lane *lane, int64_t now_mono_ms)
{
    struct lane_ring *ring = lane->ring;
    if (!is_idle(lane)) {
        return;
    }
    lane->pace.blocked_mono_ms = 0;
    if (!lane_pace_has_parked(&lane->pace, now_mono_ms) || ring->by_key.count > LANES_KEPT_MAX) {
        map_remove(&ring->by_key, key_slice(&lane->key));
        free(lane);
    }
}

void lane_ring_sweep(struct lane_ring *ring, int64_t now_mono_ms)
{
    struct lane *idle[SWEEP_MAX]; /* the map must not change while it is looked through */
    size_t cursor = 0, count = 0;
    for (struct lane *lane; count < SWEEP_MAX && (lane = lane_ring_next(ring, &cursor));) {
        if (is_idle(lane) && !lane_pace_has_parked(&lane->pace, now_mono_ms)) {
            idle[count++] = lane;
        }
    }
    while (count > 0) {
        lane_free_if_empty(idle[--count], now_mono_ms);
    }
}

int64_t lane_park_ms(struct lane *lane, size_t ahead, int64_t now_mono_ms)
{
    size_t share = lane_ring_share(lane->ring), limit = lane->pace.limit;
    return lane_pace_park_ms(&lane->pace, ahead, limit < share ? limit : share, now_mono_ms);
}

void lane_queue(struct lane *lane, struct delivery *delivery)
{
    delivery->lane = lane;
    delivery_list_push(&lane->queued, delivery);
    lane->ring->queued++;
}

void lane_queue_first(struct lane *lane, struct delivery *delivery)
{
    delivery_list_push_front(&lane->queued, delivery);
    lane->ring->queued++;
}

void lane_unqueue(struct lane *lane, struct delivery *delivery)
{
    delivery_list_remove(&lane->queued, delivery);
    lane->ring->queued--;
    if (lane->queued.count == 0 && lane->state == LANE_READY) {
        lane_leave(lane);
    } else if (lane->queued.count == 0 && lane->state == LANE_STALLED) {
        lane->state = LANE_RESTING;
    }
}

void lane_run(struct lane *lane, struct delivery *delivery, int64_t now_mono_ms)
{
    lane_unqueue(lane, delivery);
    delivery_move(delivery, DELIVERY_RUNNING);
    delivery->started_mono_ms = now_mono_ms;
    delivery_list_push(&lane->running, delivery);
    lane->ring->running++;
}

void lane_ran(struct lane *lane, struct delivery *delivery)
{
    delivery_list_remove(&lane->running, delivery);
    lane->ring->running--;
}

void lane_ask(struct lane *lane, struct delivery *delivery)
{
    lane_unqueue(lane, delivery);
    lane->asking++;
    lane->ring->running++;
}

void lane_asked(struct lane *lane)
{
    must(lane->asking > 0);
    lane->asking--;
    lane->ring->running--;
}
