#include "call.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "base/random.h"
#include "io/problem_response.h"
#include "metrics.h"
#include "route.h"

#define PROBLEM_MAX 4096

/* A trace that the client brought may have many requests: none has an id of that trace. An id "-" is
 * none, as in what is written of an event: lua/lib/origin.lua. */
static void set_labels(struct call *call)
{
    struct slice request_id = http_request_header(call->http, "x-request-id");
    struct slice trace = http_request_header(call->http, "traceparent");
    char made[TRACEPARENT_LEN + 1], of_made[TRACE_REQUEST_ID_LEN + 1];
    uint8_t random[24];

    random_bytes(random, sizeof random);
    traceparent_make(random, made);
    if (traceparent_parse(trace, call->trace) != STATUS_OK)
        memcpy(call->trace, made, sizeof made);
    if (!request_id_is_sane(request_id) || slice_is(request_id, "-"))
        request_id = trace_request_id(slice_of(made), of_made);
    must(slice_to_text(request_id, call->request_id, sizeof call->request_id) == STATUS_OK);
}

struct call *call_new(struct ingest *ingest, struct http_request *http)
{
    struct call *call = http_request_alloc(http, sizeof *call);
    memset(call, 0, sizeof *call);
    call->ingest = ingest;
    call->http = http;
    http->user = call;
    set_labels(call);
    return call;
}

/* Events have lines of their own; of the rest, what changed something or was refused. */
static void log_call(const struct call *call, int status, const char *code, int64_t us)
{
    bool is_read = slice_is(call->http->method, "GET") || slice_is(call->http->method, "HEAD");
    enum log_level level = status >= 500                                            ? LOG_WARN
                           : status < 300 && (is_read || call->route->posts_events) ? LOG_DEBUG
                                                                                    : LOG_INFO;
    log_event(level, "http.request", log_slice("method", call->http->method),
              log_slice("path", call->http->path), log_int("status", status),
              log_text("code", code), log_us_as_ms("duration_ms", us),
              log_slice("org", call->principal.org), log_slice("key", call->principal.key_id),
              log_text("peer", call->http->peer), log_text("request_id", call->request_id));
}

static void finish(struct call *call, const struct http_response *response, const char *code)
{
    int64_t us = clock_mono_us() - call->http->started_mono_us;
    metric_observe(METRIC_HTTP_SECONDS, call->route_label, (double)us / 1e6);
    log_call(call, response->status, code, us);
    http_respond(call->http, response);
}

#define HEADERS_MAX (7 + RATE_HEADERS)

struct answer {
    struct http_header headers[HEADERS_MAX];
    size_t headers_count;
    char rates[RATE_HEADERS][RATE_TEXT_MAX];
    char retry_after[24];
};

static void add_header(struct answer *answer, struct slice name, struct slice value)
{
    answer->headers[answer->headers_count++] = (struct http_header){name, value};
}

static void send_with(struct call *call, struct answer *answer, struct http_response *response,
                      const char *code)
{
    add_header(answer, SLICE("X-Request-Id"), slice_of(call->request_id));
    answer->headers_count += rate_headers(call->principal.limits, call->rates,
                                          answer->headers + answer->headers_count, answer->rates);
    response->headers = answer->headers;
    response->headers_count = answer->headers_count;
    finish(call, response, code);
}

static void send_answer(struct call *call, struct answer *answer, int status, struct slice type,
                        struct slice body, const char *code)
{
    add_header(answer, SLICE("Cache-Control"), SLICE("no-store"));
    struct http_response response = {
        .status = status, .content_type = body.len ? type : (struct slice){0}, .body = body};
    send_with(call, answer, &response, code);
}

void call_answer_file(struct call *call, struct slice type, struct slice bytes, bool is_gzip)
{
    struct answer answer = {0};
    add_header(&answer, SLICE("Cache-Control"), SLICE("public, max-age=300"));
    add_header(&answer, SLICE("Content-Security-Policy"),
               SLICE("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                     "img-src 'self' data:; base-uri 'none'; form-action 'none'; "
                     "frame-ancestors 'none'"));
    add_header(&answer, SLICE("X-Content-Type-Options"), SLICE("nosniff"));
    add_header(&answer, SLICE("Referrer-Policy"), SLICE("no-referrer"));
    add_header(&answer, SLICE("Vary"), SLICE("Accept-Encoding"));
    if (is_gzip)
        add_header(&answer, SLICE("Content-Encoding"), SLICE("gzip"));
    struct http_response response = {
        .status = 200, .content_type = type, .body = bytes, .is_lasting = true};
    send_with(call, &answer, &response, "");
}

void call_answer_json(struct call *call, int status, struct slice json)
{
    struct answer answer = {0};
    send_answer(call, &answer, status, SLICE("application/json"), json, "");
}

static void answer_problem(struct call *call, struct answer *answer, int status, const char *code,
                           const char *detail, const char *pointer)
{
    if (status == 401)
        add_header(answer, SLICE("WWW-Authenticate"), SLICE("Bearer realm=\"millrace\""));
    if (status == 503 || status == 429) {
        snprintf(answer->retry_after, sizeof answer->retry_after, "%lld",
                 (long long)rate_retry_after_s(call->rates));
        add_header(answer, SLICE("Retry-After"), slice_of(answer->retry_after));
    }
    struct buf body;
    buf_init(&body, PROBLEM_MAX);
    problem_body(&body, status, code, detail, slice_of(call->request_id), pointer);
    send_answer(call, answer, status, SLICE("application/problem+json"), buf_slice(&body), code);
    buf_fini(&body);
}

void call_answer_problem(struct call *call, int status, const char *code, const char *detail,
                         const char *pointer)
{
    struct answer answer = {0};
    answer_problem(call, &answer, status, code, detail, pointer);
}

void call_answer_not_found(struct call *call)
{
    call_answer_problem(call, 404, "not_found", "there is no such thing", NULL);
}

void call_answer_limited(struct call *call)
{
    call_answer_problem(call, 429, "rate_limited",
                        "over a rate limit of the organization or of this key; see Retry-After",
                        NULL);
}

void call_answer_refused(struct call *call, const struct problem *problem)
{
    const char *pointer = problem->http_status == 422 ? problem->pointer : NULL;
    call_answer_problem(call, problem->http_status, problem->code, problem->detail, pointer);
}

void call_answer_method_not_allowed(struct call *call, const char *allow)
{
    char detail[128];
    snprintf(detail, sizeof detail, "this path answers %s", allow);
    struct answer answer = {0};
    add_header(&answer, SLICE("Allow"), slice_of(allow));
    answer_problem(call, &answer, 405, "method_not_allowed", detail, NULL);
}

void call_answer_store_failed(struct call *call, enum status status)
{
    if (status == STATUS_UNSURE)
        call_answer_problem(call, 503, "outcome_unknown",
                            "the store did not answer; the request may have been carried out: "
                            "look before you repeat it, or repeat an event with the same dedup_id",
                            NULL);
    else
        call_answer_problem(call, 503, "store_unavailable",
                            "the store cannot take this now; try again", NULL);
}
