/*
 * settle.c - calls of settle.lua, and what their answers mean
 */
#include "settle.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "io/script.h"
#include "metrics.h"
#include "settle_command.h"

#define BATCH_MAX 200              /* lua/lib/packed.lua bounds it, too */
#define WORTH_A_CALL 64            /* fewer go with what comes while a call is under way */
#define WIRE_MAX ((size_t)8 << 20) /* past it no more is put into a call */
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 1000

struct call {
    struct call *next;
    struct settle *settle;
    struct consumer_call entries; /* of all its deliveries when it was sent */
    struct delivery_list deliveries;
};

struct settle {
    struct loop *loop;
    struct redis *redis;
    struct settle_options options;
    struct delivery_list waiting;
    struct call *calls; /* under way */
    size_t under_way;   /* deliveries in them */
    bool is_flush_queued;
    bool is_awaited; /* somebody waits for one of those that wait */
    struct redis_command command;
    struct loop_timer *retry_timer;
    int64_t retry_ms;
    struct log_limit log_limit;
};

static void flush(void *self);

/* The next of its endpoint, or itself. */
static bool is_awaited(const struct delivery *delivery)
{
    return delivery->is_ordered || delivery->fields.is_released ||
           delivery->result.outcome == OUTCOME_LATE;
}

/* What is settled one by one costs Redis twice as much as in batches. */
static void on_turn_end(void *self)
{
    struct settle *settle = self;
    settle->is_flush_queued = false;
    if (!settle->calls || settle->is_awaited || settle->waiting.count >= WORTH_A_CALL) {
        flush(settle);
    }
}

static void queue_flush(struct settle *settle)
{
    if (!settle->is_flush_queued) {
        settle->is_flush_queued = true;
        loop_later(settle->loop, on_turn_end, settle);
    }
}

void settle_add(struct delivery *delivery)
{
    struct settle *settle = delivery->owner->settle;
    delivery_move(delivery, DELIVERY_SETTLING);
    delivery_list_push(&settle->waiting, delivery);
    settle->is_awaited |= is_awaited(delivery);
    if (loop_timer_is_set(settle->retry_timer)) {
        return; /* Redis is not answering: all go together when it does */
    }
    if (settle->waiting.count >= BATCH_MAX) {
        flush(settle);
    } else {
        queue_flush(settle);
    }
}

void settle_unattempted(struct delivery *delivery, enum outcome outcome, const char *reason,
                        int64_t delay_ms)
{
    enum log_level level = outcome == OUTCOME_DEAD ? LOG_WARN : LOG_DEBUG;
    const char *event = outcome == OUTCOME_DEAD   ? "delivery.dead"
                        : outcome == OUTCOME_PARK ? "delivery.parked"
                        : outcome == OUTCOME_HOLD ? "delivery.held"
                        : outcome == OUTCOME_LATE ? "delivery.late"
                                                  : "delivery.handed_back";
    delivery->result = (struct delivery_result){
        .outcome = outcome, .reason = reason, .error = "", .delay_ms = delay_ms};
    log_event(level, event, log_slice("event", delivery->fields.event),
              log_slice("endpoint", delivery->fields.endpoint), log_text("delivery", delivery->id),
              log_int("attempt", delivery->fields.attempt), log_text("reason", reason),
              log_int("delay_ms", delay_ms), log_slice("request_id", delivery->fields.request),
              log_slice("trace", delivery->fields.trace));
    settle_add(delivery);
}

static void end_call(struct call *call)
{
    struct call **at = &call->settle->calls;
    while (*at != call) {
        at = &(*at)->next;
    }
    *at = call->next;
    call->settle->under_way -= call->entries.count;
    free(call);
}

static void retry_later(struct settle *settle)
{
    int64_t next_ms = settle->retry_ms ? settle->retry_ms * 2 : RETRY_MIN_MS;
    settle->retry_ms = next_ms < RETRY_MAX_MS ? next_ms : RETRY_MAX_MS;
    loop_timer_start(settle->retry_timer, loop_jitter(settle->retry_ms));
}

static void take_back(struct call *call, enum status status, const struct redis_reply *reply)
{
    struct settle *settle = call->settle;
    uint64_t suppressed = 0;
    if (log_limit_allows(&settle->log_limit, 5000, &suppressed)) {
        log_event(status == STATUS_FAILED ? LOG_ERROR : LOG_WARN, "settle.error",
                  log_text("status", status_name(status)),
                  log_slice("answer", redis_reply_text(reply)),
                  log_int("deliveries", (int64_t)call->deliveries.count),
                  log_text("first", call->deliveries.first->id),
                  log_int("suppressed", (int64_t)suppressed));
    }
    for (struct delivery *delivery; (delivery = delivery_list_pop(&call->deliveries));) {
        delivery->is_unsure = delivery->is_unsure || status != STATUS_DOWN;
        delivery_list_push(&settle->waiting, delivery);
    }
    retry_later(settle);
}

