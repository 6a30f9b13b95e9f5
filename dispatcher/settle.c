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
#include "model/keys.h"

#define BATCH_MAX 200
#define WIRE_MAX ((size_t)8 << 20) /* past it no more is put into a call */
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 1000
#define STUCK_RETRY_MAX_MS 30000

struct call {
    struct call *next;
    struct settle *settle;
    struct delivery_list deliveries;
};

struct settle {
    struct loop *loop;
    struct redis *redis;
    struct settle_options options;
    struct delivery_list waiting;
    struct delivery_list
        stuck; /* of calls that Redis refused: each goes alone, so that one cannot hold up others */
    struct call *calls; /* under way */
    bool is_flush_queued;
    struct redis_command command;
    struct loop_timer *retry_timer, *stuck_timer;
    int64_t retry_ms, stuck_retry_ms;
    struct log_limit log_limit;
};

static void flush(void *self);

void settle_add(struct delivery *delivery)
{
    struct settle *settle = delivery->owner->settle;
    delivery_move(delivery, DELIVERY_SETTLING);
    delivery_list_push(&settle->waiting, delivery);
    if (loop_timer_is_set(settle->retry_timer)) {
        return; /* Redis is not answering: all go together when it does */
    }
    if (settle->waiting.count >= BATCH_MAX) {
        flush(settle);
    } else if (!settle->is_flush_queued) {
        settle->is_flush_queued = true;
        loop_later(settle->loop, flush, settle);
    }
}

