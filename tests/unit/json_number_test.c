/*
 * json_number_test.c - numbers in order of their value, each in every notation of it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "model/json_number.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define NOTATIONS 8

/* A line's texts are all the same number, and more than each of the line before. */
static const char *const ladder[][NOTATIONS] = {
    {"-1e10000"},
    {"-1e308", "-0.1e309", "-10000e304"},
    {"-18446744073709551617"},
    {"-9223372036854775809"},
    {"-9223372036854775808", "-9223372036854775808.0"},
    {"-1.5", "-15e-1", "-0.15E+1", "-1.500"},
    {"-1", "-1.0", "-100e-2"},
    {"-0.1"},
    {"-1e-400"},
    {"0", "-0", "0.0", "-0.000", "0e5", "-0E-99999999999999999999999"},
    {"1e-1000000"},
    {"0.00001", "1e-5", "0.01e-3", "10E-6"},
    {"0.1", "1e-1", "0.10", "0.0001e3", "1E-0001"},
    {"0.1000000000000000055"},
    {"0.3"},
    {"0.30000000000000004"},
    {"1", "1.0", "10e-1", "0.1e1", "1e0", "1E+0", "1e-0", "0.001e3"},
    {"1.0000000000000000000000000001"},
    {"9"},
    {"10", "1e1", "10.0", "0.1E2"},
    {"99.99", "9999e-2"},
    {"100.01", "0.0010001e5"},
    {"9007199254740992", "9007199254740992.0", "9.007199254740992e15"},
    {"9007199254740993", "9007199254740993e0", "90071992547409930e-1"},
    {"9223372036854775807"},
    {"9223372036854775808"},
    {"18446744073709551615", "1844674407370955161.5e1"},
    {"18446744073709551616"},
    {"123456789012345678901234567890", "1.2345678901234567890123456789e29"},
    {"123456789012345678901234567891"},
    {"1e308"},
    {"1e400", "10e399", "0.01e402"},
    {"2e400"},
    {"1e1000000"},
};

static struct json_number number(const char *text)
{
    return json_number_of(slice_of(text));
}

static void values_are_in_order_whatever_their_notation(void **state)
{
    (void)state;
    for (size_t a = 0; a < COUNT(ladder) * NOTATIONS; a++) {
        for (size_t b = 0; b < COUNT(ladder) * NOTATIONS; b++) {
            const size_t line_a = a / NOTATIONS, line_b = b / NOTATIONS;
            const char *text_a = ladder[line_a][a % NOTATIONS];
            const char *text_b = ladder[line_b][b % NOTATIONS];
            if (text_a == NULL || text_b == NULL)
                continue;
            const struct json_number first = number(text_a), second = number(text_b);
            const int order = json_number_cmp(&first, &second);
            if ((order > 0) - (order < 0) != (line_a > line_b) - (line_a < line_b))
                fail_msg("%s, %s: %d", text_a, text_b, order);
        }
    }
}

/* Past the largest exponent nothing overflows, and all that is smaller stays smaller. */
static void exponents_are_bounded(void **state)
{
    static const char *const huge[] = {"1e1000000000000",
                                       "1e1000000000001",
                                       "1e9223372036854775807",
                                       "1e9999999999999999999",
                                       "1e10000000000000000000",
                                       "1e99999999999999999999999999999",
                                       "1e00000000000000000000099999999999999999999"};
    const struct json_number most = number("9e999999999998");
    (void)state;
    for (size_t i = 0; i < COUNT(huge); i++) {
        char text[80];
        const struct json_number large = number(huge[i]);
        assert_true(json_number_cmp(&large, &most) > 0);
        snprintf(text, sizeof text, "1e-%s", huge[i] + 2);
        const struct json_number small = number(text), zero = number("0");
        assert_true(json_number_cmp(&small, &zero) > 0);
        snprintf(text, sizeof text, "-%s", huge[i]);
        const struct json_number least = number(text);
        assert_true(json_number_cmp(&least, &most) < 0);
        assert_true(json_number_cmp(&least, &zero) < 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_in_order_whatever_their_notation),
        cmocka_unit_test(exponents_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
