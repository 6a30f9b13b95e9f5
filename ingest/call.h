/*
 * call.h - one API request on its way through ingest: what arrived, who asks, and its answer
 *
 * Lives in the request's own memory from the head until the answer, which ends it. Every call ends
 * in exactly one call_answer_* .
 */
#pragma once

#include "io/http_server.h"
#include "model/ids.h"
#include "model/problem.h"
#include "model/trace.h"
#include "rate.h"

struct ingest;
struct route;

struct principal {
    bool is_admin; /* the admin token: no organization of its own */
    struct slice org, org_name, key_id, key_name, scopes; /* in the request's memory */
    struct rate_limit limits[RATES];
};

struct call {
    struct ingest *ingest;
    struct http_request *http;
    const struct route *route; /* NULL: none of ours */
    size_t route_label;        /* its place in route_labels */
    struct slice path_id;      /* what stands for {id} in the route's path */
    struct principal principal;
    struct rate_state rates[RATES]; /* told in the answer's headers */
    char request_id[REQUEST_ID_MAX + 1];
    char trace[TRACEPARENT_LEN + 1];
};

/* Makes the call for a request whose head is complete, and puts it into request->user. */
struct call *call_new(struct ingest *ingest, struct http_request *http);

void call_answer_json(struct call *call, int status, struct slice json);

/* What is the same for everybody, in bytes that outlive the server, with the headers that keep a page
 * from loading anything of others. */
void call_answer_file(struct call *call, struct slice type, struct slice bytes, bool is_gzip);

/* RFC 9457; pointer NULL: no errors member. 401 gets WWW-Authenticate, 503 and 429 Retry-After. */
void call_answer_problem(struct call *call, int status, const char *code, const char *detail,
                         const char *pointer);
/* What is absent and what is another organization's look the same. */
void call_answer_not_found(struct call *call);

/* 429, by call->rates. */
void call_answer_limited(struct call *call);
void call_answer_refused(struct call *call, const struct problem *problem);
void call_answer_method_not_allowed(struct call *call, const char *allow);

/* By the status of a command: 503 for DOWN and UNSURE, 500-free wording for what only a broken
 * store can cause (503 too). */
void call_answer_store_failed(struct call *call, enum status status);
