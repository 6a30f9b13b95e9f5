/*
 * http_target_test.c - parameters of a query; targets as such are in http_reject_test.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/http_target.h"

static const struct {
    const char *query, *name;
    enum status status;
    const char *value;
} rows[] = {
    {"a=1&b=2", "a", STATUS_OK, "1"},
    {"a=1&b=2", "b", STATUS_OK, "2"},
    {"a=1&b=2", "c", STATUS_ABSENT, NULL},
    {"aa=1", "a", STATUS_ABSENT, NULL},
    {"a", "aa", STATUS_ABSENT, NULL},
    {"a", "a", STATUS_OK, ""},
    {"a=", "a", STATUS_OK, ""},
    {"&&a=1&", "a", STATUS_OK, "1"},
    {"a=b=c", "a", STATUS_OK, "b=c"},
    {"%61=%62%2B", "a", STATUS_OK, "b+"},
    {"a=b+c", "a", STATUS_OK, "b c"},
    {"a+b=1", "a b", STATUS_OK, "1"},
    {"a=%26&b=1", "a", STATUS_OK, "&"},
    {"a=%c3%A9", "a", STATUS_OK, "\xc3\xa9"},
    {"a=1&a=1", "a", STATUS_INVALID, NULL},
    {"a=1&%61=2", "a", STATUS_INVALID, NULL},
    {"a=%", "a", STATUS_INVALID, NULL},
    {"a=%4", "a", STATUS_INVALID, NULL},
    {"a=%zz", "a", STATUS_INVALID, NULL},
    {"a=%00", "a", STATUS_INVALID, NULL},
    {"%zz=1&a=1", "a", STATUS_INVALID, NULL},
    {"b=1&a=1", "", STATUS_ABSENT, NULL},
    {"", "a", STATUS_ABSENT, NULL},
};

static void test_parameters(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice value = {0};
        char room[64];

        assert_int_equal(http_target_parameter(slice_of(rows[i].query), rows[i].name, room, &value),
                         rows[i].status);
        if (rows[i].value != NULL)
            assert_true(slice_is(value, rows[i].value));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
