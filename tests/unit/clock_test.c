/*
 * clock_test.c - times and durations as text, against the C library and at each bound
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

#define END_MS INT64_C(253402300799999)
#define NONE INT64_MIN

typedef enum status parse_fn(struct slice text, int64_t *out_at_ms);

struct time_case {
    const char *text;
    int64_t at_ms; /* NONE: refused */
};

static void check(parse_fn *parse, const struct time_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t at_ms = NONE;
        enum status status = parse(slice_of(cases[i].text), &at_ms);
        if (at_ms != cases[i].at_ms || (status == STATUS_OK) != (at_ms != NONE)) {
            fail_msg("%s: status %d, %lld", cases[i].text, (int)status, (long long)at_ms);
        }
    }
}

static void clocks_advance(void **state)
{
    (void)state;
    int64_t wall_ms = clock_wall_ms();
    assert_in_range(wall_ms / 1000, (uintmax_t)time(NULL) - 2, (uintmax_t)time(NULL) + 2);
    int64_t mono_us = clock_mono_us();
    int64_t mono_ms = clock_mono_ms();
    assert_true(mono_ms >= mono_us / 1000 && mono_ms - mono_us / 1000 < 5000);
    while (clock_mono_us() == mono_us) {
    }
    assert_true(clock_mono_us() > mono_us);
}

/* Never ahead of the precise ones; and a tick behind, unless whoever keeps the time is kept from running. */
static void coarse_clocks_lag_a_tick(void **state)
{
    (void)state;
    int64_t least_ms = INT64_MAX;
    for (int i = 0; i < 1000000 && least_ms > 10; i++) {
        int64_t mono_ms = clock_coarse_mono_ms(), wall_ms = clock_coarse_wall_ms();
        int64_t mono_lag_ms = clock_mono_ms() - mono_ms, wall_lag_ms = clock_wall_ms() - wall_ms;
        assert_true(mono_lag_ms >= 0 && wall_lag_ms >= 0);
        int64_t lag_ms = mono_lag_ms > wall_lag_ms ? mono_lag_ms : wall_lag_ms;
        least_ms = lag_ms < least_ms ? lag_ms : least_ms;
    }
    assert_true(least_ms <= 10);
}

static void writes_as_the_c_library_does(void **state)
{
    (void)state;
    /* Each day of 1970 to 2470: all shapes of years, with 2000 and 2400 that leap and 2100 that does not. */
    for (int64_t day = 0; day < 500 * 366; day++) {
        int64_t at_ms = day * 86400000 + (day * 7919) % 86400000;
        time_t at_s = at_ms / 1000;
        struct tm tm;
        char expected[64];
        char out[CLOCK_RFC3339_LEN + 1];
        size_t len = strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", gmtime_r(&at_s, &tm));
        snprintf(expected + len, sizeof expected - len, ".%03dZ", (int)(at_ms % 1000));
        clock_rfc3339(at_ms, out);
        assert_string_equal(out, expected);
        int64_t back = NONE;
        assert_int_equal(clock_parse_rfc3339(slice_of(out), &back), STATUS_OK);
        assert_true(back == at_ms);
    }
    char out[CLOCK_RFC3339_LEN + 1];
    clock_rfc3339(0, out);
    assert_string_equal(out, "1970-01-01T00:00:00.000Z");
    clock_rfc3339(-1, out);
    assert_string_equal(out, "1970-01-01T00:00:00.000Z");
    static const int64_t lasts[] = {END_MS, END_MS + 1, INT64_C(1) << 50, INT64_MAX};
    for (size_t i = 0; i < sizeof lasts / sizeof lasts[0]; i++) {
        clock_rfc3339(lasts[i], out);
        assert_string_equal(out, "9999-12-31T23:59:59.999Z");
    }
}

