/*
 * cloudevent_headers_test.c - CloudEvents in binary mode: how headers are decoded, and what becomes of each kind of body
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/cloudevent.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define KEPT "\"id\":\"1\",\"source\":\"/s\",\"specversion\":\"1.0\",\"type\":\"t\""
#define HEADER(name, value)                                                                        \
    {                                                                                              \
        {name, sizeof(name) - 1},                                                                  \
        {                                                                                          \
            value, sizeof(value) - 1                                                               \
        }                                                                                          \
    }

static const struct cloudevent_header usual[] = {HEADER("specversion", "1.0"), HEADER("Id", "1"),
                                                 HEADER("SOURCE", "/s"), HEADER("type", "t")};
#define USUAL COUNT(usual)

struct one {
    struct event_batch *batch; /* NULL: refused */
    struct problem problem;
    const struct hook_event *event;
};

/* more: with a name that is NULL, none. */
static void parse_with(struct one *one, struct cloudevent_header more, const char *type,
                       struct slice body, size_t data_max)
{
    struct cloudevent_header headers[USUAL + 1];
    size_t count = USUAL;

    memcpy(headers, usual, sizeof usual);
    if (more.name.at != NULL)
        headers[count++] = more;
    *one = (struct one){0};
    if (event_parse_cloudevent_headers(headers, count, slice_of(type), body, data_max, &one->batch,
                                       &one->problem) == STATUS_OK)
        one->event = &event_batch_item(one->batch, 0)->event;
}

static void check_refused(const char *what, struct one *one, int status, const char *code,
                          const char *pointer)
{
    if (one->event)
        fail_msg("%s is taken", what);
    if (one->problem.http_status != status || strcmp(one->problem.code, code) != 0 ||
        strcmp(one->problem.pointer, pointer) != 0)
        fail_msg("%s: %d %s %s", what, one->problem.http_status, one->problem.code,
                 one->problem.pointer);
}

