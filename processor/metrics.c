#include "metrics.h"

static const char *const results[] = {"processed", "skipped", "refused", "given_up", NULL};
static const char *const stages[] = {"events", NULL};
static const char *const caches[] = {"organizations", NULL};

#define ROW(id) [(id)-SERVICE_METRICS_COUNT]

const struct metric processor_metrics[PROCESSOR_METRICS_COUNT] = {
    ROW(METRIC_EVENTS) = {.name = "millrace_events_total",
                          .kind = METRIC_COUNTER,
                          .label = "result",
                          .values = results,
                          .help = "Events fanned out (processed), wanted by nobody (skipped), "
                                  "taken over by another process (refused), or claimed too often "
                                  "(given_up)"},
    ROW(METRIC_FANOUT_DELIVERIES) = {.name = "millrace_fanout_deliveries_total",
                                     .kind = METRIC_COUNTER,
                                     .help = "Deliveries made of events"},
    ROW(METRIC_BACKLOG) = {.name = "millrace_backlog",
                           .kind = METRIC_GAUGE,
                           .label = "stage",
                           .values = stages,
                           .help = "Entries unread or not settled"},
    ROW(METRIC_BACKLOG_AGE) = {.name = "millrace_backlog_age_seconds",
                               .kind = METRIC_GAUGE,
                               .label = "stage",
                               .values = stages,
                               .help = "Age of the oldest of them"},
    ROW(METRIC_HELD) = {.name = "millrace_in_flight",
                        .kind = METRIC_GAUGE,
                        .help = "Events held by this process"},
    ROW(METRIC_RECLAIMED) = {.name = "millrace_reclaimed_total",
                             .kind = METRIC_COUNTER,
                             .help = "Entries taken over from processes that fell silent"},
    ROW(METRIC_LOST_ENTRIES) =
        {.name = "millrace_lost_entries_total",
         .kind = METRIC_COUNTER,
         .help = "Entries that were pending and gone from the stream; must stay 0"},
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
    ROW(METRIC_TRIMMED) = {.name = "millrace_trimmed_total",
                           .kind = METRIC_COUNTER,
                           .help = "Events removed by retention"},
    ROW(METRIC_ASIDE) = {.name = "millrace_events_aside",
                         .kind = METRIC_GAUGE,
                         .help = "Events of organizations whose endpoints cannot be read from "
                                 "Redis; should be 0"},
};