void settle_unattempted(struct delivery *delivery, enum outcome outcome, const char *reason,
                        int64_t delay_ms)
{
    enum log_level level = outcome == OUTCOME_DEAD ? LOG_WARN : LOG_DEBUG;
    const char *event = outcome == OUTCOME_DEAD   ? "delivery.dead"
                        : outcome == OUTCOME_PARK ? "delivery.parked"
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

static void start_command(struct settle *settle)
{
    static const enum partition_key keys[] = {
        KEY_DELIVERIES,      KEY_DUE,         KEY_ATTEMPTS, KEY_DLQ, KEY_RECORD_PREFIX,
        KEY_DELIVERY_PREFIX, KEY_STATS_PREFIX};
    size_t count = sizeof keys / sizeof keys[0];
    script_start(&settle->command, SCRIPT_SETTLE, count);
    for (size_t i = 0; i < count; i++) {
        struct key key = key_of(settle->options.partition, keys[i]);
        redis_command_arg(&settle->command, key_slice(&key));
    }
    redis_command_text(&settle->command, GROUP_DISPATCHER);
    redis_command_text(&settle->command, settle->options.consumer);
    redis_command_text(&settle->command, ""); /* Redis's own time */
}

/* The body is needed again only by who tries again. */
static struct slice body_to_keep(const struct delivery *delivery)
{
    enum outcome outcome = delivery->result.outcome;
    bool is_over = outcome == OUTCOME_DELIVERED || outcome == OUTCOME_DEAD;
    return is_over ? (struct slice){0} : delivery->fields.body;
}

/* "retries_exhausted server_error": why it was given up, and what the last attempt met. */
static void add_error(struct redis_command *command, const struct delivery_result *result)
{
    struct buf text;
    buf_init(&text, 128);
    buf_add_text(&text, result->reason);
    if (result->outcome == OUTCOME_DEAD && result->error[0] &&
        !slice_is(buf_slice(&text), result->error)) {
        buf_add_char(&text, ' ');
        buf_add_text(&text, result->error);
    }
    redis_command_arg(command, buf_slice(&text));
    buf_fini(&text);
}

static void add_delivery(struct redis_command *command, const struct delivery *delivery)
{
    const struct delivery_fields *fields = &delivery->fields;
    const struct delivery_result *result = &delivery->result;
    char entry[STREAM_ID_SIZE];
    stream_id_format(delivery->entry, entry);
    redis_command_text(command, entry);
    redis_command_arg(command, fields->event);
    redis_command_arg(command, fields->endpoint);
    redis_command_arg(command, fields->org);
    redis_command_int(command, fields->attempt);
    redis_command_int(command, fields->snoozes);
    redis_command_arg(command, fields->history);
    redis_command_arg(command, fields->trace);
    redis_command_arg(command, fields->request);
    redis_command_arg(command, body_to_keep(delivery));
    redis_command_text(command, outcome_name(result->outcome));
    redis_command_int(command, result->status);
    if (result->is_attempted) {
        redis_command_int(command, (result->duration_us + 500) / 1000);
    } else {
        redis_command_text(command, "");
    }
    add_error(command, result);
    redis_command_arg(command, (struct slice){result->response, result->response_len});
    redis_command_int(command, result->delay_ms);
}

static void end_call(struct call *call)
{
    struct call **at = &call->settle->calls;
    while (*at != call) {
        at = &(*at)->next;
    }
    *at = call->next;
    free(call);
}

static void start_backoff(struct loop_timer *timer, int64_t *delay_ms, int64_t max_ms)
{
    int64_t next_ms = *delay_ms ? *delay_ms * 2 : RETRY_MIN_MS;
    *delay_ms = next_ms < max_ms ? next_ms : max_ms;
    loop_timer_start(timer, loop_jitter(*delay_ms));
}

static void take_back(struct call *call, enum status status, const struct redis_reply *reply)
{
    struct settle *settle = call->settle;
    bool is_refused = status == STATUS_FAILED || status == STATUS_DENIED;
    uint64_t suppressed = 0;
    if (log_limit_allows(&settle->log_limit, 5000, &suppressed)) {
        log_event(is_refused ? LOG_ERROR : LOG_WARN, "settle.error",
                  log_text("status", status_name(status)),
                  log_slice("answer", redis_reply_text(reply)),
                  log_int("deliveries", (int64_t)call->deliveries.count),
                  log_text("first", call->deliveries.first->id),
                  log_int("suppressed", (int64_t)suppressed));
    }
    for (struct delivery *delivery; (delivery = delivery_list_pop(&call->deliveries));) {
        delivery->is_unsure = delivery->is_unsure || status != STATUS_DOWN;
        delivery_list_push(is_refused ? &settle->stuck : &settle->waiting, delivery);
    }
    if (is_refused) {
        start_backoff(settle->stuck_timer, &settle->stuck_retry_ms, STUCK_RETRY_MAX_MS);
    } else {
        start_backoff(settle->retry_timer, &settle->retry_ms, RETRY_MAX_MS);
    }
}

static void end_delivery(struct delivery *delivery, struct slice word)
{
    if (slice_is(word, "settled")) {
        metric_add(METRIC_DELIVERIES, delivery->result.outcome, 1);
    } else if (!delivery->is_unsure) { /* else the first call may have settled it */
        metric_add(METRIC_SETTLE_REFUSED, 0, 1);
        log_event(LOG_WARN, "delivery.refused", log_text("delivery", delivery->id),
                  log_text("outcome", outcome_name(delivery->result.outcome)),
                  log_slice("request_id", delivery->fields.request));
    }
    delivery->owner->on_end(delivery, delivery->owner->self);
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
    if (settle->stuck.count == 0) {
        settle->stuck_retry_ms = 0;
    }
    due_hint(settle->options.due, redis_reply_text(redis_reply_at(reply, 0)));
    for (size_t i = 1; call->deliveries.count > 0; i++) {
        end_delivery(delivery_list_pop(&call->deliveries),
                     redis_reply_text(redis_reply_at(reply, i)));
    }
    end_call(call);
}

static int by_entry(const void *a, const void *b)
{
    const struct delivery *const *left = a, *const *right = b;
    return stream_id_cmp((*left)->entry, (*right)->entry);
}

/* In the order of their entries, because the script then finds out with one look which are ours. */
static void send(struct settle *settle, struct delivery **batch, size_t count)
{
    struct call *call = xcalloc(1, sizeof *call);
    call->settle = settle;
    call->next = settle->calls;
    settle->calls = call;
    qsort(batch, count, sizeof *batch, by_entry);
    start_command(settle);
    for (size_t i = 0; i < count; i++) {
        add_delivery(&settle->command, batch[i]);
        delivery_list_push(&call->deliveries, batch[i]);
    }
    script_send(settle->redis, SCRIPT_SETTLE, &settle->command, on_answer, call);
}

static size_t weight_of(const struct delivery *delivery)
{
    const struct delivery_fields *fields = &delivery->fields;
    return 1024 + body_to_keep(delivery).len + fields->history.len + delivery->result.response_len;
}

static void flush(void *self)
{
    struct settle *settle = self;
    settle->is_flush_queued = false;
    while (settle->waiting.count > 0) {
        struct delivery *batch[BATCH_MAX];
        size_t count = 0, weight = 0;
        while (settle->waiting.count > 0 && count < BATCH_MAX && weight < WIRE_MAX) {
            batch[count] = delivery_list_pop(&settle->waiting);
            weight += weight_of(batch[count++]);
        }
        send(settle, batch, count);
    }
}

static void retry_stuck(void *self)
{
    struct settle *settle = self;
    for (struct delivery *delivery; (delivery = delivery_list_pop(&settle->stuck));) {
        send(settle, &delivery, 1);
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
    settle->stuck_timer = loop_timer_new(loop, retry_stuck, settle);
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
    free_all(&settle->stuck);
    loop_later_cancel(settle->loop, settle);
    loop_timer_free(&settle->retry_timer);
    loop_timer_free(&settle->stuck_timer);
    redis_command_fini(&settle->command);
    free(settle);
}
