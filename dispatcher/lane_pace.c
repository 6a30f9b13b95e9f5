/*
 * lane_pace.c - an average that forgets, and a clock for what does not end
 */
#include "lane_pace.h"

#include "retry.h"

#define WEIGHT 8

void lane_pace_init(struct lane_pace *pace, size_t limit, size_t initial)
{
    *pace = (struct lane_pace){.limit = limit, .earned = initial > 0 ? initial : 1};
}

size_t lane_pace_slots(const struct lane_pace *pace)
{
    return pace->earned < pace->limit ? pace->earned : pace->limit;
}

void lane_pace_ended(struct lane_pace *pace, int64_t duration_ms, bool is_answered)
{
    int64_t sample_ms = duration_ms > 0 ? duration_ms : 1;
    if (is_answered && pace->earned < pace->limit) {
        pace->earned++;
    }
    pace->average_ms =
        pace->average_ms ? pace->average_ms + (sample_ms - pace->average_ms) / WEIGHT : sample_ms;
}

static int64_t queue_ms(const struct lane_pace *pace, size_t queued)
{
    return (int64_t)queued * pace->attempt_ms / (int64_t)lane_pace_slots(pace);
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
