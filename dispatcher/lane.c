/*
 * lane.c - what starts when, and what is handed back instead
 */
#include "lane.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "lane_ring.h"
#include "metrics.h"
#include "settle.h"
#include "start_budget.h"

#define TICK_MS 250
#define LATE_MS 1000

struct lanes {
    struct lane_options options;
    struct lane_ring ring;
    bool is_draining;
    struct loop_timer *tick;
    struct start_budget budget;
    struct log_limit log_limit;
};

static void settle_queued(struct lane *lane, enum outcome outcome, const char *reason)
{
    for (struct delivery *delivery; (delivery = lane->queued.first);) {
        lane_unqueue(lane, delivery);
        settle_unattempted(delivery, outcome, reason, 0);
    }
}

static void park(struct lane *lane, struct delivery *delivery, size_t ahead)
{
    settle_unattempted(delivery, OUTCOME_PARK, "concurrency_limit",
                       lane_park_ms(lane, ahead, clock_mono_ms()));
}

/* All but the first so many, in their order: each gets a later time than the one before. */
static void park_over(struct lane *lane, size_t most)
{
    struct delivery *delivery = lane->queued.last;
    for (size_t left = lane->queued.count; left > most + 1; left--) {
        delivery = delivery->earlier;
    }
    while (lane->queued.count > most) {
        struct delivery *later = delivery->later;
        lane_unqueue(lane, delivery);
        park(lane, delivery, most);
        delivery = later;
    }
}

