/*
 * attempt_item_test.c - items of a history as the scripts write them, and what they do not write
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "model/attempt_item.h"

static void one_after_the_other(void **state)
{
    struct slice history = SLICE("1700000000000-3,1700000005000:2:204:17");
    struct attempt_item item;
    (void)state;

    assert_int_equal(attempt_item_cut(&history, &item), STATUS_OK);
    assert_true(item.has_entry);
    assert_int_equal(item.entry.ms, 1700000000000);
    assert_int_equal(item.entry.seq, 3);

    assert_int_equal(attempt_item_cut(&history, &item), STATUS_OK);
    assert_false(item.has_entry);
    assert_int_equal(item.entry.ms, 1700000005000);
    assert_int_equal(item.entry.seq, 0);
    assert_int_equal(item.attempt, 2);
    assert_int_equal(item.status, 204);
    assert_int_equal(item.duration_ms, 17);
    assert_int_equal(history.len, 0);
}

static void what_is_no_item_is_refused_and_passed_over(void **state)
{
    static const char *const wrong[] = {"",
                                        "x",
                                        "1",
                                        "1:1:200",
                                        "1:1:200:",
                                        ":1:200:5",
                                        "1::200:5",
                                        "1:1::5",
                                        "1-",
                                        "-1",
                                        "1-1-1",
                                        "1:1:200:5:",
                                        "1:1:200:5:6",
                                        "1:1:200:-5",
                                        "1:a:200:5",
                                        "1-1:1:200:5",
                                        "9223372036854775808:1:200:5"};
    (void)state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s,7-1", wrong[i]);
        struct slice history = slice_of(text);
        struct attempt_item item;
        assert_int_equal(attempt_item_cut(&history, &item), STATUS_INVALID);
        assert_true(slice_is(history, "7-1"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(what_is_no_item_is_refused_and_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
