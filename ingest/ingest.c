/*
 * ingest.c - from a request's head to its handler
 *
 * The port is open from the start: while Redis is not there, requests that need it are answered
 * 503.
 */
#include "ingest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/must.h"
#include "auth.h"
#include "call.h"
#include "configure.h"
#include "io/config_feed.h"
#include "limit.h"
#include "metrics.h"
#include "openapi.h"
#include "publish.h"
#include "query.h"
#include "routes.h"

#define BODY_NONE_MAX 1024
#define BODY_SMALL_MAX (64 * 1024)
#define NEGATIVE_TTL_MS 10000

static size_t body_max(const struct ingest *ingest, const struct route *route)
{
    switch (route->body) {
    case BODY_NONE:
        return BODY_NONE_MAX;
    case BODY_SMALL:
        return BODY_SMALL_MAX;
    case BODY_EVENT:
        return (size_t)ingest->settings->max_body;
    case BODY_BATCH:
        return (size_t)ingest->settings->max_body * INGEST_BATCH_BODIES;
    }
    return 0;
}

static void refuse(enum auth_verdict verdict, struct call *call)
{
    switch (verdict) {
    case AUTH_GRANTED:
    case AUTH_LATER:
        break;
    case AUTH_NO_KEY:
        call_answer_problem(call, 401, "no_api_key",
                            "send an API key as \"Authorization: Bearer mr_live_…\" or X-API-Key",
                            NULL);
        return;
    case AUTH_BAD_KEY:
        call_answer_problem(call, 401, "bad_api_key",
                            "this API key is malformed, unknown, revoked or expired", NULL);
        return;
    case AUTH_NO_SCOPE:
        call_answer_problem(call, 403, "scope_missing",
                            "this key's scopes do not allow this request", NULL);
        return;
    case AUTH_STORE_DOWN:
        call_answer_problem(call, 503, "store_unavailable",
                            "the key cannot be checked now; try again", NULL);
        return;
    }
    must(false);
}

static void on_verdict(enum auth_verdict verdict, struct call *call)
{
    if (verdict == AUTH_GRANTED)
        http_request_go_on(call->http);
    else
        refuse(verdict, call);
}

static enum auth_verdict check(struct call *call)
{
    struct ingest *ingest = call->ingest;
    if (!call->route->scope)
        return AUTH_GRANTED;
    return ingest->auth ? auth_check(ingest->auth, call) : AUTH_STORE_DOWN;
}

/* What can be refused without the body is refused before it is read: nobody unknown takes up memory. */
static void on_head(struct http_request *http, void *self)
{
    struct call *call = call_new(self, http);
    char allow[ALLOW_MAX];
    call->route = routes_find(http->method, http->path, &call->path_id, allow);
    call->route_label = routes_label(call->route);
    if (!call->route && allow[0]) {
        call_answer_method_not_allowed(call, allow);
        return;
    }
    if (!call->route) {
        call_answer_problem(call, 404, "not_found", "there is nothing at this path", NULL);
        return;
    }
    http_request_limit_body(http, body_max(call->ingest, call->route));
    enum auth_verdict verdict = check(call);
    if (verdict == AUTH_LATER) {
        http_request_hold(http);
        auth_resolve(call->ingest->auth, call, on_verdict);
    } else if (verdict != AUTH_GRANTED) {
        refuse(verdict, call);
    }
}

static bool is_empty_object(struct slice body)
{
    static const char wanted[] = "{}";
    size_t found = 0;
    for (size_t i = 0; i < body.len; i++) {
        if (body.at[i] != '\0' && strchr(" \t\r\n", body.at[i]))
            continue;
        if (found == 2 || body.at[i] != wanted[found++])
            return false;
    }
    return found == 2;
}

static enum status body_check(struct call *call)
{
    struct slice body = call->http->body;
    if (call->route->body != BODY_NONE || body.len == 0 || is_empty_object(body))
        return STATUS_OK;
    call_answer_problem(call, 400, "body_not_taken",
                        "this route takes no body but an empty JSON object", NULL);
    return STATUS_INVALID;
}

static void handle(struct call *call)
{
    if (query_check(call) == STATUS_OK && body_check(call) == STATUS_OK)
        call->route->handle(call);
}

static void on_request(struct http_request *http, void *self)
{
    (void)self;
    struct call *call = http->user;
    if (call->route->posts_events)
        handle(call);
    else
        limiter_pass(call->ingest->limiter, call, handle);
}

