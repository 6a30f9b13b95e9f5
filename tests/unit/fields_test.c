/*
 * fields_test.c - records of Redis as lists: found by name, and written
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/fields.h"

static const struct slice record[] = {SLICE("a"), SLICE("1"), SLICE("b"), SLICE("2"),
                                      SLICE("c"), SLICE(""),  SLICE("d"), SLICE("4")};

static void assert_text(struct slice found, const char *expected)
{
    assert_true(slice_is(found, expected));
}

static void values_are_found_in_any_order(void **state)
{
    static const char *const usual[] = {"a", "b", "d"}, *const other[] = {"d", "a"};
    struct slice values[3];
    (void)state;
    assert_int_equal(fields_pick(record, 8, usual, 3, values), STATUS_OK);
    assert_text(values[0], "1");
    assert_text(values[1], "2");
    assert_text(values[2], "4");
    assert_int_equal(fields_pick(record, 8, other, 2, values), STATUS_OK);
    assert_text(values[0], "4");
    assert_text(values[1], "1");
}

static void what_is_missing_is_refused_or_empty(void **state)
{
    static const char *const names[] = {"a", "x", "c", "1"};
    struct slice values[4];
    (void)state;
    assert_int_equal(fields_pick(record, 8, names, 2, values), STATUS_INVALID);
    assert_int_equal(fields_pick_some(record, 8, names, 4, values), STATUS_OK);
    assert_text(values[0], "1");
    assert_text(values[1], "");
    assert_text(values[2], "");
    assert_text(values[3], ""); /* a value is no name */
    assert_int_equal(fields_pick(record, 7, names, 1, values), STATUS_INVALID);
    assert_int_equal(fields_pick_some(record, 7, names, 1, values), STATUS_INVALID);
    assert_int_equal(fields_pick_some(record, 0, names, 4, values), STATUS_OK);
    assert_text(values[0], "");
}

static void what_is_written_is_found(void **state)
{
    static const char *const names[] = {"text", "empty", "never", "before", "most"};
    struct fields fields = {.count = 0};
    struct slice values[5];
    (void)state;
    fields_add(&fields, "text", SLICE("t"));
    fields_add(&fields, "empty", (struct slice){0});
    fields_add_number(&fields, "never", 0);
    fields_add_number(&fields, "before", -1);
    fields_add_number(&fields, "most", INT64_MAX);
    assert_int_equal(fields.count, 10);
    assert_int_equal(fields_pick(fields.at, fields.count, names, 5, values), STATUS_OK);
    assert_text(values[0], "t");
    assert_text(values[1], "");
    assert_text(values[2], "");
    assert_text(values[3], "");
    assert_text(values[4], "9223372036854775807");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_in_any_order),
        cmocka_unit_test(what_is_missing_is_refused_or_empty),
        cmocka_unit_test(what_is_written_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
