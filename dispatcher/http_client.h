/*
 * http_client.h - webhooks out: POSTs over HTTP/1.1 and TLS on libcurl's multi interface
 *
 * Connections and handles are pooled. No redirect is followed, no proxy, cookie or netrc used, no answer decoded; of an answer no
 * more is read than its bounds. Three timeouts: to a connection, from there to the first line of the answer, and in all.
 * One pool serves all organizations: a connection is reused only for the same scheme, host and port, after the same check of the
 * certificate and without any client certificate or login, so it carries nobody's identity. A pool for each would cost a handshake
 * per organization at the hosts that many of them share (automation services), and memory for every one that ever sent.
 * Fails:  each POST has exactly one answer, through its callback, never before http_client_post has returned.
 */
#pragma once

#include "http_headers.h"
#include "io/loop.h"
#include "model/destination.h"
#include "outcome.h"

struct http_client_options {
    int64_t connect_timeout_ms;
    int64_t response_timeout_ms;
    size_t max_connections; /* kept, in use or resting; the transfers are bounded by the caller */
    size_t response_keep;   /* bytes of an answer's body that are handed over */
    size_t response_max;    /* bytes of it that are read; then the transfer is ended */
    const char *ca_file;    /* "": the system's; like the other texts borrowed for good */
    const char *user_agent;
    const struct cidr_list *allow;
    bool https_only;
};

struct http_client;

/* NULL when this libcurl cannot look names up in the background or ca_file cannot be read. */
struct http_client *http_client_new(struct loop *loop, const struct http_client_options *options,
                                    struct error *err);
void http_client_free(
    struct http_client **client); /* what is under way ends without its callback */

#define HTTP_LINES_MAX 8

/* All of it is borrowed until the answer. */
struct http_post {
    const char *url;
    size_t lines_count;
    char *lines[HTTP_LINES_MAX];  /* "name: value", of this request alone */
    struct http_headers *headers; /* NULL: none */
    struct slice body;
    int64_t total_timeout_ms;
};

struct http_answer {
    int status;               /* 0: no complete header block came */
    enum failure failure;     /* FAILURE_NONE when the answer was whole or cut at response_max */
    struct slice body;        /* first bytes; as retry_after borrowed during the callback */
    struct slice retry_after; /* as sent; empty: none */
    int64_t duration_us;
};
typedef void (*http_answer_fn)(const struct http_answer *answer, void *self);

void http_client_post(struct http_client *client, const struct http_post *post, http_answer_fn fn,
                      void *self);
