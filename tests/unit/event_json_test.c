/*
 * event_json_test.c - which texts are JSON: each as an event's data, and what is wrong with a whole document
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/hook_event.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct slice accepted[] = {
    SLICE("null"),
    SLICE("true"),
    SLICE("false"),
    SLICE("0"),
    SLICE("-0"),
    SLICE("-1"),
    SLICE("1.5"),
    SLICE("1e5"),
    SLICE("1E+5"),
    SLICE("1E-5"),
    SLICE("0e1"),
    SLICE("-0.0e-0"),
    SLICE("123456789012345678901234567890"),
    SLICE("1e99999"),
    SLICE("-1e-99999"),
    SLICE("0.10000000000000000000000000000000000000001"),
    SLICE("\"\""),
    SLICE("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    SLICE("\"\\u0000\""),
    SLICE("\"\\uD834\\uDD1E\""),
    SLICE("\"\\uFFFF\""),
    SLICE("\"\x7f\""),
    SLICE("\"\xc3\xa9\""),
    SLICE("\"\xf4\x8f\xbf\xbf\""),
    SLICE("\"\xe2\x80\xa8\""),
    SLICE("[]"),
    SLICE("{}"),
    SLICE("[ ]"),
    SLICE("{ }"),
    SLICE("[null,1,\"1\",{}]"),
    SLICE("{\"a\":\"b\",\"a\":\"c\"}"),
    SLICE("{\"\":0}"),
    SLICE("{\"\\u0000\":0}"),
    SLICE("{\"a\":{\"b\":[{\"c\":[]}]}}"),
    SLICE("[1\n\t\r ,2]"),
    SLICE("[\"]\",\"}\",\"\\\"\"]"),
};

static const struct slice refused[] = {
    SLICE(""),
    SLICE("nul"),
    SLICE("True"),
    SLICE("NaN"),
    SLICE("Infinity"),
    SLICE("-Infinity"),
    SLICE("+1"),
    SLICE("01"),
    SLICE("-01"),
    SLICE("-"),
    SLICE(".5"),
    SLICE("1."),
    SLICE("1.e1"),
    SLICE("1e"),
    SLICE("1e+"),
    SLICE("0x1"),
    SLICE("1_0"),
    SLICE("1 2"),
    SLICE("--1"),
    SLICE("\""),
    SLICE("\"\\\""),
    SLICE("'a'"),
    SLICE("\"\\x41\""),
    SLICE("\"\\u12\""),
    SLICE("\"\\u123g\""),
    SLICE("\"\\uD800\""),
    SLICE("\"\\uDC00\""),
    SLICE("\"\\uD800\\n\""),
    SLICE("\"\\uD800\\uD800\""),
    SLICE("\"\n\""),
    SLICE("\"\t\""),
    SLICE("\"\0\""),
    SLICE("\"\x1f\""),
    SLICE("\"\xff\""),
    SLICE("\"\x80\""),
    SLICE("\"\xc3\""),
    SLICE("\"\xc0\xaf\""),
    SLICE("\"\xe0\x80\xaf\""),
    SLICE("\"\xed\xa0\x80\""),
    SLICE("\"\xf4\x90\x80\x80\""),
    SLICE("\"\xf8\x88\x80\x80\x80\""),
    SLICE("["),
    SLICE("]"),
    SLICE("[1,]"),
    SLICE("[,1]"),
    SLICE("[1,,2]"),
    SLICE("[1 2]"),
    SLICE("[1:2]"),
    SLICE("[}"),
    SLICE("{\"a\"}"),
    SLICE("{\"a\":}"),
    SLICE("{\"a\":1,}"),
    SLICE("{,}"),
    SLICE("{a:1}"),
    SLICE("{1:1}"),
    SLICE("{'a':1}"),
    SLICE("{\"a\" 1}"),
    SLICE("{\"a\"::1}"),
    SLICE("{]"),
    SLICE("[1]]"),
    SLICE("/**/1"),
    SLICE("1//"),
    SLICE("1\x0b"),
    SLICE("\xc2\xa0"
          "1"),
    SLICE("\xef\xbb\xbf"
          "1"),
    SLICE("1\0"),
    SLICE("undefined"),
    SLICE("\\u0031"),
    SLICE("#1"),
};

static struct slice wrap(struct buf *body, struct slice data)
{
    buf_clear(body);
    buf_add_text(body, "{\"type\":\"t\",\"data\":");
    buf_add_slice(body, data);
    buf_add_text(body, "}");
    return buf_slice(body);
}

