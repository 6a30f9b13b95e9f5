/*
 * webhook_check.h - a webhook as it arrived: what it says, and whether its signature is right
 */
#pragma once

#include "io/http_server.h"
#include "model/signature.h"

enum verdict { VERDICT_UNCHECKED, VERDICT_RIGHT, VERDICT_WRONG };

/* Slices point into the request. */
struct webhook {
    struct slice id;   /* of the header */
    char type[280];    /* "" when the body does not say it */
    struct slice data; /* JSON as it came; empty when there is none */
    struct slice ce;   /* the attributes, when it was a CloudEvent; else empty */
    int64_t attempt;   /* -1: not said */
    int64_t received_at_ms;
    size_t body_bytes;
    enum verdict verdict;
};

/* secret: NULL when no secret is known. */
void webhook_check(const struct http_request *request, const struct signing_secret *secret,
                   int64_t now_ms, struct webhook *out);

/* A line for a program, or for a person. Appends. */
void webhook_json(const struct webhook *webhook, struct buf *out);
void webhook_words(const struct webhook *webhook, struct buf *out);
