/*
 * endpoint_draft.h - an endpoint while it is read, from a request or from Redis; nothing of it is owned yet
 */
#pragma once

#include "endpoint.h"
#include "event_pattern.h"
#include "json_read.h"

struct endpoint_draft {
    struct endpoint endpoint; /* its lists are the two below */
    struct slice patterns[EVENT_PATTERNS_MAX];
    struct header headers[ENDPOINT_HEADERS_MAX];
};

void endpoint_draft_init(struct endpoint_draft *draft);

/* Texts stay in the tree. Fails: with a pointer that starts at the value. */
enum status endpoint_draft_patterns(struct endpoint_draft *draft, yyjson_val *value,
                                    struct problem *problem) must_check;
enum status endpoint_draft_headers(struct endpoint_draft *draft, yyjson_val *value,
                                   struct problem *problem) must_check;
