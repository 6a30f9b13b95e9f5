/*
 * dispatcher.c - the parts of a worker, put together and taken apart
 */
#include "dispatcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "claim.h"
#include "gauges.h"
#include "metrics.h"
#include "millrace_version.h"

#define PROGRESS_MS 15000 /* three times a blocking read */
#define OTHER_FILES 128   /* Redis, the admin port, logs, name look-ups */

struct dispatcher {
    struct service *service;
    const struct dispatcher_settings *settings;
    struct cidr_list allow;
    struct http_client *client;
    struct event_book *events;
    struct endpoint_book *endpoints;
    struct disabler *disabler;
    struct attempts *attempts;
    struct lanes *lanes;
    struct config_feed *feed;
    struct claim_window window;
    struct claim **claims; /* one per partition */
    uint32_t count;
    uint32_t draining;
    struct gauges *gauges;
};

void dispatcher_validate(const void *settings_at, struct buf *problems)
{
    const struct dispatcher_settings *settings = settings_at;
    struct cidr_list allow;
    struct error err;
    if (cidr_list_parse(slice_of(settings->allow_targets), &allow, &err) != STATUS_OK) {
        buf_printf(problems, "allow_targets: %s\n", err.text);
    }
    if (settings->ca_file[0] && access(settings->ca_file, R_OK) != 0) {
        buf_printf(problems, "ca_file: cannot read %s\n", settings->ca_file);
    }
    if (settings->response_keep > settings->response_max) {
        buf_printf(problems, "response_keep: must not be more than response_max\n");
    }
}

static void on_config_change(const struct config_change *change, void *self)
{
    struct dispatcher *dispatcher = self;
    endpoint_book_apply(dispatcher->endpoints, change);
    if (!change->flush && slice_is(change->kind, "endpoint")) {
        claim_wake(dispatcher->claims[partition_of(change->org, dispatcher->count)]);
    }
}

/* As many connections as attempts, and three times as many that rest; fewer when the process may not have so many files. */
static size_t allow_connections(size_t max_in_flight)
{
    rlim_t wanted = 4 * max_in_flight + OTHER_FILES;
    struct rlimit limit;
    must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
        must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    }
    if (limit.rlim_cur >= wanted) {
        return 4 * max_in_flight;
    }
    if (limit.rlim_cur < max_in_flight + OTHER_FILES) {
        log_event(LOG_WARN, "dispatcher.few_files", log_int("limit", (int64_t)limit.rlim_cur),
                  log_int("wanted", (int64_t)wanted));
    }
    return limit.rlim_cur > 2 * OTHER_FILES ? (size_t)limit.rlim_cur - OTHER_FILES : OTHER_FILES;
}

static struct http_client *make_client(const struct dispatcher *dispatcher)
{
    const struct dispatcher_settings *settings = dispatcher->settings;
    struct http_client_options options = {
        .connect_timeout_ms = settings->connect_timeout_ms,
        .response_timeout_ms = settings->response_timeout_ms,
        .max_connections = allow_connections((size_t)settings->max_in_flight),
        .response_keep = (size_t)settings->response_keep,
        .response_max = (size_t)settings->response_max,
        .ca_file = settings->ca_file,
        .user_agent = "Millrace/" MILLRACE_VERSION,
        .allow = &dispatcher->allow,
        .https_only = settings->require_https,
    };
    struct error err;
    struct http_client *client = http_client_new(service_loop(dispatcher->service), &options, &err);
    if (!client) {
        log_event(LOG_ERROR, "dispatcher.no_http_client", log_text("error", err.text));
        log_and_exit(EXIT_FAILURE);
    }
    return client;
}

/* An attempt that is still under way when the grace ends is made once more, by another process. */
static void warn_of_short_grace(const struct dispatcher_settings *settings)
{
    int64_t attempt_ms = settings->connect_timeout_ms + settings->response_timeout_ms;
    if (settings->service.drain_grace_ms < attempt_ms) {
        log_event(LOG_WARN, "dispatcher.short_grace",
                  log_int("drain_grace_ms", settings->service.drain_grace_ms),
                  log_int("attempt_ms", attempt_ms),
                  log_text("consequence", "attempts under way at the end are made again"));
    }
}

void *dispatcher_create(struct service *service)
{
    struct dispatcher *dispatcher = xcalloc(1, sizeof *dispatcher);
    dispatcher->service = service;
    dispatcher->settings = service_settings(service);
    must(cidr_list_parse(slice_of(dispatcher->settings->allow_targets), &dispatcher->allow, NULL) ==
         STATUS_OK);
    warn_of_short_grace(dispatcher->settings);
    dispatcher->client = make_client(dispatcher);
    return dispatcher;
}

