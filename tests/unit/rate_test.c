/*
 * rate_test.c - what an answer tells of the rate limits that counted its request, and what a call asks
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/rate_batch.h"
#include "io/redis_command.h"

static const char *const names[RATE_HEADERS] = {"RateLimit-Policy", "RateLimit",
                                                "X-RateLimit-Limit", "X-RateLimit-Remaining",
                                                "X-RateLimit-Reset"};

#define ORG_LIMIT                                                                                  \
    {                                                                                              \
        .per_second = 10, .burst = 20                                                              \
    }
#define NO_LIMIT                                                                                   \
    {                                                                                              \
        .per_second = 0                                                                            \
    }
#define KEY_LIMIT                                                                                  \
    {                                                                                              \
        .per_second = 3, .burst = 10                                                               \
    }

static const struct {
    struct rate_limit limits[RATES];
    struct rate_state states[RATES];
    const char *values[RATE_HEADERS];
} cases[] = {
    {{ORG_LIMIT, NO_LIMIT},
     {{true, 19, 100, 0}, {0}},
     {"\"organization\";q=20;w=2", "\"organization\";r=19;t=1", "20", "19", "1"}},
    {{ORG_LIMIT, NO_LIMIT},
     {{true, 20, 0, 0}, {0}},
     {"\"organization\";q=20;w=2", "\"organization\";r=20;t=0", "20", "20", "0"}},
    {{NO_LIMIT, KEY_LIMIT},
     {{0}, {true, 0, 3334, 334}},
     {"\"key\";q=10;w=4", "\"key\";r=0;t=4", "10", "0", "4"}},
    /* The numbers are those of the one that has least left. */
    {{ORG_LIMIT, KEY_LIMIT},
     {{true, 5, 1500, 0}, {true, 4, 2000, 0}},
     {"\"organization\";q=20;w=2, \"key\";q=10;w=4", "\"organization\";r=5;t=2, \"key\";r=4;t=2",
      "10", "4", "2"}},
    {{ORG_LIMIT, KEY_LIMIT},
     {{true, 4, 1001, 0}, {true, 4, 2000, 0}},
     {"\"organization\";q=20;w=2, \"key\";q=10;w=4", "\"organization\";r=4;t=2, \"key\";r=4;t=2",
      "20", "4", "2"}},
    {{{.per_second = INT64_C(1000000000), .burst = INT64_C(1000000000000)},
      {.per_second = 1, .burst = INT64_C(1000000000000)}},
     {{true, INT64_C(1000000000000), 0, 0}, {true, 0, INT64_C(1000000000000000), 0}},
     {"\"organization\";q=1000000000000;w=1000, \"key\";q=1000000000000;w=1000000000000",
      "\"organization\";r=1000000000000;t=0, \"key\";r=0;t=1000000000000", "1000000000000", "0",
      "1000000000000"}},
};

static void headers_tell_of_those_that_counted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_header headers[RATE_HEADERS];
        char text[RATE_HEADERS][RATE_TEXT_MAX];
        assert_int_equal(rate_headers(cases[i].limits, cases[i].states, headers, text),
                         RATE_HEADERS);
        for (size_t k = 0; k < RATE_HEADERS; k++) {
            assert_true(slice_is(headers[k].name, names[k]));
            if (!slice_is(headers[k].value, cases[i].values[k]))
                fail_msg("case %zu: %s: %.*s", i, names[k], (int)headers[k].value.len,
                         headers[k].value.at);
        }
    }
}

static void without_a_limit_there_are_none(void **state)
{
    static const struct rate_limit limits[RATES] = {ORG_LIMIT, KEY_LIMIT};
    static const struct rate_state states[RATES];
    struct http_header headers[RATE_HEADERS];
    char text[RATE_HEADERS][RATE_TEXT_MAX];
    (void)state;
    assert_int_equal(rate_headers(limits, states, headers, text), 0);
}

static void retry_after_is_whole_seconds_until_all_allow_one(void **state)
{
    static const struct {
        struct rate_state states[RATES];
        int64_t seconds;
    } waits[] = {
        {{{0}, {0}}, 1},
        {{{true, 3, 100, 0}, {0}}, 1},
        {{{true, 0, 9000, 1}, {0}}, 1},
        {{{true, 0, 9000, 1000}, {0}}, 1},
        {{{true, 0, 9000, 1001}, {0}}, 2},
        {{{true, 0, 9000, 2000}, {true, 0, 9000, 2001}}, 3},
        {{{true, 0, 9000, 5000}, {true, 1, 9000, 0}}, 5},
        {{{false, 0, 9000, 5000}, {false, 0, 0, 9000}}, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++)
        assert_int_equal(rate_retry_after_s(waits[i].states), waits[i].seconds);
}

static void a_batch_has_each_limiter_once(void **state)
{
    static const struct rate_limit limits[][RATES] = {
        {{SLICE("org_1"), 3, 1000000}, {SLICE("key_1"), 0, 0}},
        {{SLICE("org_2"), 5, 6}, {SLICE("key_2"), 7, 8}},
        {{SLICE("org_1"), 3, 1000000}, {SLICE("key_1"), 0, 0}},
    };
    struct rate_batch batch = {0};
    struct redis_command command;
    struct slice wire;
    (void)state;
    for (size_t i = 0; i < 3; i++)
        rate_batch_gather(&batch, limits[i]);
    redis_command_init(&command);
    redis_command_start(&command);
    rate_batch_add_keys(&batch, 3, &command);
    rate_batch_add_arguments(&batch, &command);
    for (size_t i = 0; i < 3; i++)
        rate_batch_add_numbers(&batch, limits[i], &command);
    assert_int_equal(redis_command_wire(&command, &wire), STATUS_OK);
    assert_true(slice_is(wire,
                         "*16\r\n$17\r\nmr:{3}:rate:org_1\r\n$17\r\nmr:{3}:rate:org_2\r\n"
                         "$17\r\nmr:{3}:rate:key_2\r\n$1\r\n3\r\n"
                         "$1\r\n3\r\n$7\r\n1000000\r\n$1\r\n5\r\n$1\r\n6\r\n"
                         "$1\r\n7\r\n$1\r\n8\r\n"
                         "$1\r\n1\r\n$1\r\n0\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n1\r\n$1\r\n0\r\n"));
    redis_command_fini(&command);
    rate_batch_fini(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_tell_of_those_that_counted),
        cmocka_unit_test(without_a_limit_there_are_none),
        cmocka_unit_test(retry_after_is_whole_seconds_until_all_allow_one),
        cmocka_unit_test(a_batch_has_each_limiter_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
