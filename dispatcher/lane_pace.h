/*
 * lane_pace.h - how fast an endpoint takes deliveries, and whether that holds up others
 *
 * Pure: time and randomness are arguments.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LANE_SLOW_MS 1000
#define LANE_PARK_MIN_MS 1000
#define LANE_PARK_MAX_MS 60000

struct lane_pace {
    size_t limit;            /* attempts at a time, at most */
    size_t earned;           /* of these may be used: a few at first, one more with each answer */
    int64_t average_ms;      /* of recent attempts; 0: none ended yet */
    int64_t attempt_ms;      /* what one is taken to take, as of the last judgement */
    int64_t blocked_mono_ms; /* since when nothing can start; 0: it can */
    bool is_slow;
};

/* limit: attempts at a time; initial: as many before the first answer. */
void lane_pace_init(struct lane_pace *pace, size_t limit, size_t initial);

/* Attempts that may run at a time now. */
size_t lane_pace_slots(const struct lane_pace *pace);

void lane_pace_ended(struct lane_pace *pace, int64_t duration_ms, bool is_answered);

/* oldest_mono_ms: start of the oldest attempt under way, 0: none. queued: deliveries that wait. */
void lane_pace_judge(struct lane_pace *pace, int64_t oldest_mono_ms, size_t queued,
                     int64_t now_mono_ms);

/* When the lane will have had time for `queued` deliveries: 1 to 60 s, ±20 %. */
int64_t lane_pace_park_ms(const struct lane_pace *pace, size_t queued, uint64_t random);
