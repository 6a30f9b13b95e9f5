/*
 * main.c - millrace-ingest: takes events in
 */
#include "model/rate_spec.h"
#include "ingest.h"
#include "metrics.h"
#include "routes.h"

#define AT(field) offsetof(struct ingest_settings, field)
#define KIB 1024LL
#define MIB (1024 * KIB)
#define HOUR_MS (3600LL * 1000)
#define ADMIN_TOKEN_MIN 16

static const struct setting settings[] = {
    {"listen", SETTING_TEXT, "127.0.0.1:8080", 0, 0, AT(listen), "ADDR:PORT of the API", NULL},
    {"admin_token", SETTING_SECRET, "", 256, 256, AT(admin_token),
     "token of the admin's routes, at least 16 characters; unset: they are closed", NULL},
    {"durability", SETTING_CHOICE, "fsync", 0, 0, AT(durability),
     "what an accept stands for: relaxed (Redis has it) or fsync (Redis has it on disk)",
     durability_names},
    {"dedup_window", SETTING_DURATION, "24h", 1000, 90LL * 24 * HOUR_MS, AT(dedup_window_ms),
     "how long a dedup_id is remembered", NULL},
    {"max_depth", SETTING_INT, "1000000", 1, 1000000000000LL, AT(max_depth),
     "events not processed and deliveries not sent, per partition, past which new events are "
     "refused with 503",
     NULL},
    {"max_body", SETTING_SIZE, "1m", KIB, 32 * MIB, AT(max_body),
     "largest event, alone or in a batch; a batch may have eight times that", NULL},
    {"max_buffered", SETTING_SIZE, "256m", 8 * KIB, 64LL * 1024 * MIB, AT(max_buffered),
     "bodies that a worker keeps at a time; what does not fit is answered 503", NULL},
    {"rate_limit", SETTING_INT, "0", 0, RATE_SPEC_MAX, AT(rate_limit),
     "requests and events per second of an organization that has no limit of its own; 0 for none",
     NULL},
    {"rate_burst", SETTING_INT, "0", 0, RATE_SPEC_MAX, AT(rate_burst),
     "how many of them at once, 0 for as many as rate_limit", NULL},
    {"cache_ttl", SETTING_DURATION, "5m", 100, 24 * HOUR_MS, AT(cache_ttl_ms),
     "how long configuration is kept when no change is announced", NULL},
    {"cache_max", SETTING_INT, "10000", 1, 10000000, AT(cache_max),
     "organizations, keys or endpoints kept at a time", NULL},
    {"max_connections", SETTING_INT, "10000", 1, 1000000, AT(connections_max),
     "connections; past it accepting pauses", NULL},
    {"max_connections_per_ip", SETTING_INT, "0", 0, 1000000, AT(connections_per_ip_max),
     "connections of one address, 0 for no bound (behind a proxy all are the proxy's)", NULL},
};

static void validate(const void *self, struct buf *problems)
{
    const struct ingest_settings *own = self;
    size_t len = slice_of(own->admin_token).len;
    if (len == 0 && own->service.env != ENV_DEV)
        buf_printf(problems,
                   "admin_token: must be set when env is %s (MILLRACE_ADMIN_TOKEN or "
                   "MILLRACE_ADMIN_TOKEN_FILE)\n",
                   service_env_names[own->service.env]);
    else if (len > 0 && len < ADMIN_TOKEN_MIN)
        buf_printf(problems, "admin_token: must have at least %d characters\n", ADMIN_TOKEN_MIN);
    if (own->max_buffered < own->max_body * INGEST_BATCH_BODIES)
        buf_printf(problems, "max_buffered: must be at least %d times max_body, for a batch\n",
                   INGEST_BATCH_BODIES);
}

static enum durability wanted(const void *self)
{
    const struct ingest_settings *own = self;
    return (enum durability)own->durability;
}

static const char *listen_address(const void *self)
{
    const struct ingest_settings *own = self;
    return own->listen;
}

int main(int argc, char **argv)
{
    static const struct service_definition definition = {
        .name = "ingest",
        .summary = "takes events in over HTTP and answers when they are durable",
        .admin_listen = "127.0.0.1:9090",
        .settings = settings,
        .settings_count = sizeof settings / sizeof settings[0],
        .settings_size = sizeof(struct ingest_settings),
        .metrics = ingest_metrics,
        .metrics_count = INGEST_METRICS_COUNT,
        .validate = validate,
        .durability = wanted,
        .listen = listen_address,
        .create = ingest_create,
        .start = ingest_start,
        .drain = ingest_drain,
        .destroy = ingest_destroy,
        .checks = ingest_checks,
        .refresh_metrics = ingest_refresh_metrics,
    };
    routes_init();
    return service_main(argc, argv, &definition);
}