static void parses_rfc3339(void **state)
{
    (void)state;
    static const struct time_case cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00.001Z", 1},
        {"1985-04-12T23:20:50.52Z", 482196050520},
        {"1996-12-19T16:39:57-08:00", 851042397000},
        {"1990-12-31T23:59:60Z", 662688000000},
        {"1990-12-31T15:59:60-08:00", 662688000000},
        {"1990-12-31T23:59:60.999Z", 662688000999},
        {"1937-01-01T12:00:27.87+00:20", NONE},
        {"2000-02-29t00:00:00z", 951782400000},
        {"2024-02-29T00:00:00+23:59", 1709078460000},
        {"2024-02-29T00:00:00-23:59", 1709251140000},
        {"2024-02-29T00:00:00-00:00", 1709164800000},
        {"2026-01-31T09:30:00.123456789Z", 1769851800123},
        {"2026-01-31T09:30:00.9Z", 1769851800900},
        {"2026-01-31T09:30:00.9999Z", 1769851800999},
        {"9999-12-31T23:59:59.999999999Z", END_MS},
        {"9999-12-31T23:59:59.999+00:01", END_MS - 60000},
        {"1969-12-31T23:30:00-01:00", 1800000},
        /* leap days and lengths of months */
        {"2023-02-29T00:00:00Z", NONE},
        {"2100-02-29T00:00:00Z", NONE},
        {"2200-02-29T00:00:00Z", NONE},
        {"2400-02-29T00:00:00Z", 13574563200000},
        {"2100-02-28T00:00:00Z", 4107456000000},
        {"2024-02-30T00:00:00Z", NONE},
        {"2024-04-31T00:00:00Z", NONE},
        {"2024-12-31T00:00:00Z", 1735603200000},
        {"2024-12-32T00:00:00Z", NONE},
        {"2024-00-01T00:00:00Z", NONE},
        {"2024-13-01T00:00:00Z", NONE},
        {"2024-01-00T00:00:00Z", NONE},
        /* bounds of the day, of offsets, of the years */
        {"2024-01-01T23:59:59Z", 1704153599000},
        {"2024-01-01T24:00:00Z", NONE},
        {"2024-01-01T00:60:00Z", NONE},
        {"2024-01-01T00:00:60Z", NONE},
        {"2024-01-01T23:59:61Z", NONE},
        {"2024-01-01T00:00:00+24:00", NONE},
        {"2024-01-01T00:00:00+00:60", NONE},
        {"1970-01-01T00:00:00+00:01", NONE},
        {"1969-12-31T23:59:59.999Z", NONE},
        {"0000-01-01T00:00:00Z", NONE},
        {"9999-12-31T23:59:00-00:01", NONE},
        {"9999-12-31T23:59:60Z", NONE},
        {"10000-01-01T00:00:00Z", NONE},
        /* shape */
        {"", NONE},
        {NULL, NONE},
        {"2024", NONE},
        {"2024-01-01", NONE},
        {"2024-01-01T00:00Z", NONE},
        {"2024-01-01T00:00:00", NONE},
        {"2024-01-01 00:00:00Z", NONE},
        {"2024-1-01T00:00:00Z", NONE},
        {"2024-01-01T00:00:00.Z", NONE},
        {"2024-01-01T00:00:00.1234567890Z", NONE},
        {"2024-01-01T00:00:00,5Z", NONE},
        {"2024-01-01T00:00:00+0000", NONE},
        {"2024-01-01T00:00:00+00", NONE},
        {"2024-01-01T00:00:00ZZ", NONE},
        {"2024-01-01T00:00:00Z ", NONE},
        {" 2024-01-01T00:00:00Z", NONE},
        {"2024-01-01T-1:00:00Z", NONE},
        {"2024-01-01T+1:00:00Z", NONE},
        {"-024-01-01T00:00:00Z", NONE},
        {"2024/01/01T00:00:00Z", NONE},
    };
    check(clock_parse_rfc3339, cases, sizeof cases / sizeof cases[0]);
}

/* No prefix of a time is one, and none reads past its end (an address sanitizer sees it). */
static void refuses_each_prefix(void **state)
{
    (void)state;
    const struct slice times[] = {SLICE("2024-02-29T23:59:58.123+01:30"),
                                  SLICE("Sun, 06 Nov 1994 08:49:37 GMT")};
    for (size_t which = 0; which < 2; which++) {
        for (size_t len = 0; len < times[which].len; len++) {
            char *copy = test_malloc(len + 1);
            memcpy(copy + 1, times[which].at, len);
            struct slice prefix = {.at = copy + 1, .len = len};
            int64_t at_ms = NONE;
            parse_fn *parse = which == 0 ? clock_parse_rfc3339 : clock_parse_http_date;
            assert_int_equal(parse(prefix, &at_ms), STATUS_INVALID);
            assert_true(at_ms == NONE);
            test_free(copy);
        }
    }
}