static void data_is_any_json(void **state)
{
    struct event_batch *batch = NULL;
    struct problem problem;
    struct buf body;
    (void)state;
    buf_init(&body, 1000);
    for (size_t i = 0; i < COUNT(accepted); i++) {
        if (event_parse_json(wrap(&body, accepted[i]), 0, &batch, &problem) != STATUS_OK)
            fail_msg("%.*s: %s", (int)body.len, body.at, problem.detail);
        if (!slice_eq(event_batch_item(batch, 0)->event.data, accepted[i]))
            fail_msg("%.*s is changed", (int)body.len, body.at);
        event_batch_free(&batch);
    }
    buf_fini(&body);
}

static void data_is_nothing_else(void **state)
{
    struct event_batch *batch = NULL;
    struct problem problem;
    struct buf body;
    (void)state;
    buf_init(&body, 1000);
    for (size_t i = 0; i < COUNT(refused); i++) {
        if (event_parse_json(wrap(&body, refused[i]), 0, &batch, &problem) == STATUS_OK)
            fail_msg("case %zu: %.*s is accepted", i, (int)body.len, body.at);
        assert_int_equal(problem.http_status, 400);
        assert_string_equal(problem.code, "malformed_json");
        assert_string_equal(problem.pointer, "");
    }
    buf_fini(&body);
}

static void documents_are_whole(void **state)
{
    static const struct slice cases[] = {
        SLICE(""),
        SLICE(" \n"),
        SLICE("\0"),
        SLICE("{\"type\":\"t\",\"data\":1"),
        SLICE("{\"type\":\"t\",\"data\":1}}"),
        SLICE("{\"type\":\"t\",\"data\":1}{"),
        SLICE("{\"type\":\"t\",\"data\":1}\0"),
        SLICE("\xef\xbb\xbf{\"type\":\"t\",\"data\":1}"),
        SLICE("{\"type\":\"t\",\"data\":1,}"),
        SLICE("{\"ty\xffpe\":\"t\",\"data\":1}"),
        SLICE("{\"type\":\"t\",\"data\":1,\"key\":\"\\ud800\"}"),
        SLICE("\xff\xfe{\0}\0"),
    };
    struct event_batch *batch = NULL;
    struct problem problem;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        /* A block of its own, so that a sanitizer sees a read past the end. */
        char *copy = malloc(cases[i].len + (cases[i].len == 0));
        memcpy(copy, cases[i].at, cases[i].len);
        if (event_parse_json((struct slice){copy, cases[i].len}, 0, &batch, &problem) == STATUS_OK)
            fail_msg("case %zu is accepted", i);
        assert_int_equal(problem.http_status, 400);
        assert_string_equal(problem.code, "malformed_json");
        free(copy);
    }
    assert_int_equal(event_parse_json((struct slice){NULL, 0}, 0, &batch, &problem),
                     STATUS_INVALID);
}

static void every_prefix_of_an_event_is_refused(void **state)
{
    const struct slice body =
        SLICE("{\"type\":\"a.b\",\"data\":{\"x\":[1.5e3,\"\\u00e9\\ud83d\\ude00\",true]},"
              "\"key\":\"\xe2\x82\xac\"}");
    struct event_batch *batch = NULL;
    struct problem problem;
    (void)state;
    for (size_t len = 0; len < body.len; len++)
        assert_int_equal(event_parse_json((struct slice){body.at, len}, 0, &batch, &problem),
                         STATUS_INVALID);
    assert_int_equal(event_parse_json(body, 0, &batch, &problem), STATUS_OK);
    event_batch_free(&batch);
}

static void a_million_brackets_are_refused(void **state)
{
    static const char *const openings[] = {"[", "{", "{\"a\":", "[{\"a\":"};
    struct event_batch *batch = NULL;
    struct problem problem;
    struct buf body;
    (void)state;
    buf_init(&body, 8 * 1000 * 1000);
    for (size_t i = 0; i < COUNT(openings); i++) {
        buf_clear(&body);
        for (size_t k = 0; k < 1000 * 1000; k++)
            buf_add_text(&body, openings[i]);
        assert_int_equal(event_parse_json(buf_slice(&body), 0, &batch, &problem), STATUS_INVALID);
        assert_int_equal(problem.http_status, 400);
        assert_string_equal(problem.code, "too_deep");
    }
    buf_fini(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_any_json),
        cmocka_unit_test(data_is_nothing_else),
        cmocka_unit_test(documents_are_whole),
        cmocka_unit_test(every_prefix_of_an_event_is_refused),
        cmocka_unit_test(a_million_brackets_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
