/*
 * service_admin.c - the admin port: /health/live, /health/ready, /metrics
 *
 * live says that the loop turns; ready that the store is usable, progress was made lately and the
 * service is not draining.
 */
#include "service_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "../base/log.h"
#include "../base/random.h"
#include "../model/json.h"
#include "problem_response.h"

#define CHECKS_MAX 8
#define METRICS_MAX (4 * 1024 * 1024)

static void respond(struct http_request *request, int status, struct slice type, struct slice body)
{
    char id[17];
    uint64_t random = random_u64();
    hex_encode((const uint8_t *)&random, sizeof random, id);
    struct http_header headers[] = {{SLICE("X-Request-Id"), {id, 16}},
                                    {SLICE("Cache-Control"), SLICE("no-store")}};
    struct http_response response = {.status = status,
                                     .content_type = type,
                                     .body = body,
                                     .headers = headers,
                                     .headers_count = 2};
    http_respond(request, &response);
}

static void put_check(struct json_writer *json, const char *name, bool ok, const char *detail)
{
    json_open(json, '{');
    json_name(json, "name");
    json_put_text(json, slice_of(name));
    json_name(json, "ok");
    json_put_bool(json, ok);
    if (detail[0]) {
        json_name(json, "detail");
        json_put_text(json, slice_of(detail));
    }
    json_close(json, '}');
}

bool service_ready_json(struct service *service, struct buf *out)
{
    struct service_check checks[CHECKS_MAX];
    size_t count = 0;
    bool ready = store_is_ready(service->store) && service->started && !service->draining;
    if (service->started)
        count = service->definition->checks(service->self, checks, CHECKS_MAX);
    for (size_t i = 0; i < count; i++)
        ready = ready && checks[i].ok;
    struct json_writer json = {.out = out};
    json_open(&json, '{');
    json_name(&json, "status");
    json_put_text(&json, ready ? SLICE("ready") : SLICE("not_ready"));
    json_name(&json, "checks");
    json_open(&json, '[');
    put_check(&json, "redis", store_is_ready(service->store), store_why_not(service->store));
    put_check(&json, "taking_work", !service->draining, service->draining ? "draining" : "");
    for (size_t i = 0; i < count; i++)
        put_check(&json, checks[i].name, checks[i].ok, checks[i].detail);
    json_close(&json, ']');
    json_close(&json, '}');
    metric_set(METRIC_READY, 0, ready ? 1 : 0);
    return ready;
}

static void answer_ready(struct http_request *request, struct service *service)
{
    struct buf body;
    buf_init(&body, 16 * 1024);
    bool ready = service_ready_json(service, &body);
    respond(request, ready ? 200 : 503, SLICE("application/json"), buf_slice(&body));
    buf_fini(&body);
}

struct scrape {
    struct service *service;
    struct http_request *request;
};

static void answer_metrics(void *self)
{
    struct scrape *scrape = self;
    struct buf body;
    buf_init(&body, METRICS_MAX);
    metric_set(METRIC_LOG_DROPPED, 0, (double)log_dropped());
    metrics_render(&body);
    respond(scrape->request, 200, SLICE("text/plain; version=0.0.4; charset=utf-8"),
            buf_slice(&body));
    buf_fini(&body);
    free(scrape);
}

static void start_metrics(struct http_request *request, struct service *service)
{
    struct scrape *scrape = xcalloc(1, sizeof *scrape);
    *scrape = (struct scrape){service, request};
    if (service->started && service->definition->refresh_metrics)
        service->definition->refresh_metrics(service->self, answer_metrics, scrape);
    else
        answer_metrics(scrape);
}

static void answer_problem(struct http_request *request, int status, const char *code,
                           const char *detail)
{
    struct buf body;
    buf_init(&body, 4096);
    problem_body(&body, status, code, detail, (struct slice){0}, NULL);
    respond(request, status, SLICE("application/problem+json"), buf_slice(&body));
    buf_fini(&body);
}

static void on_request(struct http_request *request, void *self)
{
    struct service *service = self;
    bool is_get = slice_is(request->method, "GET") || slice_is(request->method, "HEAD");
    if (!is_get)
        answer_problem(request, 405, "method_not_allowed", "this port answers GET only");
    else if (slice_is(request->path, "/metrics"))
        start_metrics(request, service);
    else if (slice_is(request->path, "/health/ready"))
        answer_ready(request, service);
    else if (slice_is(request->path, "/health/live"))
        respond(request, 200, SLICE("application/json"), SLICE("{\"status\":\"live\"}"));
    else
        answer_problem(request, 404, "not_found",
                       "there are /health/live, /health/ready and /metrics");
}

_Noreturn void service_refuse_address(const char *what, const char *setting, const char *address,
                                      const struct error *err)
{
    char event[64];
    snprintf(event, sizeof event, "%s.bind_failed", what);
    log_event(LOG_ERROR, event, log_text("setting", setting), log_text("address", address),
              log_text("error", err->text));
    log_and_exit(EXIT_CONFIG);
}

void service_admin_start(struct service *service)
{
    struct http_limits limits = http_limits_default();
    limits.body_max = 0;
    limits.connections_max = 256;
    struct http_handler handler = {.on_request = on_request, .self = service};
    struct error err;
    int port = 0;
    service->admin = http_server_new(service->loop, &limits, &handler);
    if (http_server_bind(service->admin, service->settings->listen_admin, &port, &err) != STATUS_OK)
        service_refuse_address("admin", "admin_listen", service->settings->listen_admin, &err);
    log_event(LOG_INFO, "admin.listening", log_text("address", service->settings->listen_admin),
              log_int("port", port));
}