static void end_delivery(struct delivery *delivery, struct slice word)
{
    if (slice_is(word, "failing")) {
        delivery->owner->on_failing(delivery, delivery->owner->self);
    }
    if (slice_is(word, "settled") || slice_is(word, "failing")) {
        enum outcome outcome = delivery->result.outcome;
        metric_add(METRIC_DELIVERIES, outcome == OUTCOME_LATE ? OUTCOME_HOLD : outcome, 1);
    } else if (!delivery->is_unsure && !slice_is(word, "go")) {
        /* else the first call may have settled it, or it was lost meanwhile, which is told */
        metric_add(METRIC_SETTLE_REFUSED, 0, 1);
        log_event(LOG_WARN, "delivery.refused", log_text("delivery", delivery->id),
                  log_text("outcome", outcome_name(delivery->result.outcome)),
                  log_slice("request_id", delivery->fields.request));
    }
    delivery->owner->on_end(delivery, delivery->owner->self);
}

static void take_word(struct delivery *delivery, struct slice word)
{
    bool may_start = slice_is(word, "go") && !delivery->is_lost;
    if (delivery->result.outcome == OUTCOME_LATE) {
        delivery->owner->on_judged(delivery, may_start, delivery->owner->self);
    }
    if (!may_start) {
        end_delivery(delivery, word);
    }
}

static void on_answer(enum status status, const struct redis_reply *reply, void *self)
{
    struct call *call = self;
    struct settle *settle = call->settle;
    if (status == STATUS_CANCELLED) {
        return; /* settle_free ends it */
    }
    bool is_whole = status == STATUS_OK && redis_reply_count(reply) == 1 + call->deliveries.count;
    if (!is_whole) {
        take_back(call, status == STATUS_OK ? STATUS_FAILED : status, reply);
        end_call(call);
        return;
    }
    settle->retry_ms = 0;
    due_hint(settle->options.due, redis_reply_text(redis_reply_at(reply, 0)));
    for (size_t i = 1; call->deliveries.count > 0; i++) {
        take_word(delivery_list_pop(&call->deliveries), redis_reply_text(redis_reply_at(reply, i)));
    }
    end_call(call);
    if (settle->waiting.count > 0 && !loop_timer_is_set(settle->retry_timer)) {
        queue_flush(settle);
    }
}

/* In the same pipeline: when it gets there, the ends are settled. */
static void release_next(struct settle *settle, struct delivery *const *batch, size_t count)
{
    struct slice endpoints[BATCH_MAX];
    size_t ended = 0;
    for (size_t i = 0; i < count; i++) {
        enum outcome outcome = batch[i]->result.outcome;
        /* One that was never started is not known to be ordered; only a lane's are. */
        if ((outcome == OUTCOME_DELIVERED && batch[i]->is_ordered) ||
            (outcome == OUTCOME_DEAD && batch[i]->fields.is_released)) {
            endpoints[ended++] = batch[i]->fields.endpoint;
        }
    }
    if (ended > 0) {
        due_release(settle->options.due, endpoints, ended);
    }
}

static int by_entry(const void *a, const void *b)
{
    const struct delivery *const *left = a, *const *right = b;
    return stream_id_cmp((*left)->entry, (*right)->entry);
}

/* In the order of their entries, because the script then finds out with one look which are ours. */
static void send(struct settle *settle, struct delivery **batch, size_t count)
{
    const struct consumer *consumer = settle->options.consumer;
    struct call *call = xcalloc(1, sizeof *call);
    call->settle = settle;
    call->next = settle->calls;
    settle->calls = call;
    qsort(batch, count, sizeof *batch, by_entry);
    for (size_t i = 0; i < count; i++) {
        delivery_list_push(&call->deliveries, batch[i]);
        consumer_call_add(consumer, &call->entries, batch[i]->entry, batch[i]->is_unsure);
    }
    settle_command_start(&settle->command, &settle->options);
    consumer_say(consumer, &settle->command, &call->entries, settle->under_way);
    settle_command_add(&settle->command, batch, count);
    settle->under_way += count;
    script_send(settle->redis, SCRIPT_SETTLE, &settle->command, on_answer, call);
    release_next(settle, batch, count);
}

static void flush(void *self)
{
    struct settle *settle = self;
    settle->is_awaited = false;
    while (settle->waiting.count > 0) {
        struct delivery *batch[BATCH_MAX];
        size_t count = 0, weight = 0;
        while (settle->waiting.count > 0 && count < BATCH_MAX && weight < WIRE_MAX) {
            batch[count] = delivery_list_pop(&settle->waiting);
            weight += settle_command_weight(batch[count++]);
        }
        send(settle, batch, count);
    }
}

struct settle *settle_new(struct loop *loop, struct redis *redis,
                          const struct settle_options *options)
{
    struct settle *settle = xcalloc(1, sizeof *settle);
    settle->loop = loop;
    settle->redis = redis;
    settle->options = *options;
    settle->retry_timer = loop_timer_new(loop, flush, settle);
    redis_command_init(&settle->command);
    return settle;
}

static void free_all(struct delivery_list *list)
{
    for (struct delivery *delivery; (delivery = delivery_list_pop(list));) {
        delivery_free(&delivery);
    }
}

void settle_free(struct settle **settle_at)
{
    struct settle *settle = *settle_at;
    *settle_at = NULL;
    if (!settle) {
        return;
    }
    for (struct call *call = settle->calls, *next; call; call = next) {
        next = call->next;
        free_all(&call->deliveries);
        free(call);
    }
    free_all(&settle->waiting);
    loop_later_cancel(settle->loop, settle);
    loop_timer_free(&settle->retry_timer);
    redis_command_fini(&settle->command);
    free(settle);
}
