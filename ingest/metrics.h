/*
 * metrics.h - the metrics of ingest
 */
#pragma once

#include "io/cache.h"
#include "io/service.h"

enum ingest_metric {
    METRIC_HTTP_SECONDS = SERVICE_METRICS_COUNT, /* millrace_http_request_seconds{route} */
    METRIC_HTTP_REFUSED,                         /* millrace_http_refused_total{status} */
    METRIC_HTTP_CONNECTIONS,                     /* millrace_http_connections */
    METRIC_EVENTS,                               /* millrace_events_total{result} */
    METRIC_CACHE,                                /* millrace_cache_total{cache,result} */
    METRIC_CACHE_ENTRIES,                        /* millrace_cache_entries{cache} */
    INGEST_METRICS_END
};
enum events_result {
    EVENTS_ACCEPTED,
    EVENTS_DUPLICATE,
    EVENTS_MISMATCH, /* same dedup id, another payload */
    EVENTS_FULL,     /* the backlog is at its bound */
    EVENTS_LIMITED,  /* over a rate limit */
    EVENTS_REJECTED, /* breaks a rule */
    EVENTS_FAILED,   /* the store could not take it */
};
extern const struct metric ingest_metrics[];
#define INGEST_METRICS_COUNT (INGEST_METRICS_END - SERVICE_METRICS_COUNT)

/* The value of METRIC_CACHE; cache: 0 keys, 1 organizations. */
size_t metric_cache_index(size_t cache, enum cache_result result);

/* The value of METRIC_HTTP_REFUSED for a status. */
size_t metric_refused_index(int status);
