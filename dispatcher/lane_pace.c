/*
 * lane_pace.c - an average that forgets, and a clock for what does not end
 */
#include "lane_pace.h"

#include "retry.h"

#define WEIGHT 8

void lane_pace_ended(struct lane_pace *pace, int64_t duration_ms)
{
    int64_t sample_ms = duration_ms > 0 ? duration_ms : 1;
    pace->average_ms =
        pace->average_ms ? pace->average_ms + (sample_ms - pace->average_ms) / WEIGHT : sample_ms;
}

static int64_t queue_ms(const struct lane_pace *pace, size_t queued)
{
    return (int64_t)queued * pace->attempt_ms / (int64_t)pace->limit;
}

void lane_pace_judge(struct lane_pace *pace, int64_t oldest_mono_ms, size_t queued,
                     int64_t now_mono_ms)
{
    int64_t since_ms =
        pace->blocked_mono_ms && (!oldest_mono_ms || pace->blocked_mono_ms < oldest_mono_ms)
            ? pace->blocked_mono_ms
            : oldest_mono_ms;
    int64_t age_ms = since_ms ? now_mono_ms - since_ms : 0;
    pace->attempt_ms = age_ms > pace->average_ms ? age_ms : pace->average_ms;
    pace->is_slow = pace->attempt_ms >= LANE_SLOW_MS || queue_ms(pace, queued) >= LANE_SLOW_MS;
}

int64_t lane_pace_park_ms(const struct lane_pace *pace, size_t queued, uint64_t random)
{
    int64_t wait_ms = queue_ms(pace, queued);
    int64_t bounded_ms = wait_ms < LANE_PARK_MIN_MS   ? LANE_PARK_MIN_MS
                         : wait_ms > LANE_PARK_MAX_MS ? LANE_PARK_MAX_MS
                                                      : wait_ms;
    return retry_jitter(bounded_ms, random);
}
