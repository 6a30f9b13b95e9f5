/*
 * event_pattern_test.c - which patterns are valid and what they match
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/event_pattern.h"
#include "model/hook_event.h"

static void accepts_and_refuses(void **state)
{
    static const struct {
        const char *pattern;
        bool valid;
    } cases[] = {
        {"*", true},       {"order", true},       {"order.paid", true}, {"order.*", true},
        {"a.b.c.*", true}, {"-._", true},         {"", false},          {"**", false},
        {"*.paid", false}, {"order*", false},     {"or*der", false},    {"order.*.paid", false},
        {".*", false},     {"*.*", false},        {"order.**", false},  {"order.* ", false},
        {"or der", false}, {"order/paid", false}, {"\xc3\xa9", false},  {"order.?", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (event_pattern_is_valid(slice_of(cases[i].pattern)) != cases[i].valid)
            fail_msg("%s", cases[i].pattern);
}

static void bounds_lengths(void **state)
{
    char text[300];
    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t len = 255; len <= 257; len++) {
        assert_int_equal(event_pattern_is_valid((struct slice){text, len}), len <= 256);
        assert_int_equal(event_type_is_valid((struct slice){text, len}), len <= 256);
        memcpy(text + len - 2, ".*", 2);
        assert_int_equal(event_pattern_is_valid((struct slice){text, len}), len <= 256);
        memset(text, 'a', sizeof text);
    }
    assert_false(event_type_is_valid((struct slice){text, 0}));
}

static void matches(void **state)
{
    static const struct {
        const char *pattern, *type;
        bool matches;
    } cases[] = {
        {"*", "order", true},
        {"*", "order.paid", true},
        {"order", "order", true},
        {"order", "Order", false},
        {"order", "order.paid", false},
        {"order.paid", "order", false},
        {"order.paid", "order.paid", true},
        {"order.paid", "order.paid.x", false},
        {"order.*", "order.paid", true},
        {"order.*", "order.paid.late", true},
        {"order.*", "order", false},
        {"order.*", "order.", false},
        {"order.*", "orders.paid", false},
        {"order.*", "orderXpaid", false},
        {"order.*", "x.order.paid", false},
        {"a.b.*", "a.b.c", true},
        {"a.b.*", "a.c.b", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (event_pattern_matches(slice_of(cases[i].pattern), slice_of(cases[i].type)) !=
            cases[i].matches)
            fail_msg("%s and %s", cases[i].pattern, cases[i].type);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_and_refuses),
        cmocka_unit_test(bounds_lengths),
        cmocka_unit_test(matches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
