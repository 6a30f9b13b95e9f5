/*
 * retry.h - all policy of trying again: schedule, jitter, Retry-After and the limits of both
 *
 * Pure: time and randomness are arguments. A schedule of n entries means n retries, n + 1 attempts.
 */
#pragma once

#include <stdint.h>

#include "base/config.h"
#include "outcome.h"

#define RETRY_AFTER_MAX_S 86400
#define SNOOZE_MIN_MS 1000

struct retry_policy {
    const struct durations *schedule;
    int64_t snooze_max;      /* how often a delivery may be told to wait */
    int64_t snooze_limit_ms; /* the longest Retry-After that is obeyed */
};

struct retry_plan {
    enum outcome outcome;
    const char *reason; /* why: the verdict's, or the limit that was reached; static */
    int64_t delay_ms;   /* for RETRY and SNOOZE */
};

/* Seconds 0 to 86400, a fraction rounded up, or an HTTP date (one that has passed means now). STATUS_INVALID: to be ignored. */
enum status retry_after_parse(struct slice text, int64_t now_at_ms,
                              int64_t *out_delay_ms) must_check;

/* attempt: the number of the one just made, from 1; snoozes: how often it was told to wait before. random: 64 random bits. */
struct retry_plan retry_plan(const struct retry_policy *policy, const struct verdict *verdict,
                             uint32_t attempt, uint32_t snoozes, int64_t retry_after_ms,
                             uint64_t random);

/* delay ±20 %. */
int64_t retry_jitter(int64_t delay_ms, uint64_t random);
