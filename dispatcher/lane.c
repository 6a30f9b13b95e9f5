/*
 * lane.c - a lane rests, is ready, or waits for its endpoint's record
 */
#include "lane.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/must.h"
#include "base/random.h"
#include "lane_pace.h"
#include "metrics.h"
#include "settle.h"

#define TICK_MS 250

enum lane_state {
    LANE_RESTING, /* nothing to start, or no slot for it */
    LANE_READY,   /* in the ring of those that take turns */
    LANE_LOADING, /* its endpoint's record is on the way */
    LANE_STALLED, /* Redis could not give it; the tick asks again */
};

struct lane {
    struct lanes *lanes;
    struct lane *before, *after; /* in the ring */
    struct key key;              /* of the endpoint's record */
    enum lane_state state;
    struct delivery_list queued, running;
    struct lane_pace pace;
};

struct lanes {
    struct loop *loop;
    struct lane_options options;
    struct map by_key;
    struct lane *first, *last; /* the ring's */
    size_t queued, running;
    size_t slow; /* lanes, at the last tick */
    bool is_draining;
    struct loop_timer *tick;
    struct log_limit log_limit;
};

/* What one slow lane may have of the slots, and of the queue. */
static size_t share(const struct lanes *lanes)
{
    size_t part = lanes->options.max_in_flight / (lanes->slow + 1);
    return part > 0 ? part : 1;
}

static size_t slots(const struct lane *lane)
{
    size_t most = share(lane->lanes);
    return lane->pace.is_slow && most < lane->pace.limit ? most : lane->pace.limit;
}

static struct lane *lane_of(struct lanes *lanes, const struct delivery *delivery)
{
    struct key key = key_endpoint(delivery->owner->partition, delivery->fields.endpoint);
    struct lane *lane = map_get(&lanes->by_key, key_slice(&key));
    if (!lane) {
        lane = xcalloc(1, sizeof *lane);
        lane->lanes = lanes;
        lane->key = key;
        lane->pace.limit = lanes->options.max_in_flight_per_endpoint;
        map_add(&lanes->by_key, key_slice(&lane->key), lane);
    }
    return lane;
}

static void free_if_empty(struct lane *lane)
{
    if (lane->state == LANE_RESTING && lane->queued.count == 0 && lane->running.count == 0) {
        map_remove(&lane->lanes->by_key, key_slice(&lane->key));
        free(lane);
    }
}

static void leave_ring(struct lane *lane)
{
    struct lanes *lanes = lane->lanes;
    must(lane->state == LANE_READY);
    *(lane->before ? &lane->before->after : &lanes->first) = lane->after;
    *(lane->after ? &lane->after->before : &lanes->last) = lane->before;
    lane->before = lane->after = NULL;
    lane->state = LANE_RESTING;
}

/* To the end of the ring, if there is something to start and a slot of the lane's own for it. */
static void wake(struct lane *lane)
{
    struct lanes *lanes = lane->lanes;
    if (lane->state != LANE_RESTING || lane->queued.count == 0 ||
        lane->running.count >= slots(lane)) {
        return;
    }
    lane->before = lanes->last;
    *(lanes->last ? &lanes->last->after : &lanes->first) = lane;
    lanes->last = lane;
    lane->state = LANE_READY;
}

static struct delivery *take_queued(struct lane *lane, struct delivery *delivery)
{
    delivery_list_remove(&lane->queued, delivery);
    lane->lanes->queued--;
    if (lane->queued.count == 0 && lane->state == LANE_READY) {
        leave_ring(lane);
    } else if (lane->queued.count == 0 && lane->state == LANE_STALLED) {
        lane->state = LANE_RESTING;
    }
    return delivery;
}

static void settle_queued(struct lane *lane, enum outcome outcome, const char *reason)
{
    while (lane->queued.first) {
        settle_unattempted(take_queued(lane, lane->queued.first), outcome, reason, 0);
    }
}

static void park(struct lane *lane, struct delivery *delivery)
{
    int64_t delay_ms = lane_pace_park_ms(&lane->pace, lane->queued.count, random_u64());
    settle_unattempted(delivery, OUTCOME_PARK, "concurrency_limit", delay_ms);
}

