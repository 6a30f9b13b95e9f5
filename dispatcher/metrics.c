/*
 * metrics.c - the table of the dispatcher's metrics
 */
#include "metrics.h"

#include "outcome.h"

/* In the order of enum outcome; late ones count as what becomes of them. */
static const char *const outcomes[] = {"delivered", "retry", "snooze", "park",
                                       "hold",      "ready", "dead",   NULL};
const char *const waiting_reasons[WAITING_REASONS_COUNT + 1] = {
    [WAITING_SCHEDULED] = "scheduled",     [WAITING_BACKOFF] = "backoff",
    [WAITING_RETRY_AFTER] = "retry_after", [WAITING_CONCURRENCY] = "concurrency_limit",
    [WAITING_PAUSED] = "paused",           [WAITING_ORDERING] = "ordering",
    [WAITING_RATE_LIMIT] = "rate_limit",   [WAITING_CAPACITY] = "worker_capacity",
};
static const char *const stages[] = {[STAGE_DELIVERIES] = "deliveries", [STAGE_DUE] = "due", NULL};
static const char *const stray_ends[] = {[STRAY_READY] = "ready", [STRAY_GONE] = "gone", NULL};
static const char *const caches[] = {"endpoints", NULL};
static const double long_buckets[] = {0.001, 0.0025, 0.005, 0.01,  0.025,  0.05,   0.1, 0.25,
                                      0.5,   1,      2.5,   5,     10,     30,     60,  300,
                                      1800,  7200,   21600, 86400, 172800, 345600, 0};

#define ROW(id) [(id)-SERVICE_METRICS_COUNT]

const struct metric dispatcher_metrics[DISPATCHER_METRICS_COUNT] = {
    ROW(METRIC_DELIVERIES) = {.name = "millrace_deliveries_total",
                              .kind = METRIC_COUNTER,
                              .label = "outcome",
                              .values = outcomes,
                              .help = "Deliveries settled, by what became of them"},
    ROW(METRIC_ATTEMPTS) = {.name = "millrace_attempts_total",
                            .kind = METRIC_COUNTER,
                            .label = "class",
                            .values = attempt_classes,
                            .help = "Attempts made, by the kind of answer"},
    ROW(METRIC_DELIVERY_SECONDS) = {.name = "millrace_delivery_seconds",
                                    .kind = METRIC_HISTOGRAM,
                                    .help = "Time of one attempt, from its start to its end"},
    ROW(METRIC_END_TO_END) = {.name = "millrace_end_to_end_seconds",
                              .kind = METRIC_HISTOGRAM,
                              .buckets = long_buckets,
                              .help = "Time from the accept of an event to the 2xx of a receiver"},
    ROW(METRIC_IN_FLIGHT) = {.name = "millrace_in_flight",
                             .kind = METRIC_GAUGE,
                             .help = "Attempts under way"},
    ROW(METRIC_WAITING) = {.name = "millrace_waiting",
                           .kind = METRIC_GAUGE,
                           .label = "reason",
                           .values = waiting_reasons,
                           .help = "Deliveries that wait, by what they wait for"},
    ROW(METRIC_BACKLOG) =
        {.name = "millrace_backlog",
         .kind = METRIC_GAUGE,
         .label = "stage",
         .values = stages,
         .help = "Deliveries unread or not settled, and deliveries and lanes waiting"},
    ROW(METRIC_BACKLOG_AGE) =
        {.name = "millrace_backlog_age_seconds",
         .kind = METRIC_GAUGE,
         .label = "stage",
         .values = stages,
         .help =
             "Age of the oldest unsettled delivery, and how long the first waiting one is overdue"},
    ROW(METRIC_RECLAIMED) = {.name = "millrace_reclaimed_total",
                             .kind = METRIC_COUNTER,
                             .help = "Entries taken over from processes that fell silent"},
    ROW(METRIC_LOST_ENTRIES) =
        {.name = "millrace_lost_entries_total",
         .kind = METRIC_COUNTER,
         .help = "Entries that were pending and gone from the stream; must stay 0"},
    ROW(METRIC_SETTLE_REFUSED) =
        {.name = "millrace_settle_refused_total",
         .kind = METRIC_COUNTER,
         .help = "Outcomes that came too late: another process had taken the delivery over"},
    ROW(METRIC_STRAYS) =
        {.name = "millrace_strays_total",
         .kind = METRIC_COUNTER,
         .label = "end",
         .values = stray_ends,
         .help = "Deliveries that a start of Redis brought back from half a script's writes"},
    ROW(METRIC_CACHE) = {.name = "millrace_cache_total",
                         .kind = METRIC_COUNTER,
                         .label = "cache",
                         .values = caches,
                         .label2 = "result",
                         .values2 = cache_results,
                         .help = "Look-ups and changes of the configuration cache"},
    ROW(METRIC_CACHE_ENTRIES) = {.name = "millrace_cache_entries",
                                 .kind = METRIC_GAUGE,
                                 .label = "cache",
                                 .values = caches,
                                 .help = "What the configuration cache has"},
};
