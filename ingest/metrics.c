#include "metrics.h"

#include "route.h"

static const char *const results[] = {"accepted", "duplicate", "mismatch", "full",
                                      "limited",  "rejected",  "failed",   NULL};
static const char *const caches[] = {"keys", "organizations", NULL};
static const char *const refused[] = {"400", "405", "408",   "413", "417",
                                      "431", "503", "other", NULL};
static const int refused_statuses[] = {400, 405, 408, 413, 417, 431, 503};

#define ROW(id) [(id)-SERVICE_METRICS_COUNT]

const struct metric ingest_metrics[INGEST_METRICS_COUNT] = {
    ROW(METRIC_HTTP_SECONDS) = {.name = "millrace_http_request_seconds",
                                .kind = METRIC_HISTOGRAM,
                                .label = "route",
                                .values = route_labels,
                                .help = "From the first byte of a request to its answer"},
    ROW(METRIC_HTTP_REFUSED) = {.name = "millrace_http_refused_total",
                                .kind = METRIC_COUNTER,
                                .label = "status",
                                .values = refused,
                                .help = "Requests refused before they reached a route"},
    ROW(METRIC_HTTP_CONNECTIONS) = {.name = "millrace_http_connections",
                                    .kind = METRIC_GAUGE,
                                    .help = "Open connections"},
    ROW(METRIC_EVENTS) = {.name = "millrace_events_total",
                          .kind = METRIC_COUNTER,
                          .label = "result",
                          .values = results,
                          .help = "Events posted, by how it ended"},
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

size_t metric_cache_index(size_t cache, enum cache_result result)
{
    return cache * (CACHE_ERROR + 1) + result;
}

size_t metric_refused_index(int status)
{
    size_t count = sizeof refused_statuses / sizeof refused_statuses[0];
    for (size_t i = 0; i < count; i++)
        if (refused_statuses[i] == status)
            return i;
    return count;
}
