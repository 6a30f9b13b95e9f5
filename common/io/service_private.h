/*
 * service_private.h - what the parts of the service skeleton share
 */
#pragma once

#include "../base/log.h"
#include "service.h"

#define EXIT_CONFIG 78 /* EX_CONFIG of sysexits.h: starting again cannot help */

struct service {
    const struct service_definition *definition;
    const struct service_settings *settings; /* first member of the service's own */
    size_t worker;
    struct loop *loop;
    struct store *store;
    struct http_server *admin;
    struct loop_timer *grace_timer;
    char consumer_name[96];
    uint8_t secret_key[32];
    void *self; /* the service's own state */
    bool started, draining;
    int64_t draining_mono_ms;
    struct loop_timer *secret_timer; /* of service_secret.c, while the key is looked for */
    loop_fn on_secret;
    struct log_limit secret_log;
};

/* service_settings.c: fills *out_settings (size of the definition's struct). Exits for --help
 * and the like, and for problems. */
void service_load_settings(int argc, char **argv, const struct service_definition *definition,
                           void **out_settings);
void service_free_settings(const struct service_definition *definition, void **settings);
struct redis_address service_redis_address(const struct service_settings *settings);

/* service_workers.c: forks and keeps count workers running fn; returns the exit code of the
 * whole. */
typedef int (*worker_fn)(size_t worker, void *self);
int service_run_workers(size_t count, worker_fn fn, void *self);

/* service_admin.c */
void service_admin_start(struct service *service);

/* Ends the process: "<what>.bind_failed" with the setting and why. */
_Noreturn void service_refuse_address(const char *what, const char *setting, const char *address,
                                      const struct error *err);

/* service_metrics.c: the table of the skeleton's metrics, then the service's; kept for the life
 * of the process. */
void service_metrics_start(const struct service_definition *definition, size_t workers);

/* service_secret.c: fn once the secret key is known, never before this returns. */
void service_secret_find(struct service *service, loop_fn fn);
