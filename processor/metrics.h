/*
 * metrics.h - the processor's metrics
 */
#pragma once

#include "io/cache.h"
#include "io/service.h"

enum processor_metric {
    METRIC_EVENTS = SERVICE_METRICS_COUNT, /* millrace_events_total{result} */
    METRIC_FANOUT_DELIVERIES,              /* millrace_fanout_deliveries_total */
    METRIC_BACKLOG,                        /* millrace_backlog{stage} */
    METRIC_BACKLOG_AGE,                    /* millrace_backlog_age_seconds{stage} */
    METRIC_HELD,                           /* millrace_in_flight */
    METRIC_RECLAIMED,                      /* millrace_reclaimed_total */
    METRIC_LOST_ENTRIES,                   /* millrace_lost_entries_total */
    METRIC_CACHE,                          /* millrace_cache_total{cache,result} */
    METRIC_CACHE_ENTRIES,                  /* millrace_cache_entries{cache} */
    METRIC_TRIMMED,                        /* millrace_trimmed_total */
    METRIC_ASIDE,                          /* millrace_events_aside */
    PROCESSOR_METRICS_END
};
enum events_result { EVENTS_PROCESSED, EVENTS_SKIPPED, EVENTS_REFUSED, EVENTS_GIVEN_UP };

extern const struct metric processor_metrics[];
#define PROCESSOR_METRICS_COUNT (PROCESSOR_METRICS_END - SERVICE_METRICS_COUNT)
