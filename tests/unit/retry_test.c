/*
 * retry_test.c - schedules, jitter, Retry-After and their limits
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dispatcher/retry.h"

#define NOW_MS 1769851800000LL /* Sat, 31 Jan 2026 09:30:00 GMT */
#define DAY_MS (86400LL * 1000)

static const struct durations schedule = {.count = 3, .ms = {5000, 300000, 1800000}};
static const struct retry_policy policy = {
    .schedule = &schedule, .snooze_max = 20, .snooze_limit_ms = DAY_MS};
static const struct verdict failed = {OUTCOME_RETRY, "server_error", CLASS_5XX};
static const struct verdict told_to_wait = {OUTCOME_SNOOZE, "unavailable", CLASS_5XX};

static void reads_retry_after(void **state)
{
    static const struct {
        const char *text;
        int64_t delay_ms;
    } cases[] = {
        {"0", 0},
        {"1", 1000},
        {"120", 120000},
        {" 120\t", 120000},
        {"007", 7000},
        {"86400", DAY_MS},
        {"0.0", 0},
        {"0.001", 1000},
        {"1.5", 2000},
        {"86399.1", DAY_MS},
        {"86400.0", DAY_MS},
        {"Sat, 31 Jan 2026 09:30:00 GMT", 0},
        {"Sat, 31 Jan 2026 09:30:07 GMT", 7000},
        {"Sun, 01 Feb 2026 09:30:07 GMT", DAY_MS + 7000},
        {"Sat, 31 Jan 2026 09:29:59 GMT", 0},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t delay_ms = -1;
        assert_int_equal(retry_after_parse(slice_of(cases[i].text), NOW_MS, &delay_ms), STATUS_OK);
        assert_int_equal(delay_ms, cases[i].delay_ms);
    }
}

static void ignores_other_texts(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "-1",
        "+1",
        "1e3",
        "1e300",
        "NaN",
        "Infinity",
        "86401",
        "86400.1",
        "1.",
        ".5",
        "1.5.",
        "1,5",
        "1.5s",
        "0x10",
        "1 2",
        "5m",
        "soon",
        "1.x",
        "99999999999999999999",
        "2026-01-31T09:30:00Z",
        "Sat, 31 Feb 2026 09:30:00 GMT",
        "Sat, 31 Jan 2026 09:30:00 CET",
        "Sat, 31 Jan 2026",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t delay_ms = -1;
        assert_int_equal(retry_after_parse(slice_of(texts[i]), NOW_MS, &delay_ms), STATUS_INVALID);
        assert_int_equal(delay_ms, -1);
    }
    struct slice zero = {"1\0", 2};
    int64_t delay_ms;
    assert_int_equal(retry_after_parse(zero, NOW_MS, &delay_ms), STATUS_INVALID);
}

static void jitter_stays_within_a_fifth(void **state)
{
    static const int64_t delays[] = {0, 1, 4, 5, 1000, 5000, 86400000, 30 * DAY_MS};
    (void)state;
    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
        int64_t delay = delays[i], least = INT64_MAX, most = -1;
        for (uint64_t random = 0; random < 10000; random++) {
            int64_t jittered = retry_jitter(delay, random);
            least = jittered < least ? jittered : least;
            most = jittered > most ? jittered : most;
        }
        assert_int_equal(least, delay - delay / 5);
        assert_int_equal(most, delay + delay / 5);
    }
    assert_in_range(retry_jitter(5000, UINT64_MAX), 4000, 6000);
}

static void follows_the_schedule_then_gives_up(void **state)
{
    (void)state;
    for (uint32_t attempt = 1; attempt <= 3; attempt++) {
        struct retry_plan plan = retry_plan(&policy, &failed, attempt, 20, 0, attempt * 977);
        assert_int_equal(plan.outcome, OUTCOME_RETRY);
        assert_string_equal(plan.reason, "server_error");
        int64_t delay = schedule.ms[attempt - 1];
        assert_in_range(plan.delay_ms, delay - delay / 5, delay + delay / 5);
    }
    for (uint32_t attempt = 4; attempt != 0; attempt = attempt == 4 ? UINT32_MAX : 0) {
        struct retry_plan plan = retry_plan(&policy, &failed, attempt, 0, 0, 1);
        assert_int_equal(plan.outcome, OUTCOME_DEAD);
        assert_string_equal(plan.reason, "retries_exhausted");
        assert_int_equal(plan.delay_ms, 0);
    }
}

static void snoozes_as_long_as_asked_within_limits(void **state)
{
    static const struct {
        int64_t asked_ms, least_ms, most_ms;
    } cases[] = {
        {0, SNOOZE_MIN_MS, SNOOZE_MIN_MS * 11 / 10},
        {999, SNOOZE_MIN_MS, SNOOZE_MIN_MS * 11 / 10},
        {60000, 60000, 66000},
        {DAY_MS, DAY_MS, DAY_MS},
        {365 * DAY_MS, DAY_MS, DAY_MS},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (uint64_t random = 0; random < 20000; random += 7) {
            struct retry_plan plan =
                retry_plan(&policy, &told_to_wait, 4, 19, cases[i].asked_ms, random);
            assert_int_equal(plan.outcome, OUTCOME_SNOOZE);
            assert_string_equal(plan.reason, "unavailable");
            assert_in_range(plan.delay_ms, cases[i].least_ms, cases[i].most_ms);
        }
    }
}

static void does_not_snooze_for_ever(void **state)
{
    (void)state;
    assert_int_equal(retry_plan(&policy, &told_to_wait, 1, 19, 1000, 1).outcome, OUTCOME_SNOOZE);
    struct retry_plan plan = retry_plan(&policy, &told_to_wait, 1, 20, 1000, 1);
    assert_int_equal(plan.outcome, OUTCOME_DEAD);
    assert_string_equal(plan.reason, "snoozes_exhausted");
}

static void leaves_final_verdicts_alone(void **state)
{
    static const struct verdict delivered = {OUTCOME_DELIVERED, "", CLASS_2XX};
    static const struct verdict gone = {OUTCOME_DEAD, "gone", CLASS_4XX};
    (void)state;
    struct retry_plan plan = retry_plan(&policy, &delivered, 9, 99, 0, 1);
    assert_int_equal(plan.outcome, OUTCOME_DELIVERED);
    assert_string_equal(plan.reason, "");
    plan = retry_plan(&policy, &gone, 1, 0, 0, 1);
    assert_int_equal(plan.outcome, OUTCOME_DEAD);
    assert_string_equal(plan.reason, "gone");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_retry_after),
        cmocka_unit_test(ignores_other_texts),
        cmocka_unit_test(jitter_stays_within_a_fifth),
        cmocka_unit_test(follows_the_schedule_then_gives_up),
        cmocka_unit_test(snoozes_as_long_as_asked_within_limits),
        cmocka_unit_test(does_not_snooze_for_ever),
        cmocka_unit_test(leaves_final_verdicts_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