void lanes_push(struct lanes *lanes, struct delivery *delivery)
{
    if (lanes->is_draining) {
        settle_unattempted(delivery, OUTCOME_READY, "", 0);
        return;
    }
    struct lane *lane = lane_of(lanes, delivery);
    delivery->lane = lane;
    if (lane->pace.is_slow && lane->queued.count >= share(lanes)) {
        park(lane, delivery);
        return;
    }
    delivery_list_push(&lane->queued, delivery);
    lanes->queued++;
    wake(lane);
    if (!loop_timer_is_set(lanes->tick)) {
        loop_timer_start(lanes->tick, TICK_MS);
    }
}

static void block(struct lane *lane, enum lane_state state)
{
    lane->state = state;
    if (lane->pace.blocked_mono_ms == 0) {
        lane->pace.blocked_mono_ms = clock_mono_ms();
    }
}

static void on_record(enum status status, struct cache_value *value, void *self)
{
    struct lane *lane = self;
    struct lanes *lanes = lane->lanes;
    cache_release(&value); /* to be found in the cache when the lane's turn comes */
    if (status == STATUS_CANCELLED) {
        return;
    }
    lane->state = LANE_RESTING;
    if (status == STATUS_INVALID) {
        settle_queued(lane, OUTCOME_DEAD, "endpoint_unreadable");
    } else if (status != STATUS_OK && status != STATUS_ABSENT) {
        uint64_t suppressed = 0;
        if (log_limit_allows(&lanes->log_limit, 5000, &suppressed)) {
            log_event(LOG_WARN, "endpoint.not_loaded", log_slice("key", key_slice(&lane->key)),
                      log_text("status", status_name(status)),
                      log_int("suppressed", (int64_t)suppressed));
        }
        block(lane, LANE_STALLED);
        return;
    }
    wake(lane);
    free_if_empty(lane);
    lanes_pump(lanes);
}

static void on_attempt_end(struct delivery *delivery, bool is_made, void *self)
{
    struct lanes *lanes = self;
    struct lane *lane = delivery->lane;
    delivery_list_remove(&lane->running, delivery);
    lanes->running--;
    if (delivery->is_lost) {
        metric_add(METRIC_SETTLE_REFUSED, 0, 1);
        delivery->owner->on_end(delivery, delivery->owner->self);
    } else if (is_made) {
        lane_pace_ended(&lane->pace, delivery->result.duration_us / 1000);
        settle_add(delivery);
    } else if (lanes->is_draining) {
        settle_unattempted(delivery, OUTCOME_READY, "", 0);
    } else {
        delivery_move(delivery, DELIVERY_QUEUED);
        delivery_list_push_front(&lane->queued, delivery);
        lanes->queued++;
        if (lane->state == LANE_READY) {
            leave_ring(lane);
        }
        if (lane->state == LANE_RESTING) {
            block(lane, LANE_STALLED);
        }
    }
    wake(lane);
    free_if_empty(lane);
    lanes_pump(lanes);
}

/* Why nothing may be sent with this record; NULL: it may. */
static const char *reason_against(enum status status, const struct endpoint_record *record)
{
    return status == STATUS_ABSENT      ? "endpoint_deleted"
           : record->endpoint->disabled ? "endpoint_disabled"
           : !record->signer            ? "secret_unreadable"
                                        : NULL;
}

static void start_one(struct lane *lane, struct cache_value **value)
{
    struct lanes *lanes = lane->lanes;
    const struct endpoint_record *record = cache_value_of(*value);
    struct delivery *delivery = take_queued(lane, lane->queued.first);
    size_t own_limit = (size_t)record->endpoint->max_in_flight;
    lane->pace.limit = own_limit > 0 ? own_limit : lanes->options.max_in_flight_per_endpoint;
    delivery_move(delivery, DELIVERY_RUNNING);
    delivery->started_mono_ms = clock_mono_ms();
    delivery_list_push(&lane->running, delivery);
    lanes->running++;
    attempt_start(lanes->options.attempts, delivery, value, on_attempt_end, lanes);
}