static void on_refused(int status, const char *reason, const char *peer, void *self)
{
    static struct log_limit limit;
    uint64_t suppressed;
    (void)self;
    metric_add(METRIC_HTTP_REFUSED, metric_refused_index(status), 1);
    if (log_limit_allows(&limit, 1000, &suppressed))
        log_event(LOG_INFO, "http.refused", log_int("status", status), log_text("reason", reason),
                  log_text("peer", peer), log_int("suppressed", (int64_t)suppressed));
}

static void on_config_change(const struct config_change *change, void *self)
{
    struct ingest *ingest = self;
    account_book_apply(ingest->accounts, change);
}

void *ingest_create(struct service *service)
{
    struct ingest *ingest = xcalloc(1, sizeof *ingest);
    ingest->service = service;
    ingest->settings = service_settings(service);
    openapi_write(&ingest->openapi);
    struct http_limits limits = http_limits_default();
    limits.body_max = (size_t)ingest->settings->max_body;
    limits.bodies_bytes_max = (size_t)ingest->settings->max_buffered;
    limits.connections_max = (size_t)ingest->settings->connections_max;
    limits.connections_per_ip_max = (size_t)ingest->settings->connections_per_ip_max;
    struct http_handler handler = {
        .on_head = on_head, .on_request = on_request, .on_refused = on_refused, .self = ingest};
    ingest->http = http_server_new(service_loop(service), &limits, &handler);
    struct error err;
    int port = 0;
    if (http_server_bind(ingest->http, ingest->settings->listen, &port, &err) != STATUS_OK) {
        log_event(LOG_ERROR, "ingest.bind_failed", log_text("setting", "listen"),
                  log_text("address", ingest->settings->listen), log_text("error", err.text));
        log_and_exit(EX_CONFIG);
    }
    log_event(LOG_INFO, "ingest.listening", log_text("address", ingest->settings->listen),
              log_int("port", port));
    return ingest;
}

void ingest_start(void *self)
{
    struct ingest *ingest = self;
    struct loop *loop = service_loop(ingest->service);
    struct store *store = service_store(ingest->service);
    struct account_book_options accounts = {
        .max = (size_t)ingest->settings->cache_max,
        .ttl_ms = ingest->settings->cache_ttl_ms,
        .negative_ttl_ms = NEGATIVE_TTL_MS,
    };
    struct auth_options auth = {
        .admin_token = ingest->settings->admin_token,
        .rate = {ingest->settings->rate_limit, ingest->settings->rate_burst},
    };
    if (auth.rate.burst == 0)
        auth.rate.burst = auth.rate.per_second;
    struct publisher_options publisher = {
        .max_depth = ingest->settings->max_depth,
        .dedup_window_ms = ingest->settings->dedup_window_ms,
        .client_name = service_consumer_name(ingest->service),
    };
    ingest->accounts = account_book_new(loop, store, &accounts);
    ingest->auth = auth_new(ingest->accounts, &auth);
    ingest->publisher = publisher_new(loop, store, &publisher);
    ingest->configurer = configurer_new(loop, store);
    ingest->limiter = limiter_new(loop, store);
    ingest->feed =
        config_feed_new(loop, store_address(store), service_consumer_name(ingest->service),
                        on_config_change, ingest);
}

static void on_http_drained(void *self)
{
    struct ingest *ingest = self;
    service_drained(ingest->service);
}

void ingest_drain(void *self)
{
    struct ingest *ingest = self;
    http_server_drain(ingest->http, on_http_drained, ingest);
}

void ingest_destroy(void *self)
{
    struct ingest *ingest = self;
    config_feed_free(&ingest->feed);
    limiter_free(&ingest->limiter);
    configurer_free(&ingest->configurer);
    publisher_free(&ingest->publisher);
    account_book_free(&ingest->accounts);
    auth_free(&ingest->auth);
    http_server_free(&ingest->http);
    buf_fini(&ingest->openapi);
    free(ingest);
}

size_t ingest_checks(void *self, struct service_check *checks, size_t max)
{
    const struct ingest *ingest = self;
    if (max == 0)
        return 0;
    checks[0] = (struct service_check){.name = "publish", .ok = publisher_is_up(ingest->publisher)};
    snprintf(checks[0].detail, sizeof checks[0].detail, "%s",
             checks[0].ok ? "" : "not connected to Redis");
    return 1;
}

void ingest_refresh_metrics(void *self, loop_fn done, void *done_self)
{
    const struct ingest *ingest = self;
    metric_set(METRIC_HTTP_CONNECTIONS, 0, (double)http_server_connections(ingest->http));
    for (enum account_kind kind = 0; ingest->accounts && kind < ACCOUNT_KINDS; kind++)
        metric_set(METRIC_CACHE_ENTRIES, kind, (double)account_book_size(ingest->accounts, kind));
    done(done_self);
}
