/*
 * replay_request.h - the request that makes a job of an endpoint's history
 */
#pragma once

#include <stdint.h>

#include "problem.h"

struct replay_request {
    int64_t since_ms;   /* 0: from the beginning */
    int64_t until_ms;   /* both belong to the window */
    const char *status; /* "failed", "delivered" or "all"; static */
};

/* {"since"?,"until"?,"status"?}, or nothing at all. until is at most now_ms, so that the job ends. */
enum status replay_parse_request(struct slice body, int64_t now_ms, struct replay_request *out,
                                 struct problem *problem) must_check;
