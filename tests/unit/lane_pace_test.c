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
        lane_pace_ended(&pace, average_ms, true, NOW);
    }
    return pace;
}

static void slots_are_earned_by_answers(void **state)
{
    (void)state;
    struct lane_pace pace;
    lane_pace_init(&pace, 10, 3);
    assert_int_equal(lane_pace_slots(&pace), 3);
    lane_pace_ended(&pace, 5, false, NOW);
    assert_int_equal(lane_pace_slots(&pace), 3);
    for (int i = 0; i < 20; i++) {
        lane_pace_ended(&pace, 5, true, NOW);
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
        lane_pace_ended(&pace, 2000, true, NOW);
    }
    assert_in_range(pace.average_ms, 1900, 2000);
    for (int i = 0; i < 100; i++) {
        lane_pace_ended(&pace, 0, true, NOW);
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

/* Of a lane judged at NOW, whose attempts take so long. */
static struct lane_pace judged(int64_t average_ms)
{
    struct lane_pace pace = pace_of(100, average_ms);
    lane_pace_judge(&pace, 0, 0, NOW);
    return pace;
}

static void parks_behind_the_queue(void **state)
{
    static const struct {
        size_t slots, queued;
        int64_t average_ms, wait_ms;
    } cases[] = {{100, 250, 15000, 37500},
                 {100, 10, 1000, LANE_PARK_MIN_MS},
                 {1, 1000, 5000, LANE_PARK_MAX_MS},
                 {1, 12, 5000, 60000}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lane_pace pace = judged(cases[i].average_ms);
        assert_int_equal(lane_pace_park_ms(&pace, cases[i].queued, cases[i].slots, NOW),
                         cases[i].wait_ms);
    }
}

/* As many come back in a while as the lane gets through in it. */
static void parks_one_after_the_other(void **state)
{
    (void)state;
    struct lane_pace pace = judged(1500);
    assert_false(lane_pace_has_parked(&pace, NOW));
    for (int i = 0; i < 40000; i++) {
        assert_int_equal(lane_pace_park_ms(&pace, 0, 100, NOW + i / 100), 1000 + i * 15 - i / 100);
    }
    assert_true(lane_pace_has_parked(&pace, NOW + 1000 + 599000));
    assert_false(lane_pace_has_parked(&pace, NOW + 1000 + 600000));
    /* Those times are over: the next waits for the queue alone. */
    assert_int_equal(lane_pace_park_ms(&pace, 200, 100, NOW + 700000), 200 * 15);
}

static void at_the_longest_all_come_back_to_ask_again(void **state)
{
    (void)state;
    struct lane_pace pace = judged(10000);
    for (int i = 0; i < 2000; i++) {
        int64_t ms = lane_pace_park_ms(&pace, 0, 1, NOW);
        assert_int_equal(ms, i < 360 ? 1000 + i * 10000 : LANE_PARK_MAX_MS);
    }
    /* An hour later there are places right away. */
    assert_in_range(lane_pace_park_ms(&pace, 0, 1, NOW + LANE_PARK_MAX_MS), 1000, 10000);
}

static void one_that_hangs_does_not_hold_up_the_parked(void **state)
{
    static const struct {
        int64_t ended_ms_ago, each_ms;
    } cases[] = {{0, 200}, {999, 200}, {1000, 30000}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lane_pace pace = pace_of(100, 200);
        pace.ended_mono_ms = NOW - cases[i].ended_ms_ago;
        lane_pace_judge(&pace, NOW - 30000, 0, NOW);
        assert_true(pace.is_slow);
        int64_t first_ms = lane_pace_park_ms(&pace, 0, 1, NOW);
        assert_int_equal(lane_pace_park_ms(&pace, 0, 1, NOW) - first_ms, cases[i].each_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_earned_by_answers),
        cmocka_unit_test(average_follows),
        cmocka_unit_test(judges),
        cmocka_unit_test(parks_behind_the_queue),
        cmocka_unit_test(parks_one_after_the_other),
        cmocka_unit_test(at_the_longest_all_come_back_to_ask_again),
        cmocka_unit_test(one_that_hangs_does_not_hold_up_the_parked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
