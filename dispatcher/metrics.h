/*
 * metrics.h - the dispatcher's metrics
 */
#pragma once

#include "io/cache.h"
#include "io/service.h"

enum dispatcher_metric {
    METRIC_DELIVERIES = SERVICE_METRICS_COUNT, /* millrace_deliveries_total{outcome} */
    METRIC_ATTEMPTS,                           /* millrace_attempts_total{class} */
    METRIC_DELIVERY_SECONDS,                   /* millrace_delivery_seconds */
    METRIC_END_TO_END,                         /* millrace_end_to_end_seconds */
    METRIC_IN_FLIGHT,                          /* millrace_in_flight */
    METRIC_WAITING,                            /* millrace_waiting{reason} */
    METRIC_BACKLOG,                            /* millrace_backlog{stage} */
    METRIC_BACKLOG_AGE,                        /* millrace_backlog_age_seconds{stage} */
    METRIC_RECLAIMED,                          /* millrace_reclaimed_total */
    METRIC_LOST_ENTRIES,                       /* millrace_lost_entries_total */
    METRIC_SETTLE_REFUSED,                     /* millrace_settle_refused_total */
    METRIC_STRAYS,                             /* millrace_strays_total{end} */
    METRIC_CACHE,                              /* millrace_cache_total{cache,result} */
    METRIC_CACHE_ENTRIES,                      /* millrace_cache_entries{cache} */
    DISPATCHER_METRICS_END
};
/* Label values of millrace_waiting. Those before WAITING_CAPACITY are counted in Redis, by the words that the scripts write. */
enum waiting_reason {
    WAITING_SCHEDULED,
    WAITING_BACKOFF,
    WAITING_RETRY_AFTER,
    WAITING_CONCURRENCY,
    WAITING_PAUSED,
    WAITING_ORDERING,
    WAITING_RATE_LIMIT,
    WAITING_CAPACITY, /* claimed, without a slot yet */
    WAITING_REASONS_COUNT
};
extern const char *const waiting_reasons[]; /* NULL-terminated */
enum stray_end { STRAY_READY, STRAY_GONE };
enum backlog_stage { STAGE_DELIVERIES, STAGE_DUE };

extern const struct metric dispatcher_metrics[];
#define DISPATCHER_METRICS_COUNT (DISPATCHER_METRICS_END - SERVICE_METRICS_COUNT)
