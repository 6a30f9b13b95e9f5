/*
 * http_transfer.h - one POST at a time on one libcurl handle, used again and again
 *
 * Only for http_client.c.
 */
#pragma once

#include <curl/curl.h>

#include "guard.h"
#include "http_client.h"
#include "http_sockets.h"
#include "http_waiting.h"

#define HTTP_RETRY_AFTER_MAX 64
#define HTTP_FIXED_LINES 3

struct http_transfer_shared {
    const struct http_client_options *options;
    struct http_sockets *sockets;
    struct http_waiting *waiting;
};

struct http_transfer {
    struct http_waiter waiter; /* first: http_waiting hands it back */
    struct http_transfer *next_idle, *next_of_all;
    const struct http_transfer_shared *shared;
    CURL *easy;
    bool is_running;
    bool is_connected; /* at least once */
    struct guard guard;
    struct curl_slist lines[HTTP_LINES_MAX + HTTP_FIXED_LINES]; /* the fixed ones last */
    size_t body_len;
    http_answer_fn fn;
    void *self;
    int64_t started_us;

    int status;
    bool has_status;      /* a final header block is complete */
    bool is_cut;          /* ended by us at response_max */
    bool headers_are_big; /* ended by us at the headers' bound */
    size_t headers_len, answer_len, kept_len;
    size_t retry_after_len;
    char retry_after[HTTP_RETRY_AFTER_MAX];
    char kept[]; /* response_keep bytes */
};

struct http_transfer *http_transfer_new(const struct http_transfer_shared *shared);
void http_transfer_free(struct http_transfer **transfer); /* not in a multi handle any more */
void http_transfer_prepare(struct http_transfer *transfer, const struct http_post *post,
                           http_answer_fn fn, void *self);

/* The request's bytes have all left. */
bool http_transfer_is_sent(struct http_transfer *transfer);

/* The answer, whose slices point into the transfer. */
struct http_answer http_transfer_answer(struct http_transfer *transfer, CURLcode code);
