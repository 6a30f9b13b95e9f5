/*
 * service.h - the skeleton of the three services: settings, logs, loop, workers, store, admin port,
 * drain
 *
 * service_main does all that the services share and calls the service's own functions. With
 * --workers N it forks N processes that share the listening ports (SO_REUSEPORT) and the metrics; a
 * worker that dies is started again with backoff. On SIGTERM or SIGINT: not ready, drain, exit 0;
 * past the grace time, or on a second signal a second later, exit at once (what is unfinished is in
 * Redis).
 * Warts:  when the parent of workers was killed, a new one is refused the port (exit 78) until they have
 *         drained: whoever else listens cannot be told from somebody else's service.
 */
#pragma once

#include "../base/config.h"
#include "../base/metrics.h"
#include "http_server.h"
#include "store.h"

/* First member of each service's settings struct. */
struct service_settings {
    int env; /* enum service_env */
    char *listen_admin;
    char *redis_url;
    int64_t workers;
    int64_t partitions;
    int64_t lease_ms;
    int64_t drain_grace_ms;
    int log_level;
    int log_format;
    char *secret_key; /* base64 of 32 bytes */
};
enum service_env { ENV_DEV, ENV_STAGING, ENV_PRODUCTION };
extern const char *const service_env_names[]; /* NULL-terminated */

struct service;

struct service_check {
    const char *name;
    bool ok;
    char detail[160];
};

struct service_definition {
    const char *name;               /* "ingest" */
    const char *summary;            /* one line for --help */
    const char *admin_listen;       /* default address of the admin port */
    const struct setting *settings; /* the service's own rows */
    size_t settings_count;
    size_t settings_size;         /* of its settings struct */
    const struct metric *metrics; /* the service's own; service_metrics come first, see below */
    size_t metrics_count;
    /* Own rules between settings, for production too; lines into problems. May be NULL. */
    void (*validate)(const void *settings, struct buf *problems);
    /* The wanted durability; NULL: relaxed. */
    enum durability (*durability)(const void *settings);
    /* The address of its own port, setting listen; NULL: it has none. */
    const char *(*listen)(const void *settings);
    /* In the worker, store not ready yet. Returns the service's own state. */
    void *(*create)(struct service *service);
    /* The store is ready for the first time: begin work. */
    void (*start)(void *self);
    /* Stop taking work; call service_drained when nothing is left. */
    void (*drain)(void *self);
    void (*destroy)(void *self);
    /* Fills checks (at most max) for /health/ready; returns how many. */
    size_t (*checks)(void *self, struct service_check *checks, size_t max); /* after start only */
    /* Before metrics are rendered: set gauges; must call done later or now. NULL: nothing to do. */
    void (*refresh_metrics)(void *self, loop_fn done, void *done_self);
};

int service_main(int argc, char **argv, const struct service_definition *definition);

/* The answer of /health/ready: JSON into out; true when the service made progress lately and
 * takes work. */
bool service_ready_json(struct service *service, struct buf *out);

struct loop *service_loop(struct service *service);
struct store *service_store(struct service *service);
const void *service_settings(struct service *service);
/* <host>-<worker>-<start>, unique per process start */
const char *service_consumer_name(struct service *service);
void service_drained(struct service *service);

/* 32 bytes: of the setting secret_key, or in dev without it the one that the store keeps for
 * this purpose (mr:meta dev_secret_key). Valid once the store is ready. */
const uint8_t *service_secret_key(struct service *service);

/* Metrics that every service has; ids start at 0. A service's own begin at
 * SERVICE_METRICS_COUNT. */
enum service_metric {
    METRIC_BUILD_INFO,    /* millrace_build_info{version} */
    METRIC_REDIS_SECONDS, /* millrace_redis_seconds{script} */
    METRIC_REDIS_ERRORS,  /* millrace_redis_errors_total{kind} */
    METRIC_LOG_DROPPED,   /* millrace_log_dropped */
    METRIC_READY,         /* millrace_ready */
    SERVICE_METRICS_COUNT
};
