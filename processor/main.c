/*
 * main.c - millrace-processor: who wants an event
 */
#include "metrics.h"
#include "processor.h"

#define AT(field) offsetof(struct processor_settings, field)
#define MIB (1024LL * 1024)
#define HOUR_MS (3600LL * 1000)

static const struct setting settings[] = {
    {"intake_events", SETTING_INT, "1000", 1, 100000, AT(events_max), "events held at a time",
     NULL},
    {"intake_bytes", SETTING_SIZE, "64m", MIB, 4096 * MIB, AT(bytes_max),
     "bytes of held events past which no more are read", NULL},
    {"max_claims", SETTING_INT, "25", 2, 1000, AT(claims_max),
     "an event or delivery claimed more often than this is given up: it ends the processes that "
     "try it",
     NULL},
    {"inline_body", SETTING_SIZE, "4k", 1, MIB, AT(inline_max),
     "webhook bodies up to this size travel in the delivery; larger ones are read from the log",
     NULL},
    {"cache_ttl", SETTING_DURATION, "5m", 100, 24 * HOUR_MS, AT(cache_ttl_ms),
     "how long configuration is kept when no change is announced", NULL},
    {"cache_max", SETTING_INT, "10000", 1, 10000000, AT(cache_max),
     "organizations, keys or endpoints kept at a time", NULL},
    {"retention", SETTING_DURATION, "30d", 1000, 3650LL * 24 * HOUR_MS, AT(retention_ms),
     "how long events, attempts, dead letters and finished jobs are kept", NULL},
    {"retention_bytes", SETTING_SIZE, "0", 0, 1024LL * 1024 * MIB, AT(retention_bytes),
     "bytes of a partition's events past which the oldest that nobody needs go at any age; 0: no "
     "bound",
     NULL},
};

int main(int argc, char **argv)
{
    static const struct service_definition definition = {
        .name = "processor",
        .summary = "reads the log of events, finds who wants each, and enqueues its deliveries "
                   "exactly once",
        .admin_listen = "127.0.0.1:9091",
        .settings = settings,
        .settings_count = sizeof settings / sizeof settings[0],
        .settings_size = sizeof(struct processor_settings),
        .metrics = processor_metrics,
        .metrics_count = PROCESSOR_METRICS_COUNT,
        .create = processor_create,
        .start = processor_start,
        .drain = processor_drain,
        .destroy = processor_destroy,
        .checks = processor_checks,
        .refresh_metrics = processor_refresh_metrics,
    };
    return service_main(argc, argv, &definition);
}