static void values_are_decoded(void **state)
{
    static const struct {
        const char *value, *json; /* NULL: refused */
    } cases[] = {
        {"a", "\"a\""},
        {"", "\"\""},
        {" \t a b ", "\"a b\""},
        {"Euro%20%E2%82%AC%20%F0%9F%98%80", "\"Euro \xe2\x82\xac \xf0\x9f\x98\x80\""},
        {"%e2%82%ac%41", "\"\xe2\x82\xac\x41\""},
        {"\xe2\x82\xac", "\"\xe2\x82\xac\""},
        {"%25%32%30", "\"%20\""}, /* once, not twice */
        {"%2520", "\"%20\""},
        {"%22quoted%22", "\"\\\"quoted\\\"\""},
        {"a\\b", "\"a\\\\b\""},
        {"\"a b\"", "\"a b\""},
        {"\"\"", "\"\""},
        {"\"a\\\"b\\\\c\\d\"", "\"a\\\"b\\\\cd\""},
        {"\"%20\\%20\"", "\"  \""}, /* quotes are undone first */
        {"+", "\"+\""},
        {"\"a", NULL},
        {"\"", NULL},
        {"\"a\\\"", NULL},
        {"\"a\\", NULL},
        {"\"a\"b", NULL},
        {"a\"b\"", NULL},
        {"a\"", NULL},
        {"%", NULL},
        {"%2", NULL},
        {"\"%2\"", NULL},
        {"\"%\"", NULL},
        {"%zz", NULL},
        {"%2g", NULL},
        {"%%20", NULL},
        {"a%E2%82", NULL},
        {"%C0%A0", NULL}, /* overlong */
        {"%E0%80%A0", NULL},
        {"%ED%A0%80", NULL}, /* a surrogate */
        {"%F4%90%80%80", NULL},
        {"%FF", NULL},
        {"\xff", NULL},
        {"%00", NULL},
        {"a%0Ab", NULL},
        {"%7F", NULL},
        {"%C2%85", NULL},
        {"%EF%BF%BF", NULL}, /* a noncharacter */
        {"a\tb", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct one one;
        char expected[200];
        /* In a block of its own size, so that a sanitizer sees a read past the end. */
        size_t len = strlen(cases[i].value);
        char *block = malloc(len + (len == 0));
        memcpy(block, cases[i].value, len);
        parse_with(&one, (struct cloudevent_header){SLICE("zX"), {block, len}}, NULL, SLICE("1"),
                   100);
        if (!cases[i].json) {
            check_refused(cases[i].value, &one, 422, "invalid_value", "/zx");
        } else {
            snprintf(expected, sizeof expected, "{" KEPT ",\"zx\":%s}", cases[i].json);
            if (!one.event || !slice_is(one.event->ce, expected))
                fail_msg("%s is no %s", cases[i].value, expected);
        }
        event_batch_free(&one.batch);
        free(block);
    }
}

static void a_value_may_have_no_place(void **state)
{
    struct one one;
    (void)state;
    parse_with(&one, (struct cloudevent_header){SLICE("zx"), {NULL, 0}}, NULL, SLICE("1"), 100);
    assert_true(slice_is(one.event->ce, "{" KEPT ",\"zx\":\"\"}"));
    event_batch_free(&one.batch);
}

static void each_body_has_a_form(void **state)
{
    static const struct {
        const char *type;
        struct slice body;
        const char *data, *base64; /* base64 NULL: none */
    } cases[] = {
        {NULL, SLICE(""), "null", NULL},
        {NULL, SLICE("{ \"n\":1.50 }"), "{ \"n\":1.50 }", NULL},
        {"application/json", SLICE(" \r\n[1]\t\n"), "[1]", NULL},
        {"application/json", SLICE(""), "null", NULL},
        {"application/json; charset=UTF-8", SLICE("\"\xc3\xa9\""), "\"\xc3\xa9\"", NULL},
        {"application/json; charset=latin1", SLICE("\"\xe9\""), "null", "Iuki"},
        {"application/vnd.a+json", SLICE("1"), "1", NULL},
        {"text/json", SLICE("1"), "1", NULL},
        {"text/plain", SLICE("a \"b\"\n\x01"), "\"a \\\"b\\\"\\u000a\\u0001\"", NULL},
        {"Text/Plain; charset=\"utf-8\"", SLICE("\xc3\xa9"), "\"\xc3\xa9\"", NULL},
        {"text/plain", SLICE(""), "null", NULL},
        {"text/plain", SLICE("\xe9"), "null", "6Q=="},
        {"text/plain; charset=latin1", SLICE("\xc3\xa9"), "null", "w6k="},
        {"application/xml", SLICE("<a/>"), "\"<a/>\"", NULL},
        {"image/svg+xml", SLICE("<a/>"), "\"<a/>\"", NULL},
        {"application/octet-stream", SLICE("abc"), "null", "YWJj"},
        {"application/octet-stream", SLICE("\0\x01"), "null", "AAE="},
        {"image/png", SLICE("{}"), "null", "e30="},
        {"application/x-www-form-urlencoded", SLICE("a=b"), "null", "YT1i"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct one one;
        struct buf expected, type;
        parse_with(&one, (struct cloudevent_header){0}, cases[i].type, cases[i].body, 100);
        if (!one.event)
            fail_msg("case %zu: %s", i, one.problem.detail);
        if (!slice_is(one.event->data, cases[i].data))
            fail_msg("case %zu: %.*s", i, (int)one.event->data.len, one.event->data.at);
        buf_init(&expected, 1000);
        buf_init(&type, 100);
        for (const char *at = cases[i].type; at && *at; at++)
            buf_printf(&type, "%s%c", *at == '"' ? "\\" : "", *at);
        buf_add_char(&expected, '{');
        if (cases[i].type)
            buf_printf(&expected, "\"datacontenttype\":\"%.*s\",", (int)type.len, type.at);
        buf_add_text(&expected, KEPT);
        if (cases[i].base64)
            buf_printf(&expected, ",\"data_base64\":\"%s\"", cases[i].base64);
        buf_add_char(&expected, '}');
        if (!slice_eq(one.event->ce, buf_slice(&expected)))
            fail_msg("case %zu: %.*s", i, (int)one.event->ce.len, one.event->ce.at);
        buf_fini(&type);
        buf_fini(&expected);
        event_batch_free(&one.batch);
    }
}

static void data_has_a_bound_as_json(void **state)
{
    static const struct {
        const char *type;
        struct slice body;
        size_t len; /* of the JSON */
    } cases[] = {
        {"text/plain", SLICE("abcdef"), 8},
        {"text/plain", SLICE("a\n"), 9},
        {"image/png", SLICE("abcd"), 10},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct one one;
        parse_with(&one, (struct cloudevent_header){0}, cases[i].type, cases[i].body, cases[i].len);
        assert_non_null(one.event);
        event_batch_free(&one.batch);
        parse_with(&one, (struct cloudevent_header){0}, cases[i].type, cases[i].body,
                   cases[i].len - 1);
        check_refused(cases[i].type, &one, 413, "too_large", "");
    }
}

static void what_breaks_a_rule_is_refused(void **state)
{
    static const struct {
        const char *what;
        struct cloudevent_header more;
        const char *type, *body;
        int status;
        const char *code, *pointer;
    } cases[] = {
        {"twice", HEADER("ID", "1"), NULL, "1", 422, "duplicate_field", "/id"},
        {"type twice", HEADER("datacontenttype", "a/b"), NULL, "1", 422, "conflicting_fields",
         "/datacontenttype"},
        {"data", HEADER("data", "1"), NULL, "1", 422, "invalid_name", "/data"},
        {"data_base64", HEADER("data_base64", "AA=="), NULL, "1", 422, "invalid_name",
         "/data_base64"},
        {"name", HEADER("my-ext", "1"), NULL, "1", 422, "invalid_name", "/my-ext"},
        {"no name", HEADER("", "1"), NULL, "1", 422, "invalid_name", "/"},
        {"time", HEADER("time", "now"), NULL, "1", 422, "invalid_value", "/time"},
        {"subject", HEADER("subject", ""), NULL, "1", 422, "invalid_value", "/subject"},
        {"media type", HEADER("a", ""), "json", "1", 422, "invalid_value", "/datacontenttype"},
        {"bytes", HEADER("a", ""), "a/b; c=\xff", "1", 422, "invalid_value", "/datacontenttype"},
        {"tab", HEADER("a", ""), "a/b;\tc=d", "1", 422, "invalid_value", "/datacontenttype"},
        {"no JSON", HEADER("a", ""), "application/json", "{", 400, "malformed_json", ""},
        {"no JSON", HEADER("a", ""), NULL, "text", 400, "malformed_json", ""},
        {"space", HEADER("a", ""), NULL, " ", 400, "malformed_json", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct one one;
        parse_with(&one, cases[i].more, cases[i].type, slice_of(cases[i].body), 100);
        check_refused(cases[i].what, &one, cases[i].status, cases[i].code, cases[i].pointer);
    }
}

static void each_required_attribute_is_missed(void **state)
{
    static const char *const pointers[USUAL] = {"/specversion", "/id", "/source", "/type"};
    (void)state;
    for (size_t i = 0; i < USUAL; i++) {
        struct cloudevent_header headers[USUAL];
        struct one one = {0};
        size_t count = 0;
        for (size_t k = 0; k < USUAL; k++)
            if (k != i)
                headers[count++] = usual[k];
        assert_int_equal(event_parse_cloudevent_headers(headers, count, SLICE(""), SLICE("1"), 100,
                                                        &one.batch, &one.problem),
                         STATUS_INVALID);
        check_refused(pointers[i], &one, 422, "missing_field", pointers[i]);
    }
}

static void data_is_as_deep_as_that_of_an_event(void **state)
{
    struct buf body;
    (void)state;
    buf_init(&body, 1000);
    for (int depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX; depth++) {
        struct one one;
        buf_clear(&body);
        for (int i = 0; i < 2 * depth; i++)
            buf_add_char(&body, i < depth ? '[' : ']');
        parse_with(&one, (struct cloudevent_header){0}, NULL, buf_slice(&body), 1000);
        if (depth < JSON_DEPTH_MAX)
            assert_non_null(one.event);
        else
            check_refused("64 levels", &one, 400, "too_deep", "");
        event_batch_free(&one.batch);
    }
    buf_fini(&body);
}

static void what_is_mapped_is_as_in_the_json_format(void **state)
{
    struct one one;
    (void)state;
    parse_with(&one, (struct cloudevent_header)HEADER("partitionkey", "k%20%E2%82%AC"), NULL,
               SLICE("1"), 100);
    assert_true(slice_is(one.event->key, "k \xe2\x82\xac"));
    assert_true(slice_is(one.event->dedup_id, "/s 1"));
    assert_true(slice_is(one.event->type, "t"));
    assert_int_equal(one.event->occurred_at_ms, -1);
    event_batch_free(&one.batch);
    parse_with(&one,
               (struct cloudevent_header)HEADER(
                   "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
               NULL, SLICE("1"), 100);
    assert_true(
        slice_is(one.event->trace, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    event_batch_free(&one.batch);
    parse_with(&one, (struct cloudevent_header)HEADER("time", "1970-01-01T00:00:01Z"), NULL,
               SLICE("1"), 100);
    assert_int_equal(one.event->occurred_at_ms, 1000);
    event_batch_free(&one.batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_decoded),
        cmocka_unit_test(a_value_may_have_no_place),
        cmocka_unit_test(each_body_has_a_form),
        cmocka_unit_test(data_has_a_bound_as_json),
        cmocka_unit_test(what_breaks_a_rule_is_refused),
        cmocka_unit_test(each_required_attribute_is_missed),
        cmocka_unit_test(data_is_as_deep_as_that_of_an_event),
        cmocka_unit_test(what_is_mapped_is_as_in_the_json_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