static void parses_http_dates(void **state)
{
    (void)state;
    static const struct time_case cases[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777000},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Fri, 31 Dec 9999 23:59:59 GMT", END_MS - 999},
        {"Tue, 29 Feb 2000 00:00:00 GMT", 951782400000},
        {"Thu, 29 Feb 2024 12:00:00 GMT", 1709208000000},
        {"Thu, 29 Feb 2023 12:00:00 GMT", NONE},
        {"Mon, 31 Dec 1990 23:59:60 GMT", 662688000000},
        {"Fri, 31 Dec 9999 23:59:60 GMT", NONE},
        {"Wed, 31 Dec 1969 23:59:59 GMT", NONE},
        {"Mon, 06 Nov 1994 08:49:37 GMT", NONE},
        {"Sun, 06 Nov 1994 24:00:00 GMT", NONE},
        {"Sun, 06 Nov 1994 08:60:37 GMT", NONE},
        {"Sun, 06 Nov 1994 08:49:61 GMT", NONE},
        {"Sun, 00 Nov 1994 08:49:37 GMT", NONE},
        {"Sun, 06 nov 1994 08:49:37 GMT", NONE},
        {"sun, 06 Nov 1994 08:49:37 GMT", NONE},
        {"Sun, 6 Nov 1994 08:49:37 GMT", NONE},
        {"Sun, 06 Nov 1994 08:49:37 UTC", NONE},
        {"Sun, 06 Nov 1994 08:49:37 +0000", NONE},
        {"Sun, 06 Nov 1994 08:49:37 GMT ", NONE},
        {"Sunday, 06-Nov-94 08:49:37 GMT", NONE},
        {"Sun Nov  6 08:49:37 1994", NONE},
        {"120", NONE},
        {"", NONE},
        {NULL, NONE},
    };
    check(clock_parse_http_date, cases, sizeof cases / sizeof cases[0]);
}

static void parses_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t max_ms;
        enum status status;
        int64_t ms;
    } cases[] = {
        {"250ms", INT64_MAX, STATUS_OK, 250},
        {"5s", INT64_MAX, STATUS_OK, 5000},
        {"5m", INT64_MAX, STATUS_OK, 300000},
        {"30h", INT64_MAX, STATUS_OK, 108000000},
        {"20d", INT64_MAX, STATUS_OK, 1728000000},
        {"0s", 0, STATUS_OK, 0},
        {"007s", INT64_MAX, STATUS_OK, 7000},
        {"999ms", 1000, STATUS_OK, 999},
        {"1000ms", 1000, STATUS_OK, 1000},
        {"1001ms", 1000, STATUS_LIMIT, 0},
        {"1s", 999, STATUS_LIMIT, 0},
        {"1s", 1000, STATUS_OK, 1000},
        {"1s", 0, STATUS_LIMIT, 0},
        {"1ms", -1, STATUS_LIMIT, 0},
        {"9223372036854775807ms", INT64_MAX, STATUS_OK, INT64_MAX},
        {"9223372036854775808ms", INT64_MAX, STATUS_LIMIT, 0},
        {"106751991167d", INT64_MAX, STATUS_OK, 106751991167 * 86400000},
        {"106751991168d", INT64_MAX, STATUS_LIMIT, 0},
        {"99999999999999999999999999h", INT64_MAX, STATUS_LIMIT, 0},
        {"", INT64_MAX, STATUS_INVALID, 0},
        {NULL, INT64_MAX, STATUS_INVALID, 0},
        {"0", INT64_MAX, STATUS_INVALID, 0},
        {"5", INT64_MAX, STATUS_INVALID, 0},
        {"s", INT64_MAX, STATUS_INVALID, 0},
        {"ms", INT64_MAX, STATUS_INVALID, 0},
        {"-5s", INT64_MAX, STATUS_INVALID, 0},
        {"+5s", INT64_MAX, STATUS_INVALID, 0},
        {" 5s", INT64_MAX, STATUS_INVALID, 0},
        {"5s ", INT64_MAX, STATUS_INVALID, 0},
        {"5 s", INT64_MAX, STATUS_INVALID, 0},
        {"1.5s", INT64_MAX, STATUS_INVALID, 0},
        {"1e3s", INT64_MAX, STATUS_INVALID, 0},
        {"5S", INT64_MAX, STATUS_INVALID, 0},
        {"5M", INT64_MAX, STATUS_INVALID, 0},
        {"5w", INT64_MAX, STATUS_INVALID, 0},
        {"5min", INT64_MAX, STATUS_INVALID, 0},
        {"5us", INT64_MAX, STATUS_INVALID, 0},
        {"1h30m", INT64_MAX, STATUS_INVALID, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ms = 0;
        enum status status = clock_parse_duration(slice_of(cases[i].text), cases[i].max_ms, &ms);
        if (status != cases[i].status || ms != cases[i].ms) {
            fail_msg("%s: status %d, %lld", cases[i].text, (int)status, (long long)ms);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_advance),
        cmocka_unit_test(coarse_clocks_lag_a_tick),
        cmocka_unit_test(writes_as_the_c_library_does),
        cmocka_unit_test(parses_rfc3339),
        cmocka_unit_test(refuses_each_prefix),
        cmocka_unit_test(parses_http_dates),
        cmocka_unit_test(parses_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
