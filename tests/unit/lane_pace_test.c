/*
 * lane_pace_test.c - who is slow, how many slots are earned, and how long the parked stay away
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dispatcher/lane_pace.h"

#define NOW 1000000

static struct lane_pace pace_of(size_t limit, int64_t average_ms)
{
    struct lane_pace pace;
    lane_pace_init(&pace, limit, limit);
    if (average_ms > 0) {
        lane_pace_ended(&pace, average_ms, true);
    }
    return pace;
}

static void slots_are_earned_by_answers(void **state)
{
    (void)state;
    struct lane_pace pace;
    lane_pace_init(&pace, 10, 3);
    assert_int_equal(lane_pace_slots(&pace), 3);
    lane_pace_ended(&pace, 5, false);
    assert_int_equal(lane_pace_slots(&pace), 3);
    for (int i = 0; i < 20; i++) {
        lane_pace_ended(&pace, 5, true);
    }
    assert_int_equal(lane_pace_slots(&pace), 10);
    pace.limit = 4; /* the endpoint was changed */
    assert_int_equal(lane_pace_slots(&pace), 4);
    lane_pace_init(&pace, 10, 0);
    assert_int_equal(lane_pace_slots(&pace), 1);
}

static void average_follows(void **state)
{
    (void)state;
    struct lane_pace pace = pace_of(1, 100);
    assert_int_equal(pace.average_ms, 100);
    for (int i = 0; i < 60; i++) {
        lane_pace_ended(&pace, 2000, true);
    }
    assert_in_range(pace.average_ms, 1900, 2000);
    for (int i = 0; i < 100; i++) {
        lane_pace_ended(&pace, 0, true);
    }
    assert_in_range(pace.average_ms, 1, 10);
}

static void judges(void **state)
{
    static const struct {
        size_t limit;
        int64_t average_ms;
        int64_t oldest_ms_ago; /* -1: none under way */
        int64_t blocked_ms_ago;
        size_t queued;
        bool is_slow;
    } cases[] = {
        {100, 0, -1, -1, 0, false},   {100, 0, -1, -1, 500, false}, {100, 0, 0, -1, 500, false},
        {100, 0, 999, -1, 0, false},  {100, 0, 1000, -1, 0, true},  {100, 0, 150, -1, 500, false},
        {100, 0, 200, -1, 500, true}, {100, 999, -1, -1, 0, false}, {100, 1000, -1, -1, 0, true},
        {100, 2, 5, -1, 500, false},  {1, 200, 10, -1, 4, false},   {1, 200, 10, -1, 5, true},
        {100, 5, -1, 999, 1, false},  {100, 5, -1, 1000, 1, true},  {100, 5, 3, 1000, 1, true},
        {100, 5, 1000, 3, 1, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lane_pace pace = pace_of(cases[i].limit, cases[i].average_ms);
        int64_t oldest = cases[i].oldest_ms_ago < 0 ? 0 : NOW - cases[i].oldest_ms_ago;
        pace.blocked_mono_ms = cases[i].blocked_ms_ago < 0 ? 0 : NOW - cases[i].blocked_ms_ago;
        lane_pace_judge(&pace, oldest, cases[i].queued, NOW);
        assert_int_equal(pace.is_slow, cases[i].is_slow);
    }
}

static void parks_for_as_long_as_the_queue_needs(void **state)
{
    static const struct {
        size_t limit, queued;
        int64_t average_ms, wait_ms;
    } cases[] = {{100, 250, 15000, 37500},
                 {100, 10, 1000, LANE_PARK_MIN_MS},
                 {1, 250, 5000, LANE_PARK_MAX_MS}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lane_pace pace = pace_of(cases[i].limit, cases[i].average_ms);
        lane_pace_judge(&pace, 0, cases[i].queued, NOW);
        int64_t least = INT64_MAX, most = 0;
        for (uint64_t random = 0; random < 5000; random++) {
            int64_t ms = lane_pace_park_ms(&pace, cases[i].queued, random);
            least = ms < least ? ms : least;
            most = ms > most ? ms : most;
        }
        assert_int_equal(least, cases[i].wait_ms * 4 / 5);
        assert_int_equal(most, cases[i].wait_ms * 6 / 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_earned_by_answers),
        cmocka_unit_test(average_follows),
        cmocka_unit_test(judges),
        cmocka_unit_test(parks_for_as_long_as_the_queue_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