void lanes_push(struct lanes *lanes, struct delivery *delivery)
{
    if (lanes->is_draining) {
        settle_unattempted(delivery, OUTCOME_READY, "", 0);
        return;
    }
    struct lane *lane =
        lane_ring_find(&lanes->ring, delivery->owner->partition, delivery->fields.endpoint);
    if (lane->pace.is_slow && lane->queued.count >= lane_ring_share(&lanes->ring)) {
        park(lane, delivery, lane->queued.count);
        return;
    }
    lane_queue(lane, delivery);
    lane_wake(lane);
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

static void stall(struct lanes *lanes, struct lane *lane, const char *what, enum status status)
{
    uint64_t suppressed = 0;
    if (log_limit_allows(&lanes->log_limit, 5000, &suppressed)) {
        log_event(LOG_WARN, "lane.stalled", log_slice("key", key_slice(&lane->key)),
                  log_text("lacks", what), log_text("status", status_name(status)),
                  log_int("suppressed", (int64_t)suppressed));
    }
    if (lane->state == LANE_READY) {
        lane_leave(lane);
    }
    if (lane->state == LANE_RESTING) {
        block(lane, LANE_STALLED);
    }
}

/* After anything that may have given a lane something to do, or taken all from it. The lane may be gone then. */
static void go_on(struct lanes *lanes, struct lane *lane)
{
    lane_wake(lane);
    lane_free_if_empty(lane, clock_mono_ms());
    lanes_pump(lanes);
}

static void on_record(enum status status, struct cache_value *value, void *self)
{
    struct lane *lane = self;
    struct lanes *lanes = lane->owner;
    cache_release(&value); /* to be found in the cache when the lane's turn comes */
    if (status == STATUS_CANCELLED) {
        return;
    }
    lane->state = LANE_RESTING;
    if (status == STATUS_INVALID) {
        settle_queued(lane, OUTCOME_DEAD, "endpoint_unreadable");
    } else if (status != STATUS_OK && status != STATUS_ABSENT) {
        stall(lanes, lane, "endpoint", status);
    }
    go_on(lanes, lane);
}

static void on_attempt_end(struct delivery *delivery, enum status status, void *self)
{
    struct lanes *lanes = self;
    struct lane *lane = delivery->lane;
    lane_ran(lane, delivery);
    if (status == STATUS_OK && delivery->result.is_attempted) {
        lane_pace_ended(&lane->pace, delivery->result.duration_us / 1000,
                        delivery->result.status > 0, clock_mono_ms());
    }
    if (delivery->is_lost) {
        metric_add(METRIC_SETTLE_REFUSED, 0, status == STATUS_OK ? 1 : 0);
        delivery->owner->on_end(delivery, delivery->owner->self);
    } else if (status == STATUS_OK) {
        settle_add(delivery);
    } else if (lanes->is_draining) {
        settle_unattempted(delivery, OUTCOME_READY, "", 0);
    } else {
        delivery_move(delivery, DELIVERY_QUEUED);
        lane_queue_first(lane, delivery);
        stall(lanes, lane, "event", status);
    }
    go_on(lanes, lane);
}

/* Why nothing may be sent with this record; NULL: it may. */
static const char *reason_against(enum status status, const struct endpoint_record *record)
{
    return status == STATUS_ABSENT      ? "endpoint_deleted"
           : record->endpoint->disabled ? "endpoint_disabled"
           : !record->signers           ? "secret_unreadable"
                                        : NULL;
}

/* Let go so long ago that what the rate limit counted then says nothing of now. */
static bool is_late(const struct delivery *delivery, const struct endpoint *endpoint)
{
    return endpoint->rate.per_second > 0 && clock_mono_ms() - delivery->made_mono_ms > LATE_MS;
}

/* To Redis: what is queued and has to stand in line there. */
static void hold_back(struct lane *lane, const struct endpoint *endpoint)
{
    const char *reason = endpoint->paused    ? "paused"
                         : endpoint->ordered ? "ordering"
                                             : "rate_limit";
    for (struct delivery *delivery = lane->queued.first, *later; delivery; delivery = later) {
        later = delivery->later;
        if (endpoint->paused || !delivery->fields.is_released) {
            lane_unqueue(lane, delivery);
            settle_unattempted(delivery, OUTCOME_HOLD, reason, 0);
        }
    }
}

static void start_first(struct lanes *lanes, struct lane *lane, struct cache_value **value)
{
    const struct endpoint_record *record = cache_value_of(*value);
    struct delivery *delivery = lane->queued.first;
    size_t own_limit = (size_t)record->endpoint->max_in_flight;
    delivery->is_ordered = record->endpoint->ordered;
    lane->pace.limit = own_limit > 0 ? own_limit : lanes->options.max_in_flight_per_endpoint;
    if (is_late(delivery, record->endpoint)) {
        lane_ask(lane, delivery);
        settle_unattempted(delivery, OUTCOME_LATE, "rate_limit", 0);
        return;
    }
    lane_run(lane, delivery, clock_mono_ms());
    attempt_start(lanes->options.attempts, delivery, value, on_attempt_end, lanes);
}

/* The lane rests. */
static void take_turn(struct lanes *lanes, struct lane *lane)
{
    struct cache_value *value = NULL;
    enum status status = endpoint_book_peek(lanes->options.endpoints, &lane->key, &value);
    if (status == STATUS_DOWN) {
        block(lane, LANE_LOADING);
        endpoint_book_get(lanes->options.endpoints, &lane->key, on_record, lane);
        return;
    }
    lane->pace.blocked_mono_ms = 0;
    const struct endpoint_record *record = value ? cache_value_of(value) : NULL;
    const char *reason = reason_against(status, record);
    if (reason) {
        settle_queued(lane, OUTCOME_DEAD, reason);
    } else if (record->endpoint->paused || endpoint_has_lane(record->endpoint)) {
        hold_back(lane, record->endpoint);
    }
    if (lane->queued.count > 0) {
        start_first(lanes, lane, &value);
    }
    cache_release(&value);
    lane_wake(lane);
    lane_free_if_empty(lane, clock_mono_ms());
}

/* As good as let go now: the first of its lane, whose slot it gave back just now. */
void lanes_judged(struct lanes *lanes, struct delivery *delivery, bool may_start)
{
    struct lane *lane = delivery->lane;
    lane_asked(lane);
    if (may_start) {
        if (lane->state == LANE_READY) {
            lane_leave(lane);
        }
        delivery_move(delivery, DELIVERY_QUEUED);
        delivery->made_mono_ms = clock_mono_ms();
        lane_queue_first(lane, delivery);
        if (lanes->is_draining) {
            settle_queued(lane, OUTCOME_READY, "");
        } else if (lane->state == LANE_RESTING) {
            take_turn(lanes, lane); /* before all in the ring: the slot is its own */
        }
    } else {
        lane_wake(lane);
        lane_free_if_empty(lane, clock_mono_ms());
    }
    lanes_pump(lanes);
}

void lanes_pump(struct lanes *lanes)
{
    while (lanes->ring.first && lanes->ring.running < lanes->options.max_in_flight &&
           start_budget_take(&lanes->budget)) {
        struct lane *lane = lanes->ring.first;
        lane_leave(lane);
        take_turn(lanes, lane);
    }
    metric_set(METRIC_IN_FLIGHT, 0, (double)lanes->ring.running);
    metric_set(METRIC_WAITING, WAITING_CAPACITY, (double)lanes->ring.queued);
}

void lanes_lose(struct lanes *lanes, struct delivery *delivery)
{
    delivery->is_lost = true;
    if (delivery->state == DELIVERY_QUEUED) {
        struct lane *lane = delivery->lane;
        lane_unqueue(lane, delivery);
        delivery->owner->on_end(delivery, delivery->owner->self);
        go_on(lanes, lane);
    }
}

/* Lanes are judged by the clock, not only by their ends: one whose receiver hangs has none. */
static void on_tick(void *self)
{
    struct lanes *lanes = self;
    size_t cursor = 0;
    lane_ring_judge(&lanes->ring, clock_mono_ms());
    for (struct lane *lane; (lane = lane_ring_next(&lanes->ring, &cursor));) {
        if (lane->pace.is_slow) {
            park_over(lane, lane_ring_share(&lanes->ring));
        }
        if (lane->state == LANE_STALLED) {
            lane->state = LANE_RESTING;
        }
        lane_wake(lane);
    }
    lane_ring_sweep(&lanes->ring, clock_mono_ms());
    lanes_pump(lanes);
    if (lanes->ring.queued + lanes->ring.running > 0) {
        loop_timer_start(lanes->tick, TICK_MS);
    }
}

void lanes_hand_back(struct lanes *lanes)
{
    size_t cursor = 0;
    lanes->is_draining = true;
    for (struct lane *lane; (lane = lane_ring_next(&lanes->ring, &cursor));) {
        settle_queued(lane, OUTCOME_READY, "");
    }
    lanes_pump(lanes);
}

static void on_next_turn(void *self)
{
    lanes_pump(self);
}

struct lanes *lanes_new(struct loop *loop, const struct lane_options *options)
{
    struct lanes *lanes = xcalloc(1, sizeof *lanes);
    lanes->options = *options;
    lanes->ring.max_in_flight = options->max_in_flight;
    lanes->ring.max_in_flight_per_endpoint = options->max_in_flight_per_endpoint;
    lanes->ring.owner = lanes;
    lane_ring_init(&lanes->ring);
    lanes->tick = loop_timer_new(loop, on_tick, lanes);
    start_budget_init(&lanes->budget, loop, on_next_turn, lanes);
    return lanes;
}

void lanes_free(struct lanes **lanes_at)
{
    struct lanes *lanes = *lanes_at;
    *lanes_at = NULL;
    if (lanes) {
        lane_ring_fini(&lanes->ring);
        loop_timer_free(&lanes->tick);
        start_budget_fini(&lanes->budget);
        free(lanes);
    }
}
