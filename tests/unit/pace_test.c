/*
 * pace_test.c - the width of marks follows how far apart an organization's events are
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "processor/pace.h"

#define FIRST_MS 1700000000000

/* That of the third of three events so far apart. */
static size_t chars_after(uint64_t first_gap_ms, uint64_t gap_ms)
{
    struct pace *pace = pace_new();
    assert_int_equal(pace_mark_chars(pace, SLICE("org_1"), FIRST_MS), 13);
    pace_mark_chars(pace, SLICE("org_1"), FIRST_MS + first_gap_ms);
    size_t chars = pace_mark_chars(pace, SLICE("org_1"), FIRST_MS + first_gap_ms + gap_ms);
    pace_free(&pace);
    assert_null(pace);
    return chars;
}

static void a_mark_takes_about_256_events(void **state)
{
    (void)state;
    static const struct {
        uint64_t gap_ms;
        size_t chars;
    } all[] = {{0, 13},   {1, 13},   {3, 13},    {4, 12},
               {127, 12}, {128, 11}, {1000, 11}, {UINT32_MAX, 11}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_int_equal(chars_after(UINT32_MAX, all[i].gap_ms), all[i].chars);
        assert_int_equal(chars_after(all[i].gap_ms, UINT32_MAX), all[i].chars);
    }
}

static int narrow_marks(struct pace *pace, uint64_t ms)
{
    char org[16];
    int narrow = 0;
    for (int i = 0; i < 1000; i++) {
        snprintf(org, sizeof org, "org_%d", i);
        narrow += pace_mark_chars(pace, slice_of(org), ms) == 13;
    }
    return narrow;
}

static void each_organization_has_its_own(void **state)
{
    (void)state;
    struct pace *pace = pace_new();
    assert_int_equal(narrow_marks(pace, FIRST_MS), 1000);
    for (int i = 1; i <= 3; i++) /* but those that share a place, some 60 */
        assert_in_range(narrow_marks(pace, FIRST_MS + (uint64_t)i * 1000), 0, 200);
    pace_free(&pace);
}

static void an_older_event_changes_nothing(void **state)
{
    (void)state;
    struct pace *pace = pace_new();
    pace_mark_chars(pace, SLICE("org_1"), FIRST_MS);
    assert_int_equal(pace_mark_chars(pace, SLICE("org_1"), FIRST_MS - 100000), 13);
    assert_int_equal(pace_mark_chars(pace, SLICE("org_1"), FIRST_MS + 4), 12);
    pace_free(&pace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_takes_about_256_events),
        cmocka_unit_test(each_organization_has_its_own),
        cmocka_unit_test(an_older_event_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
