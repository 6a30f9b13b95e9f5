/*
 * rate.h - rate limits of who makes a request, and how much of them is left
 *
 * Two limiters at most count a request: the organization's and the key's. Their state is in Redis, so
 * that they hold across all processes; the scripts publish and limit judge them (lua/lib/gcra.lua).
 */
#pragma once

#include <stdbool.h>

#include "io/http_server.h"
#include "io/redis.h"
#include "model/ids.h"

enum { RATE_ORG, RATE_KEY, RATES };

struct rate_limit {
    struct slice id;    /* of the organization or the key; it names the limiter */
    int64_t per_second; /* 0: not limited */
    int64_t burst;      /* how many at once, at least 1 */
};

/* What a script said of a limiter. */
struct rate_state {
    bool is_known;
    int64_t remaining; /* that it would allow now */
    int64_t reset_ms;  /* until it is as good as unused */
    int64_t retry_ms;  /* until it allows one more; 0: now */
};

#define RATE_HEADERS 5
#define RATE_TEXT_MAX 160

/* The headers that tell of those that are known; returns how many. text: behind them. At most
 * RATE_HEADERS: RateLimit-Policy, RateLimit (draft-ietf-httpapi-ratelimit-headers-10) and
 * X-RateLimit-Limit, -Remaining, -Reset (in seconds from now) of the one that has least left. */
size_t rate_headers(const struct rate_limit limits[RATES], const struct rate_state states[RATES],
                    struct http_header out[RATE_HEADERS], char text[RATE_HEADERS][RATE_TEXT_MAX]);

/* Whole seconds, at least 1, until all of them allow one more. */
int64_t rate_retry_after_s(const struct rate_state states[RATES]);

/* The numbers that a script says of a limiter, from index on. */
#define RATE_NUMBERS 3
struct rate_state rate_read(const struct redis_reply *reply, size_t index);
