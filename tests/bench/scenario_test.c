/*
 * scenario_test.c - lines of calls: what they say, what is none, which call is next
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "scenario.h"

static const struct slice fields = SLICE("Host: here\r\n");

static void renders(const struct request_template *template, const char *text)
{
    const struct request_values values = {.seq = 7, .value = SLICE("v"), .kept = SLICE("k-1")};
    struct buf out;
    buf_init(&out, 1024);
    request_template_render(template, &values, &out);
    assert_true(slice_is(buf_slice(&out), text));
    buf_fini(&out);
}

static void says_what_is_called(void **state)
{
    static struct scenario scenario;
    (void)state;
    assert_int_equal(scenario_parse(&scenario,
                                    SLICE("lease lease_id POST /lease {\"limit\": 3}\n"
                                          "\n"
                                          "read - GET /of/{value}\n"
                                          "ack - POST /ack {\"lease_id\":\"{kept}\"}\n"
                                          "read - GET /other"),
                                    fields),
                     STATUS_OK);
    assert_int_equal(scenario.calls_count, 4);
    assert_int_equal(scenario.routes_count, 3);
    assert_string_equal(scenario.calls[0].keep, "lease_id");
    assert_null(scenario.calls[1].keep);
    assert_int_equal(scenario.calls[3].route, 1);
    assert_true(slice_is(scenario.routes[1].name, "read"));
    renders(&scenario.calls[0].item, "{\"limit\": 3}");
    renders(&scenario.calls[1].head, "GET /of/v HTTP/1.1\r\nHost: here\r\n");
    renders(&scenario.calls[1].item, "");
    renders(&scenario.calls[2].item, "{\"lease_id\":\"k-1\"}");
    scenario_fini(&scenario);
}

static void passes_over_what_needs_more(void **state)
{
    static struct scenario scenario;
    (void)state;
    assert_int_equal(
        scenario_parse(&scenario, SLICE("a - GET /a\nb - GET /{kept}\nc - PUT /c {kept}"), fields),
        STATUS_OK);
    assert_int_equal(scenario_next(&scenario, 0, false), 0);
    assert_int_equal(scenario_next(&scenario, 1, true), 1);
    assert_int_equal(scenario_next(&scenario, 1, false), 0);
    assert_int_equal(scenario_next(&scenario, 5, true), 2);
    assert_int_equal(scenario_next(&scenario, 5, false), 0);
    scenario_fini(&scenario);
}

static void counts_by_route(void **state)
{
    static struct scenario scenario;
    struct buf out;
    (void)state;
    buf_init(&out, 4096);
    assert_int_equal(scenario_parse(&scenario, SLICE("a - GET /\nb - GET /b\na - GET /c"), fields),
                     STATUS_OK);
    scenario_note(&scenario, 0, 200, 5);
    scenario_note(&scenario, 2, 409, 7);
    scenario_note(&scenario, 1, 202, 9);
    assert_int_equal(scenario.routes[0].answer_us.total, 2);
    assert_int_equal(scenario.routes[0].refused, 1);
    assert_int_equal(scenario.routes[1].answer_us.max, 9);
    assert_int_equal(scenario.routes[1].refused, 0);
    scenario_json(&scenario, &out);
    assert_true(slice_starts(buf_slice(&out), "{\"a\":{\"refused\":1,\"answer_us\":{\"count\":2,"));
    buf_fini(&out);
    scenario_fini(&scenario);
}

static void refuses_what_is_none(void **state)
{
    static const char *const texts[] = {"",        "name",     "name -",
                                        "a - GET", "a  GET /", "a - GET /{kept}"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        static struct scenario scenario;
        assert_int_equal(scenario_parse(&scenario, slice_of(texts[i]), fields), STATUS_INVALID);
        scenario_fini(&scenario);
    }
}

static void has_a_bound(void **state)
{
    static struct scenario scenario;
    (void)state;
    for (size_t i = 0; i < SCENARIO_CALLS_MAX; i++)
        assert_int_equal(scenario_parse(&scenario, SLICE("a - GET /"), fields), STATUS_OK);
    assert_int_equal(scenario_parse(&scenario, SLICE("a - GET /"), fields), STATUS_LIMIT);
    scenario_fini(&scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_called), cmocka_unit_test(passes_over_what_needs_more),
        cmocka_unit_test(counts_by_route),     cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
