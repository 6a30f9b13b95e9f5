/*
 * service_metrics.c - the metrics that every service has
 */
#include "service_private.h"

#include <string.h>

#include "../base/must.h"
#include "millrace_version.h"
#include "script.h"

#define METRICS_MAX 64

static const char *const versions[] = {MILLRACE_VERSION, NULL};

static const struct metric common[SERVICE_METRICS_COUNT] = {
    [METRIC_BUILD_INFO] = {.name = "millrace_build_info",
                           .kind = METRIC_GAUGE,
                           .help = "1, with the version",
                           .label = "version",
                           .values = versions},
    [METRIC_REDIS_SECONDS] = {.name = "millrace_redis_seconds",
                              .kind = METRIC_HISTOGRAM,
                              .label = "script",
                              .values = script_names,
                              .help = "Time from sending a script to its answer"},
    [METRIC_REDIS_ERRORS] = {.name = "millrace_redis_errors_total",
                             .kind = METRIC_COUNTER,
                             .label = "kind",
                             .values = redis_error_kinds,
                             .help = "Commands that failed, by kind"},
    [METRIC_LOG_DROPPED] = {.name = "millrace_log_dropped",
                            .kind = METRIC_GAUGE,
                            .help = "Log lines dropped because nobody took them"},
    [METRIC_READY] = {.name = "millrace_ready",
                      .kind = METRIC_GAUGE,
                      .help = "Workers that take work, as of their last readiness check"},
};

static void observe(const char *what, int64_t us, enum status status,
                    const struct redis_reply *reply)
{
    if (status != STATUS_OK && status != STATUS_CANCELLED)
        metric_add(METRIC_REDIS_ERRORS, redis_error_kind(status, reply), 1);
    /* What a script's call is called is that very pointer (script.c). */
    for (size_t i = 0; script_names[i]; i++)
        if (what == script_names[i])
            metric_observe(METRIC_REDIS_SECONDS, i, (double)us / 1e6);
}

void service_metrics_start(const struct service_definition *definition, size_t workers)
{
    static struct metric table[METRICS_MAX]; /* metrics.h keeps it by reference */
    size_t count = SERVICE_METRICS_COUNT + definition->metrics_count;
    must(count <= METRICS_MAX);
    memcpy(table, common, sizeof common);
    for (size_t i = 0; i < definition->metrics_count; i++)
        table[SERVICE_METRICS_COUNT + i] = definition->metrics[i];
    metrics_init(table, count, workers);
    redis_set_observer(observe);
}
