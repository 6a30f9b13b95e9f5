/*
 * lane_pace.c - an average that forgets, and a clock for what does not end
 */
#include "lane_pace.h"

#define WEIGHT 8

void lane_pace_init(struct lane_pace *pace, size_t limit, size_t initial)
{
    *pace = (struct lane_pace){.limit = limit, .earned = initial > 0 ? initial : 1};
}

size_t lane_pace_slots(const struct lane_pace *pace)
{
    return pace->earned < pace->limit ? pace->earned : pace->limit;
}

void lane_pace_ended(struct lane_pace *pace, int64_t duration_ms, bool is_answered,
                     int64_t now_mono_ms)
{
    int64_t sample_ms = duration_ms > 0 ? duration_ms : 1;
    if (is_answered && pace->earned < pace->limit) {
        pace->earned++;
    }
    pace->average_ms =
        pace->average_ms ? pace->average_ms + (sample_ms - pace->average_ms) / WEIGHT : sample_ms;
    pace->ended_mono_ms = now_mono_ms;
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
    int64_t queue_ms = (int64_t)queued * pace->attempt_ms / (int64_t)lane_pace_slots(pace);
    pace->is_slow = pace->attempt_ms >= LANE_SLOW_MS || queue_ms >= LANE_SLOW_MS;
}

/* One attempt that hangs while others end says nothing of those to come. */
static int64_t expected_us(const struct lane_pace *pace, int64_t now_mono_ms)
{
    bool is_answering = pace->average_ms && now_mono_ms - pace->ended_mono_ms < LANE_SLOW_MS;
    return 1000 * (is_answering ? pace->average_ms : pace->attempt_ms);
}

/* Past the hour no times are handed out, else those who come back then would find their place taken by themselves. */
int64_t lane_pace_park_ms(struct lane_pace *pace, size_t queued, size_t slots, int64_t now_mono_ms)
{
    int64_t now_us = now_mono_ms * 1000, each_us = expected_us(pace, now_mono_ms) / (int64_t)slots;
    int64_t queue_us = (int64_t)queued * each_us;
    int64_t earliest_us =
        now_us + (queue_us > 1000 * LANE_PARK_MIN_MS ? queue_us : 1000 * LANE_PARK_MIN_MS);
    int64_t latest_us = now_us + 1000LL * LANE_PARK_MAX_MS;
    int64_t at_us = pace->parked_mono_us > earliest_us ? pace->parked_mono_us : earliest_us;
    at_us = at_us < latest_us ? at_us : latest_us;
    pace->parked_mono_us = at_us + each_us;
    return (at_us - now_us) / 1000;
}

bool lane_pace_has_parked(const struct lane_pace *pace, int64_t now_mono_ms)
{
    return pace->parked_mono_us > now_mono_ms * 1000;
}
