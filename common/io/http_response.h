/*
 * http_response.h - an answer as bytes
 *
 * Content-Length always, but for 204 and 304, which have no body; a HEAD request's answer has the length and no body.
 */
#pragma once

#include "http_server.h"

/* The Date header, made once per second. Zero-initialize. */
struct http_date {
    int64_t at_s;
    char line[sizeof "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"];
};

struct http_answer_to {
    bool is_head;
    bool is_http_1_0;
    bool closes;
};

/* Appends; past out's max, out overflows. The body of a response that is_lasting is left to the
 * caller: returned is what is to follow out. */
struct slice http_response_write(const struct http_response *response,
                                 const struct http_answer_to *to, struct http_date *date,
                                 struct buf *out);
