/*
 * http_server.h - HTTP/1.1 on libevent and llhttp, strict, every resource bounded
 *
 * A request is handed over complete. It lives until http_respond, also when the client has gone; its slices live as long. Answers
 * are sent in the order of the requests (pipelining). What breaks RFC 9112 or a limit is answered 400, 405, 408, 413, 417, 431 or 503
 * as problem+json with an X-Request-Id of its own, and the connection is closed.
 * Fails:  nothing reaches the handler that is not one well-formed request within the limits.
 * Warts:  a request line that is too long is 400, a Transfer-Encoding that is not supported too.
 */
#pragma once

#include <stdint.h>

#include "../base/bytes.h"
#include "loop.h"

struct http_limits {
    size_t request_line_max;  /* 8 KiB */
    size_t headers_bytes_max; /* 16 KiB */
    size_t headers_count_max; /* 100 */
    size_t body_max;          /* unless http_request_limit_body says less or more */
    size_t bodies_bytes_max;  /* of all requests not answered yet; past it 503: 256 MiB */
    size_t pipeline_max; /* requests of one connection not answered yet; reading pauses at it: 16 */
    size_t connections_max;        /* all; beyond it accepting pauses */
    size_t connections_per_ip_max; /* beyond it a connection is closed at once; 0: no such bound */
    size_t requests_per_connection_max; /* 1,000; 0: no bound */
    int64_t header_timeout_ms;          /* 10 s, for the whole head, from its first byte */
    int64_t keep_alive_timeout_ms;      /* 75 s idle */
    int64_t body_grace_ms;              /* 5 s, then at least body_rate_min bytes per second */
    size_t body_rate_min;               /* 1 KiB/s */
    int64_t write_timeout_ms;           /* an answer the client does not take: 30 s */
};
struct http_limits http_limits_default(void);

struct http_header {
    struct slice name; /* as sent; compare without case */
    struct slice value;
};

struct http_request {
    struct slice method; /* GET HEAD POST PUT PATCH DELETE OPTIONS; others the server answers 405 */
    struct slice path;   /* percent-decoded, no "..", no NUL, starts with '/' */
    struct slice query;  /* raw, without '?' */
    struct slice body;
    const struct http_header *headers;
    size_t headers_count;
    char peer[46];           /* client's address */
    int64_t started_mono_us; /* of the turn of the loop in which the head began to come */
    void *user;              /* the handler's own; freed by it */
};

struct http_server;

struct http_handler {
    /* The head is complete, no body read yet (100-continue not sent yet). May answer at once (then the body is not read and the
     * connection closed, unless there is none), call http_request_limit_body, or http_request_hold. Must keep nothing that outlives the
     * request: when the body does not come, it ends without another call. May be NULL. */
    void (*on_head)(struct http_request *request, void *self);
    /* The request is complete. Must end in exactly one http_respond, now or later. */
    void (*on_request)(struct http_request *request, void *self);
    /* What the server itself refused (malformed, timeout, too large), for logs and metrics. May be NULL. */
    void (*on_refused)(int status, const char *reason, const char *peer, void *self);
    void *self;
};

struct http_response {
    int status;
    struct slice content_type;         /* empty: none */
    struct slice body;                 /* copied, unless is_lasting */
    bool is_lasting;                   /* the body outlives the server: a client that reads slowly
                                          holds none of the memory that a copy would take */
    const struct http_header *headers; /* more headers; copied; must hold no CR or LF */
    size_t headers_count;
    bool close; /* close the connection after this answer */
};

struct http_server *http_server_new(struct loop *loop, const struct http_limits *limits,
                                    const struct http_handler *handler);
void http_server_free(struct http_server **server);

/* ADDR:PORT or [ADDR6]:PORT, port 0 takes a free one; SO_REUSEPORT. out_port may be NULL. */
enum status http_server_bind(struct http_server *server, const char *address, int *out_port,
                             struct error *err) must_check;

/* FAILED when anybody listens there already: with SO_REUSEPORT a second one would share the port without a word. */
enum status http_server_probe(const char *address, struct error *err) must_check;

/* Stops accepting, closes idle connections, answers what is under way with "Connection: close"; then calls done (never before returning). */
void http_server_drain(struct http_server *server, loop_fn done, void *self);
size_t http_server_connections(const struct http_server *server);

/* The first of that name; at is NULL when there is none. */
struct slice http_request_header(const struct http_request *request, const char *name);
bool http_request_has_header(const struct http_request *request, const char *name);
void http_request_limit_body(struct http_request *request, size_t max);

/* In on_head: neither the body nor a next request is read, and no time runs, until http_request_go_on or, in place of it, http_respond.
 * The request lives until then, also when the client has gone. After http_request_go_on it is as after on_head: it may end. */
void http_request_hold(struct http_request *request);
void http_request_go_on(
    struct http_request *request); /* never calls on_request before it returns */

/* The value of a parameter of the form-encoded query ('+' is a space), in storage of the request. STATUS_ABSENT, or STATUS_INVALID
 * for a bad escape or a repeated name. */
enum status http_request_query(struct http_request *request, const char *name,
                               struct slice *out) must_check;

/* Bytes that live as long as the request. */
void *http_request_alloc(struct http_request *request, size_t size);

/* Exactly once per request, at any later time. The request is gone afterwards. */
void http_respond(struct http_request *request, const struct http_response *response);

const char *http_status_title(int status);
