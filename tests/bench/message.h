/*
 * message.h - the first complete HTTP/1.1 message of a connection's bytes, request or response
 *
 * Reads what a well-behaved peer sends: this is a measuring instrument, not a server. A body has
 * Content-Length or is chunked; a response with neither has none.
 */
#pragma once

#include "base/bytes.h"

#define MESSAGE_BODY_MAX (64u * 1024 * 1024)

struct message {
    size_t len;          /* of head and body as sent */
    int status;          /* of a response, 0 for a request */
    bool closes;         /* the sender will close after it */
    struct slice target; /* of a request */
    struct slice body;
};

/* Borrows from at, where a chunked body is joined in place. STATUS_ABSENT: not complete. STATUS_INVALID: not HTTP. */
enum status message_read(char *at, size_t len, struct message *out) must_check;