static void make_lanes(struct dispatcher *dispatcher)
{
    const struct dispatcher_settings *settings = dispatcher->settings;
    struct loop *loop = service_loop(dispatcher->service);
    struct store *store = service_store(dispatcher->service);
    dispatcher->events = event_book_new(loop, store);
    struct endpoint_book_options endpoints = {
        .secret_key = service_secret_key(dispatcher->service),
        .max = (size_t)settings->cache_max,
        .ttl_ms = settings->cache_ttl_ms,
    };
    dispatcher->endpoints = endpoint_book_new(loop, store, &endpoints);
    dispatcher->disabler = disabler_new(store, dispatcher->endpoints);
    struct attempt_options attempts = {
        .client = dispatcher->client,
        .events = dispatcher->events,
        .disabler = dispatcher->disabler,
        .policy = {.schedule = &settings->retry_schedule,
                   .snooze_max = settings->snooze_max,
                   .snooze_limit_ms = settings->snooze_limit_ms},
        .total_timeout_ms = settings->total_timeout_ms,
    };
    dispatcher->attempts = attempts_new(&attempts);
    struct lane_options lanes = {
        .max_in_flight = (size_t)settings->max_in_flight,
        .max_in_flight_per_endpoint = (size_t)settings->max_in_flight_per_endpoint,
        .endpoints = dispatcher->endpoints,
        .attempts = dispatcher->attempts,
    };
    dispatcher->lanes = lanes_new(loop, &lanes);
}

/* The feed before the claims: a change made while the first deliveries are sent is not missed. */
void dispatcher_start(void *self)
{
    struct dispatcher *dispatcher = self;
    const struct dispatcher_settings *settings = dispatcher->settings;
    struct store *store = service_store(dispatcher->service);
    make_lanes(dispatcher);
    dispatcher->feed =
        config_feed_new(service_loop(dispatcher->service), store_address(store),
                        service_consumer_name(dispatcher->service), on_config_change, dispatcher);
    dispatcher->count = store_partitions(store);
    dispatcher->claims = xcalloc(dispatcher->count, sizeof(struct claim *));
    dispatcher->gauges = gauges_new(store_redis(store), dispatcher->count);
    dispatcher->window = (struct claim_window){.max = 2 * (size_t)settings->max_in_flight,
                                               .partitions = dispatcher->count,
                                               .loop = service_loop(dispatcher->service)};
    for (uint32_t i = 0; i < dispatcher->count; i++) {
        struct claim_options options = {
            .partition = i,
            .consumer_name = service_consumer_name(dispatcher->service),
            .lease_ms = settings->service.lease_ms,
            .claims_max = (uint32_t)settings->max_claims,
            .window = &dispatcher->window,
            .lanes = dispatcher->lanes,
            .disabler = dispatcher->disabler,
            .disable_after_ms = settings->disable_after_ms,
        };
        dispatcher->claims[i] = claim_new(service_loop(dispatcher->service), store, &options);
        claim_start(dispatcher->claims[i]);
    }
}

static void on_claim_drained(void *self)
{
    struct dispatcher *dispatcher = self;
    must(dispatcher->draining > 0);
    if (--dispatcher->draining == 0) {
        service_drained(dispatcher->service);
    }
}

/* Handed back first: a claim is drained when nothing of it is held any more. */
void dispatcher_drain(void *self)
{
    struct dispatcher *dispatcher = self;
    dispatcher->draining = dispatcher->count;
    lanes_hand_back(dispatcher->lanes);
    for (uint32_t i = 0; i < dispatcher->count; i++) {
        claim_drain(dispatcher->claims[i], on_claim_drained, dispatcher);
    }
}

/* The store's connection is gone already, so no answer comes any more. Each goes before those that it still calls back. */
void dispatcher_destroy(void *self)
{
    struct dispatcher *dispatcher = self;
    http_client_free(&dispatcher->client);
    config_feed_free(&dispatcher->feed);
    disabler_free(&dispatcher->disabler);
    endpoint_book_free(&dispatcher->endpoints);
    event_book_free(&dispatcher->events);
    lanes_free(&dispatcher->lanes);
    attempts_free(&dispatcher->attempts);
    claim_window_fini(&dispatcher->window);
    for (uint32_t i = 0; i < dispatcher->count; i++) {
        claim_free(&dispatcher->claims[i]);
    }
    gauges_free(&dispatcher->gauges);
    free(dispatcher->claims);
    free(dispatcher);
}

size_t dispatcher_checks(void *self, struct service_check *checks, size_t max)
{
    const struct dispatcher *dispatcher = self;
    size_t count = 0;
    for (uint32_t i = 0; i < dispatcher->count && count < max; i++) {
        const struct consumer *consumer = claim_consumer(dispatcher->claims[i]);
        int64_t silent_ms = clock_mono_ms() - consumer_last_progress_mono_ms(consumer);
        bool ok = consumer_is_reading(consumer) && silent_ms < PROGRESS_MS;
        if (ok && i > 0) {
            continue; /* one line for all that are well */
        }
        struct service_check *check = &checks[count++];
        *check = (struct service_check){.name = "deliveries", .ok = ok};
        snprintf(check->detail, sizeof check->detail, "partition %u: last answer %lld ms ago", i,
                 (long long)silent_ms);
    }
    return count;
}

void dispatcher_refresh_metrics(void *self, loop_fn done, void *done_self)
{
    struct dispatcher *dispatcher = self;
    if (!dispatcher->gauges) { /* not started yet */
        done(done_self);
        return;
    }
    for (uint32_t i = 0; i < dispatcher->count; i++) {
        claim_count(dispatcher->claims[i]);
    }
    metric_set(METRIC_CACHE_ENTRIES, 0, (double)endpoint_book_size(dispatcher->endpoints));
    gauges_refresh(dispatcher->gauges, done, done_self);
}
