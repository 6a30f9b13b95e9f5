/*
 * main.c - millrace-dispatcher: takes deliveries to their endpoints
 */
#include "dispatcher.h"
#include "metrics.h"

#define AT(field) offsetof(struct dispatcher_settings, field)
#define MINUTE_MS (60LL * 1000)
#define DAY_MS (24LL * 60 * MINUTE_MS)
#define MIB (1024LL * 1024)

static const struct setting settings[] = {
    {"retry_schedule", SETTING_DURATIONS, "5s,5m,30m,2h,5h,10h,14h,20h,24h", 1, 30 * DAY_MS,
     AT(retry_schedule),
     "how long to wait after each failed attempt, ±20 %; after the last the delivery is given up",
     NULL},
    {"connect_timeout", SETTING_DURATION, "10s", 1, 5 * MINUTE_MS, AT(connect_timeout_ms),
     "looking up the name, connecting and TLS may take so long", NULL},
    {"response_timeout", SETTING_DURATION, "15s", 1, 10 * MINUTE_MS, AT(response_timeout_ms),
     "from there to the first line of the answer", NULL},
    {"total_timeout", SETTING_DURATION, "60s", 1, 30 * MINUTE_MS, AT(total_timeout_ms),
     "a whole attempt, unless its endpoint says otherwise", NULL},
    {"max_in_flight", SETTING_INT, "500", 1, 20000, AT(max_in_flight),
     "attempts at a time in each worker", NULL},
    {"max_in_flight_per_endpoint", SETTING_INT, "100", 1, 20000, AT(max_in_flight_per_endpoint),
     "attempts at a time to one endpoint in each worker, unless the endpoint says otherwise", NULL},
    {"max_claims", SETTING_INT, "25", 2, 1000, AT(max_claims),
     "an event or delivery claimed more often than this is given up: it ends the processes that "
     "try it",
     NULL},
    {"disable_after", SETTING_DURATION, "5d", 0, 365 * DAY_MS, AT(disable_after_ms),
     "an endpoint that has answered nothing but failures for so long is disabled; 0: never", NULL},
    {"cache_ttl", SETTING_DURATION, "5m", 100, DAY_MS, AT(cache_ttl_ms),
     "how long configuration is kept when no change is announced", NULL},
    {"cache_max", SETTING_INT, "100000", 1, 10000000, AT(cache_max),
     "endpoints kept at a time, each about 1.5 KiB; those past it are read again for each delivery",
     NULL},
    {"snooze_max", SETTING_INT, "20", 0, 1000, AT(snooze_max),
     "how often a delivery may be told to wait by Retry-After before it is given up", NULL},
    {"snooze_limit", SETTING_DURATION, "24h", 1000, DAY_MS, AT(snooze_limit_ms),
     "the longest Retry-After that is obeyed", NULL},
    {"response_keep", SETTING_SIZE, "1k", 0, 64 * 1024, AT(response_keep),
     "bytes of each answer kept with the attempt", NULL},
    {"response_max", SETTING_SIZE, "64k", 1024, 16 * MIB, AT(response_max),
     "bytes of an answer that are read; more ends the transfer", NULL},
    {"allow_targets", SETTING_TEXT, "", 0, 4096, AT(allow_targets),
     "networks (CIDRs, comma-separated) that webhooks may reach although they are private", NULL},
    {"require_https", SETTING_BOOL, "no", 0, 0, AT(require_https),
     "whether an endpoint with an http:// address fails like a destination that is not allowed",
     NULL},
    {"ca_file", SETTING_TEXT, "", 0, 4096, AT(ca_file),
     "certificates (PEM) to trust instead of the system's", NULL},
};

int main(int argc, char **argv)
{
    static const struct service_definition definition = {
        .name = "dispatcher",
        .summary = "signs and sends deliveries to their endpoints, tries again, and gives up with "
                   "a reason",
        .admin_listen = "127.0.0.1:9092",
        .settings = settings,
        .settings_count = sizeof settings / sizeof settings[0],
        .settings_size = sizeof(struct dispatcher_settings),
        .metrics = dispatcher_metrics,
        .metrics_count = DISPATCHER_METRICS_COUNT,
        .validate = dispatcher_validate,
        .create = dispatcher_create,
        .start = dispatcher_start,
        .drain = dispatcher_drain,
        .destroy = dispatcher_destroy,
        .checks = dispatcher_checks,
        .refresh_metrics = dispatcher_refresh_metrics,
    };
    return service_main(argc, argv, &definition);
}