static void run(struct lane *lane)
{
    struct lanes *lanes = lane->lanes;
    struct cache_value *value = NULL;
    leave_ring(lane);
    enum status status = endpoint_book_peek(lanes->options.endpoints, &lane->key, &value);
    if (status == STATUS_DOWN) {
        block(lane, LANE_LOADING);
        endpoint_book_get(lanes->options.endpoints, &lane->key, on_record, lane);
        return;
    }
    lane->pace.blocked_mono_ms = 0;
    const char *reason = reason_against(status, value ? cache_value_of(value) : NULL);
    if (reason) {
        settle_queued(lane, OUTCOME_DEAD, reason);
        cache_release(&value);
    } else {
        start_one(lane, &value);
    }
    wake(lane);
    free_if_empty(lane);
}

void lanes_pump(struct lanes *lanes)
{
    while (lanes->first && lanes->running < lanes->options.max_in_flight) {
        run(lanes->first);
    }
}

void lanes_lose(struct lanes *lanes, struct delivery *delivery)
{
    delivery->is_lost = true;
    if (delivery->state != DELIVERY_QUEUED) {
        return;
    }
    struct lane *lane = delivery->lane;
    must(lane->lanes == lanes);
    take_queued(lane, delivery);
    delivery->owner->on_end(delivery, delivery->owner->self);
    free_if_empty(lane);
}

static void judge(struct lanes *lanes, int64_t now_ms)
{
    size_t cursor = 0;
    lanes->slow = 0;
    for (struct lane *lane; (lane = map_next(&lanes->by_key, &cursor));) {
        const struct delivery *oldest = lane->running.first;
        lane_pace_judge(&lane->pace, oldest ? oldest->started_mono_ms : 0, lane->queued.count,
                        now_ms);
        lanes->slow += lane->pace.is_slow ? 1 : 0;
    }
}

/* Lanes are judged by the clock, not only by their ends: one whose receiver hangs has none. */
static void on_tick(void *self)
{
    struct lanes *lanes = self;
    size_t cursor = 0;
    judge(lanes, clock_mono_ms());
    for (struct lane *lane; (lane = map_next(&lanes->by_key, &cursor));) {
        while (lane->pace.is_slow && lane->queued.count > share(lanes)) {
            park(lane, take_queued(lane, lane->queued.last));
        }
        if (lane->state == LANE_STALLED) {
            lane->state = LANE_RESTING;
        }
        wake(lane);
    }
    lanes_pump(lanes);
    if (lanes->by_key.count > 0) {
        loop_timer_start(lanes->tick, TICK_MS);
    }
}

void lanes_hand_back(struct lanes *lanes)
{
    size_t cursor = 0;
    lanes->is_draining = true;
    for (struct lane *lane; (lane = map_next(&lanes->by_key, &cursor));) {
        settle_queued(lane, OUTCOME_READY, "");
    }
}

struct lanes *lanes_new(struct loop *loop, const struct lane_options *options)
{
    struct lanes *lanes = xcalloc(1, sizeof *lanes);
    lanes->loop = loop;
    lanes->options = *options;
    lanes->tick = loop_timer_new(loop, on_tick, lanes);
    map_init(&lanes->by_key);
    return lanes;
}

static void free_all(struct delivery_list *list)
{
    for (struct delivery *delivery; (delivery = delivery_list_pop(list));) {
        delivery_free(&delivery);
    }
}

void lanes_free(struct lanes **lanes_at)
{
    struct lanes *lanes = *lanes_at;
    *lanes_at = NULL;
    if (!lanes) {
        return;
    }
    size_t cursor = 0;
    for (struct lane *lane; (lane = map_next(&lanes->by_key, &cursor));) {
        free_all(&lane->queued);
        free_all(&lane->running);
        free(lane);
    }
    map_fini(&lanes->by_key);
    loop_timer_free(&lanes->tick);
    free(lanes);
}

size_t lanes_running(const struct lanes *lanes)
{
    return lanes->running;
}

size_t lanes_queued(const struct lanes *lanes)
{
    return lanes->queued;
}
