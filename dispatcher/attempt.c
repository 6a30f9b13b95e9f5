/*
 * attempt.c - from the body to the POST, and what its answer means
 */
#include "attempt.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "base/random.h"
#include "attempt_lines.h"
#include "metrics.h"

struct attempt {
    struct attempt *next_idle, *next_of_all;
    struct attempts *attempts;
    struct delivery *delivery;
    struct cache_value *endpoint;
    struct cache_value *event; /* NULL: the body is the delivery's own */
    attempt_fn fn;
    void *self;
    struct attempt_lines lines;
};

struct attempts {
    struct attempt_options options;
    struct attempt *idle, *all;
};

struct attempts *attempts_new(const struct attempt_options *options)
{
    struct attempts *attempts = xcalloc(1, sizeof *attempts);
    attempts->options = *options;
    return attempts;
}

void attempts_free(struct attempts **attempts_at)
{
    struct attempts *attempts = *attempts_at;
    *attempts_at = NULL;
    if (!attempts) {
        return;
    }
    for (struct attempt *attempt = attempts->all, *next; attempt; attempt = next) {
        next = attempt->next_of_all;
        cache_release(&attempt->endpoint);
        cache_release(&attempt->event);
        free(attempt);
    }
    free(attempts);
}

/* Gives the attempt back before the callback, which may start the next one. */
static void end(struct attempt *attempt, enum status status)
{
    struct delivery *delivery = attempt->delivery;
    attempt_fn fn = attempt->fn;
    void *self = attempt->self;
    cache_release(&attempt->endpoint);
    cache_release(&attempt->event);
    attempt->next_idle = attempt->attempts->idle;
    attempt->attempts->idle = attempt;
    fn(delivery, status, self);
}

static struct endpoint_record *record_of(const struct attempt *attempt)
{
    return cache_value_of(attempt->endpoint);
}

static void log_attempt(const struct delivery *delivery)
{
    static const char *const names[OUTCOMES_COUNT] = {
        [OUTCOME_DELIVERED] = "delivery.delivered",
        [OUTCOME_RETRY] = "delivery.retry",
        [OUTCOME_SNOOZE] = "delivery.snoozed",
        [OUTCOME_DEAD] = "delivery.dead",
    };
    const struct delivery_result *result = &delivery->result;
    log_event(result->outcome == OUTCOME_DEAD ? LOG_WARN : LOG_INFO, names[result->outcome],
              log_slice("event", delivery->fields.event),
              log_slice("endpoint", delivery->fields.endpoint), log_text("delivery", delivery->id),
              log_int("attempt", delivery->fields.attempt), log_int("status", result->status),
              log_text("error", result->error), log_text("reason", result->reason),
              log_us_as_ms("duration_ms", result->duration_us),
              log_int("delay_ms", result->delay_ms),
              log_slice("request_id", delivery->fields.request),
              log_slice("trace", delivery->fields.trace));
}

static void measure(const struct delivery *delivery, enum attempt_class class)
{
    metric_add(METRIC_ATTEMPTS, class, 1);
    metric_observe(METRIC_DELIVERY_SECONDS, 0, (double)delivery->result.duration_us / 1e6);
    struct event_id event;
    if (delivery->result.outcome != OUTCOME_DELIVERED ||
        event_id_parse(delivery->fields.event, &event) != STATUS_OK) {
        return;
    }
    int64_t age_ms = clock_wall_ms() - (int64_t)event.entry.ms;
    metric_observe(METRIC_END_TO_END, 0, age_ms > 0 ? (double)age_ms / 1e3 : 0);
}

static void on_answer(const struct http_answer *answer, void *self)
{
    struct attempt *attempt = self;
    struct delivery *delivery = attempt->delivery;
    const struct endpoint *endpoint = record_of(attempt)->endpoint;
    int64_t retry_after_ms = 0;
    bool has_retry_after =
        answer->retry_after.len > 0 &&
        retry_after_parse(answer->retry_after, clock_wall_ms(), &retry_after_ms) == STATUS_OK;
    struct verdict verdict = outcome_of(answer->status, answer->failure, has_retry_after);
    struct retry_policy policy = attempt->attempts->options.policy;
    if (endpoint->retry_schedule.count > 0) {
        policy.schedule = &endpoint->retry_schedule;
    }
    struct retry_plan plan = retry_plan(&policy, &verdict, delivery->fields.attempt,
                                        delivery->fields.snoozes, retry_after_ms, random_u64());
    delivery->result = (struct delivery_result){
        .outcome = plan.outcome,
        .reason = plan.reason,
        .error = verdict.reason,
        .status = answer->status,
        .is_attempted = true,
        .duration_us = answer->duration_us,
        .delay_ms = plan.delay_ms,
    };
    delivery_keep_response(delivery, answer->body);
    measure(delivery, verdict.class);
    log_attempt(delivery);
    if (outcome_is_gone(answer->status)) {
        disabler_disable(attempt->attempts->options.disabler, delivery->fields.endpoint,
                         delivery->fields.org, "gone");
    }
    end(attempt, STATUS_OK);
}

static void post(struct attempt *attempt, struct slice body)
{
    const struct endpoint_record *record = record_of(attempt);
    const struct attempt_options *options = &attempt->attempts->options;
    attempt_lines_write(&attempt->lines, attempt->delivery, record->signers, body);
    struct http_post post = {
        .url = record->url,
        .lines_count = ATTEMPT_LINES,
        .headers = record->headers,
        .body = body,
        .total_timeout_ms =
            record->endpoint->timeout_ms ? record->endpoint->timeout_ms : options->total_timeout_ms,
    };
    attempt_lines_list(&attempt->lines, post.lines);
    http_client_post(options->client, &post, on_answer, attempt);
}

static void give_up(struct attempt *attempt, const char *reason)
{
    attempt->delivery->result =
        (struct delivery_result){.outcome = OUTCOME_DEAD, .reason = reason, .error = ""};
    log_attempt(attempt->delivery);
    end(attempt, STATUS_OK);
}

static void on_event(enum status status, struct cache_value *value, void *self)
{
    struct attempt *attempt = self;
    attempt->event = value;
    switch (status) {
    case STATUS_OK:
        post(attempt, event_book_body(value));
        return;
    case STATUS_ABSENT:
        give_up(attempt, "event_expired");
        return;
    case STATUS_INVALID:
        give_up(attempt, "event_unreadable");
        return;
    case STATUS_DENIED:
    case STATUS_LIMIT:
    case STATUS_DOWN:
    case STATUS_UNSURE:
    case STATUS_FAILED:
        end(attempt, status);
        return;
    case STATUS_CANCELLED: /* the process ends; attempts_free takes it */
        return;
    }
}

void attempt_start(struct attempts *attempts, struct delivery *delivery,
                   struct cache_value **endpoint, attempt_fn fn, void *self)
{
    struct attempt *attempt = attempts->idle;
    if (attempt) {
        attempts->idle = attempt->next_idle;
    } else {
        attempt = xcalloc(1, sizeof *attempt);
        attempt->attempts = attempts;
        attempt->next_of_all = attempts->all;
        attempts->all = attempt;
    }
    attempt->delivery = delivery;
    attempt->endpoint = *endpoint;
    *endpoint = NULL;
    attempt->fn = fn;
    attempt->self = self;
    must(record_of(attempt)->signers);
    if (delivery->fields.body.len > 0) {
        post(attempt, delivery->fields.body);
    } else {
        event_book_get(attempts->options.events, delivery->fields.event, on_event, attempt);
    }
}
