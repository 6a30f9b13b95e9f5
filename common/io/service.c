/*
 * service.c - one worker of a service from its start to its end
 */
#include "service_private.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/log.h"
#include "../base/must.h"
#include "../base/random.h"
#include "millrace_version.h"

#define SAME_REQUEST_MS 1000

/* <host>-<worker>-<ms of the start and a little chance, base 36>: reads like a pod's name and is
 * never used twice. */
static void name_consumer(struct service *service)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    char host[64] = "host";
    gethostname(host, sizeof host - 1);
    for (char *at = host; *at; at++)
        if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 127)
            *at = '_';
    uint64_t stamp = (uint64_t)clock_wall_ms() * 46656 + random_below(46656);
    char text[16];
    size_t len = sizeof text;
    for (text[--len] = '\0'; stamp > 0 && len > 0; stamp /= 36)
        text[--len] = digits[stamp % 36];
    struct buf name;
    buf_init(&name, sizeof service->consumer_name);
    buf_printf(&name, "%s-%zu-%s", host, service->worker, text + len);
    must(slice_to_text(buf_slice(&name), service->consumer_name, sizeof service->consumer_name) ==
         STATUS_OK);
    buf_fini(&name);
}

static void begin(void *self)
{
    struct service *service = self;
    if (service->draining)
        return;
    service->started = true;
    service->definition->start(service->self);
    log_event(LOG_INFO, "service.ready", log_text("version", MILLRACE_VERSION),
              log_text("consumer", service->consumer_name),
              log_text("durability", durability_names[store_durability(service->store)]));
}

static void on_store_ready(void *self)
{
    service_secret_find(self, begin);
}

static void on_grace_passed(void *self)
{
    struct service *service = self;
    log_event(LOG_WARN, "service.grace_passed",
              log_int("grace_ms", service->settings->drain_grace_ms));
    log_and_exit(EXIT_SUCCESS); /* at once: freeing may wait, for a name that is being looked up */
}

static void on_terminate(void *self)
{
    struct service *service = self;
    if (service->draining) {
        /* Ctrl-C and systemd tell each worker and its parent, which passes it on: one request. */
        if (clock_mono_ms() - service->draining_mono_ms >= SAME_REQUEST_MS)
            log_and_exit(EXIT_SUCCESS);
        return;
    }
    service->draining = true;
    service->draining_mono_ms = clock_mono_ms();
    log_event(LOG_INFO, "service.draining", log_int("grace_ms", service->settings->drain_grace_ms));
    loop_timer_start(service->grace_timer, service->settings->drain_grace_ms);
    if (service->started)
        service->definition->drain(service->self);
    else
        loop_stop(service->loop);
}

void service_drained(struct service *service)
{
    must(service->draining);
    log_event(LOG_INFO, "service.drained", log_text("consumer", service->consumer_name));
    loop_stop(service->loop);
}

static void open_store(struct service *service)
{
    const struct service_settings *settings = service->settings;
    struct store_options options = {
        .address = service_redis_address(settings),
        .client_name = service->consumer_name,
        .partitions = (uint32_t)settings->partitions,
        .durability = DURABILITY_RELAXED,
        .is_production = settings->env == ENV_PRODUCTION,
    };
    if (service->definition->durability)
        options.durability = service->definition->durability(settings);
    service->store = store_new(service->loop, &options);
}

/* The store goes first: it cancels every command that is still to call back into the service or
 * answer a request. */
static int run_worker(size_t worker, void *self)
{
    struct service *service = self;
    const struct service_definition *definition = service->definition;
    service->worker = worker;
    metrics_set_worker(worker);
    if (worker == 0)
        metric_set(METRIC_BUILD_INFO, 0, 1);
    name_consumer(service);
    service->loop = loop_new();
    loop_on_terminate(service->loop, on_terminate, service);
    service->grace_timer = loop_timer_new(service->loop, on_grace_passed, service);
    log_event(LOG_INFO, "service.starting", log_text("version", MILLRACE_VERSION),
              log_int("worker", (int64_t)worker));
    open_store(service);
    service_admin_start(service);
    service->self = definition->create(service);
    store_on_ready(service->store, on_store_ready, service);
    loop_run(service->loop);
    store_free(&service->store);
    definition->destroy(service->self);
    http_server_free(&service->admin);
    loop_timer_free(&service->grace_timer);
    loop_timer_free(&service->secret_timer);
    loop_free(&service->loop);
    log_event(LOG_INFO, "service.stopped", log_int("worker", (int64_t)worker));
    log_flush();
    return EXIT_SUCCESS;
}

/* Before there are workers, which share their ports: whoever else listens would share them too. */
static void probe_ports(const struct service *service)
{
    const struct service_definition *definition = service->definition;
    const char *admin = service->settings->listen_admin;
    const char *own = definition->listen ? definition->listen(service->settings) : NULL;
    struct error err;
    if (http_server_probe(admin, &err) != STATUS_OK)
        service_refuse_address("admin", "admin_listen", admin, &err);
    if (own && http_server_probe(own, &err) != STATUS_OK)
        service_refuse_address(definition->name, "listen", own, &err);
}

int service_main(int argc, char **argv, const struct service_definition *definition)
{
    void *settings;
    service_load_settings(argc, argv, definition, &settings);
    struct service service = {.definition = definition, .settings = settings};
    log_init(definition->name, (enum log_level)service.settings->log_level,
             (enum log_format)service.settings->log_format);
    probe_ports(&service);
    size_t workers = (size_t)service.settings->workers;
    service_metrics_start(definition, workers);
    int code =
        workers == 1 ? run_worker(0, &service) : service_run_workers(workers, run_worker, &service);
    metrics_fini();
    service_free_settings(definition, &settings);
    return code;
}

struct loop *service_loop(struct service *service)
{
    return service->loop;
}

struct store *service_store(struct service *service)
{
    return service->store;
}

const void *service_settings(struct service *service)
{
    return service->settings;
}

const char *service_consumer_name(struct service *service)
{
    return service->consumer_name;
}

const uint8_t *service_secret_key(struct service *service)
{
    return service->secret_key;
}
