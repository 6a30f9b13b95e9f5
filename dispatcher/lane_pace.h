/*
 * lane_pace.h - how fast an endpoint takes deliveries, and whether that holds up others
 *
 * Pure: time is an argument.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LANE_SLOW_MS 1000
#define LANE_PARK_MIN_MS 1000
#define LANE_PARK_MAX_MS (60 * 60 * 1000)

struct lane_pace {
    size_t limit;            /* attempts at a time, at most */
    size_t earned;           /* of these may be used: a few at first, one more with each answer */
    int64_t average_ms;      /* of recent attempts; 0: none ended yet */
    int64_t attempt_ms;      /* what one is taken to take, as of the last judgement */
    int64_t ended_mono_ms;   /* when one ended last */
    int64_t blocked_mono_ms; /* since when nothing can start; 0: it can */
    int64_t parked_mono_us;  /* from when the next that is parked may come back; 0: none was */
    bool is_slow;
};

/* limit: attempts at a time; initial: as many before the first answer. */
void lane_pace_init(struct lane_pace *pace, size_t limit, size_t initial);

/* Attempts that may run at a time now. */
size_t lane_pace_slots(const struct lane_pace *pace);

void lane_pace_ended(struct lane_pace *pace, int64_t duration_ms, bool is_answered,
                     int64_t now_mono_ms);

/* oldest_mono_ms: start of the oldest attempt under way, 0: none. queued: deliveries that wait. */
void lane_pace_judge(struct lane_pace *pace, int64_t oldest_mono_ms, size_t queued,
                     int64_t now_mono_ms);

/*
 * How long the next that is parked stays away: until the lane will have had time for the `queued` ones and for all that were parked
 * before, with as many slots as it may come to have. A second to an hour; who would stay longer comes back then to ask again.
 */
int64_t lane_pace_park_ms(struct lane_pace *pace, size_t queued, size_t slots, int64_t now_mono_ms);

/* Some that were parked are not back yet. */
bool lane_pace_has_parked(const struct lane_pace *pace, int64_t now_mono_ms);
