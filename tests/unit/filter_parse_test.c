/*
 * filter_parse_test.c - filters that are refused, each with where and why; every bound
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/filter.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void refuse(struct slice text, const char *code, const char *pointer, const char *detail)
{
    struct problem problem = {.code = "accepted"};
    struct filter *filter = filter_compile(text, &problem);

    if (filter != NULL || strcmp(problem.code, code) != 0 ||
        strcmp(problem.pointer, pointer) != 0 || strstr(problem.detail, detail) == NULL)
        fail_msg("%.*s: %s %s %s", (int)text.len, text.at, problem.code, problem.pointer,
                 problem.detail);
    assert_int_equal(problem.http_status, strcmp(code, "malformed_json") == 0 ? 400 : 422);
}

static void accept(struct slice text)
{
    struct problem problem;
    struct filter *filter = filter_compile(text, &problem);

    if (filter == NULL)
        fail_msg("%.*s: %s %s", (int)text.len, text.at, problem.pointer, problem.detail);
    filter_free(&filter);
}

#define NAMES "exact, prefix, suffix, all, any, not, gt, gte, lt, lte or exists"

static void refuses_with_a_pointer(void **state)
{
    static const struct {
        const char *text, *code, *pointer, *detail;
    } cases[] = {
        {"", "malformed_json", "", "empty"},
        {"{", "malformed_json", "", "not JSON"},
        {"{\"exact\":{\"/a\":NaN}}", "malformed_json", "", "not JSON"},
        {"{\"exact\":{\"/a\":\"\\ud800\"}}", "malformed_json", "", "not JSON"},
        {"null", "wrong_type", "", "one member: " NAMES},
        {"\"type = 'a'\"", "wrong_type", "", "one member"},
        {"1", "wrong_type", "", "one member"},
        {"[]", "invalid_value", "", "at least one expression"},
        {"[1]", "wrong_type", "/0", "one member"},
        {"[[{\"exact\":{\"/a\":1}}]]", "wrong_type", "/0", "one member"},
        {"{}", "invalid_value", "", "exactly one member: " NAMES},
        {"[{\"exact\":{\"/a\":1}},{}]", "invalid_value", "/1", "exactly one"},
        {"{\"exact\":{\"/a\":1},\"gt\":{\"/a\":1}}", "invalid_value", "", "exactly one"},
        {"{\"exact\":{\"/a\":1},\"exact\":{\"/b\":1}}", "duplicate_field", "/exact", "once"},
        {"{\"exact\":{\"/a\":1},\"ex\\u0061ct\":1}", "duplicate_field", "/exact", "once"},
        {"{\"sql\":\"a = 1\"}", "unknown_field", "/sql", NAMES},
        {"{\"filter_sql\":\"a = 1\"}", "unknown_field", "/filter_sql", NAMES},
        {"{\"Exact\":{\"/a\":1}}", "unknown_field", "/Exact", NAMES},
        {"{\"\":{\"/a\":1}}", "unknown_field", "/", NAMES},
        {"{\"a/b~c\":1}", "unknown_field", "/a~1b~0c", NAMES},
        {"{\"exact\":1}", "wrong_type", "/exact", "object of paths"},
        {"{\"exact\":[]}", "wrong_type", "/exact", "object of paths"},
        {"{\"exact\":{}}", "invalid_value", "/exact", "at least one path"},
        {"{\"exists\":{}}", "invalid_value", "/exists", "at least one path"},
        {"{\"exact\":{\"/a\":1,\"/a\":2}}", "duplicate_field", "/exact/~1a", "once"},
        {"{\"exact\":{\"/b\":1,\"/a\":1,\"\\/a\":2}}", "duplicate_field", "/exact/~1a", "once"},
        {"{\"exact\":{\"a\":1}}", "invalid_value", "/exact/a", "neither type nor key"},
        {"{\"exact\":{\"source\":\"a\"}}", "invalid_value", "/exact/source", "neither"},
        {"{\"exact\":{\"data\":\"a\"}}", "invalid_value", "/exact/data", "JSON Pointer"},
        {"{\"prefix\":{\"Type\":\"a\"}}", "invalid_value", "/prefix/Type", "neither"},
        {"{\"exact\":{\"#/a\":1}}", "invalid_value", "/exact/#~1a", "neither"},
        {"{\"exact\":{\"$.a\":1}}", "invalid_value", "/exact/$.a", "neither"},
        {"{\"exact\":{\"/~\":1}}", "invalid_value", "/exact/~1~0", "~0"},
        {"{\"exact\":{\"/a~2b\":1}}", "invalid_value", "/exact/~1a~02b", "~0"},
        {"{\"exact\":{\"/a\":{}}}", "wrong_type", "/exact/~1a", "a number, true"},
        {"{\"exact\":{\"/a\":[1]}}", "wrong_type", "/exact/~1a", "a number, true"},
        {"{\"exact\":{\"type\":1}}", "wrong_type", "/exact/type", "must be a text"},
        {"{\"exact\":{\"key\":null}}", "wrong_type", "/exact/key", "must be a text"},
        {"{\"exact\":{\"key\":\"\"}}", "invalid_value", "/exact/key", "empty"},
        {"{\"exact\":{\"type\":\"\"}}", "invalid_value", "/exact/type", "empty"},
        {"{\"prefix\":{\"/a\":\"\"}}", "invalid_value", "/prefix/~1a", "empty"},
        {"{\"suffix\":{\"/a\":\"\"}}", "invalid_value", "/suffix/~1a", "empty"},
        {"{\"prefix\":{\"/a\":1}}", "wrong_type", "/prefix/~1a", "must be a text"},
        {"{\"suffix\":{\"type\":true}}", "wrong_type", "/suffix/type", "must be a text"},
        {"{\"gt\":{\"/a\":\"1\"}}", "wrong_type", "/gt/~1a", "must be a number"},
        {"{\"gte\":{\"/a\":null}}", "wrong_type", "/gte/~1a", "must be a number"},
        {"{\"lt\":{\"/a\":[1]}}", "wrong_type", "/lt/~1a", "must be a number"},
        {"{\"lte\":{\"/a\":true}}", "wrong_type", "/lte/~1a", "must be a number"},
        {"{\"gt\":{\"type\":1}}", "invalid_value", "/gt/type", "only numbers in data"},
        {"{\"lte\":{\"key\":\"a\"}}", "invalid_value", "/lte/key", "only numbers in data"},
        {"{\"exists\":{\"/a\":1}}", "wrong_type", "/exists/~1a", "true or false"},
        {"{\"exists\":{\"type\":null}}", "wrong_type", "/exists/type", "true or false"},
        {"{\"all\":{\"exact\":{\"/a\":1}}}", "wrong_type", "/all", "array of expressions"},
        {"{\"any\":[]}", "invalid_value", "/any", "at least one expression"},
        {"{\"all\":[]}", "invalid_value", "/all", "at least one expression"},
        {"{\"any\":[{\"exact\":{\"/a\":1}},null]}", "wrong_type", "/any/1", "one member"},
        {"{\"not\":[{\"exact\":{\"/a\":1}}]}", "wrong_type", "/not", "one member"},
        {"{\"not\":null}", "wrong_type", "/not", "one member"},
        {"[{\"any\":[{\"not\":{\"gt\":{\"/a\":1,\"/b\":\"\"}}}]}]", "wrong_type",
         "/0/any/0/not/gt/~1b", "must be a number"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        refuse(slice_of(cases[i].text), cases[i].code, cases[i].pointer, cases[i].detail);
}

static void repeat(struct buf *out, const char *text, size_t count, const char *between)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_text(out, between);
        buf_add_text(out, text);
    }
}

static void bounds_the_text(void **state)
{
    const size_t around = sizeof("{\"exact\":{\"\":\"\"}}") - 1;
    struct buf text;
    (void)state;
    buf_init(&text, 10000);
    for (size_t len = FILTER_TEXT_MAX - 1; len <= FILTER_TEXT_MAX + 1; len++) {
        buf_clear(&text);
        buf_add_text(&text, "{\"exact\":{\"\":\"");
        repeat(&text, "x", len - around, "");
        buf_add_text(&text, "\"}}");
        assert_int_equal(text.len, len);
        if (len <= FILTER_TEXT_MAX)
            accept(buf_slice(&text));
        else
            refuse(buf_slice(&text), "invalid_value", "", "at most 8192 bytes");
    }
    buf_fini(&text);
}

static void bounds_a_path(void **state)
{
    struct buf text;
    (void)state;
    buf_init(&text, 10000);
    for (size_t len = FILTER_PATH_MAX - 1; len <= FILTER_PATH_MAX + 1; len++) {
        buf_clear(&text);
        buf_add_text(&text, "{\"exists\":{\"");
        repeat(&text, "/", len, "");
        buf_add_text(&text, "\":true}}");
        if (len <= FILTER_PATH_MAX)
            accept(buf_slice(&text));
        else
            refuse(
                buf_slice(&text), "invalid_value",
                "/exists/~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1~1"
                "~1~1~1~1~1~1",
                "at most 512 bytes");
    }
    buf_fini(&text);
}

/* The last level is the comparison; an array around it all is none. */
static void bounds_depth(void **state)
{
    static const struct {
        const char *open, *close, *inner;
    } kinds[] = {
        {"{\"not\":", "}", "/not"}, {"{\"all\":[", "]}", "/all/0"}, {"{\"any\":[", "]}", "/any/0"}};
    char pointer[100];
    struct buf text;
    (void)state;
    buf_init(&text, 10000);
    for (size_t i = 0; i < COUNT(kinds) * 2; i++) {
        const bool in_array = i >= COUNT(kinds);
        for (size_t depth = FILTER_DEPTH_MAX - 1; depth <= FILTER_DEPTH_MAX + 1; depth++) {
            buf_clear(&text);
            buf_add_text(&text, in_array ? "[" : "");
            repeat(&text, kinds[i % COUNT(kinds)].open, depth - 1, "");
            buf_add_text(&text, "{\"gt\":{\"/a\":1,\"/b\":1}}");
            repeat(&text, kinds[i % COUNT(kinds)].close, depth - 1, "");
            buf_add_text(&text, in_array ? "]" : "");
            if (depth <= FILTER_DEPTH_MAX) {
                accept(buf_slice(&text));
                continue;
            }
            snprintf(pointer, sizeof pointer, "%s", in_array ? "/0" : "");
            for (size_t k = 1; k < depth; k++)
                snprintf(pointer + strlen(pointer), sizeof pointer - strlen(pointer), "%s",
                         kinds[i % COUNT(kinds)].inner);
            refuse(buf_slice(&text), "invalid_value", pointer, "at most 7 other");
        }
    }
    buf_clear(&text);
    repeat(&text, "[", 65, "");
    struct problem problem;
    assert_null(filter_compile(buf_slice(&text), &problem));
    assert_string_equal(problem.code, "too_deep");
    buf_fini(&text);
}

static void bounds_the_parts(void **state)
{
    static const struct {
        const char *open, *item, *close;
        size_t own, each;    /* parts of what is around, and of an item */
        const char *pointer; /* of the item that is one too many */
    } cases[] = {
        {"[", "{\"gt\":{\"/a\":1}}", "]", 0, 1, "/100/gt/~1a"},
        {"[", "{\"not\":{\"gt\":{\"/a\":1}}}", "]", 0, 2, "/50/not"},
        {"{\"any\":[", "{\"gt\":{\"/a\":1}}", "]}", 1, 1, "/any/99/gt/~1a"},
        {"{\"not\":{\"all\":[", "{\"gt\":{\"/a\":1,\"/b\":1}}", "]}}", 2, 2, "/not/all/49/gt/~1a"},
    };
    struct buf text;
    (void)state;
    buf_init(&text, 10000);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const size_t most = (FILTER_PARTS_MAX - cases[i].own) / cases[i].each;
        for (size_t items = most - 1; items <= most + 1; items++) {
            buf_clear(&text);
            buf_add_text(&text, cases[i].open);
            repeat(&text, cases[i].item, items, ",");
            buf_add_text(&text, cases[i].close);
            if (items <= most)
                accept(buf_slice(&text));
            else
                refuse(buf_slice(&text), "invalid_value", cases[i].pointer, "at most 100");
        }
    }
    buf_fini(&text);
}

/* Paths of one object count one by one. */
static void bounds_the_paths_of_an_object(void **state)
{
    struct buf text;
    (void)state;
    buf_init(&text, 10000);
    for (size_t count = FILTER_PARTS_MAX - 1; count <= FILTER_PARTS_MAX + 1; count++) {
        buf_clear(&text);
        buf_add_text(&text, "{\"gt\":{");
        for (size_t i = 0; i < count; i++)
            buf_printf(&text, "%s\"/%zu\":1", i > 0 ? "," : "", i);
        buf_add_text(&text, "}}");
        if (count <= FILTER_PARTS_MAX)
            accept(buf_slice(&text));
        else
            refuse(buf_slice(&text), "invalid_value", "/gt/~1100", "at most 100");
    }
    buf_fini(&text);
}

static void bounds_exponents(void **state)
{
    static const struct {
        const char *number;
        bool fits;
    } cases[] = {
        {"0.1e9998", true},
        {"0.1e9999", true},
        {"0.1e10000", false},
        {"1e9998", true},
        {"1e9999", false},
        {"0.1e-9998", true},
        {"1e-9999", true},
        {"0.1e-9999", false},
        {"-9.9e-10000", false},
        {"0.1e-10000", false},
        {"0e99999", true},
        {"-1e10000", false},
        {"1e99999999999999999999", false},
        {"1e-99999999999999999999", false},
    };
    char text[100];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(text, sizeof text, "{\"lt\":{\"/a\":%s}}", cases[i].number);
        if (cases[i].fits)
            accept(slice_of(text));
        else
            refuse(slice_of(text), "invalid_value", "/lt/~1a", "less than 1e9999");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_with_a_pointer), cmocka_unit_test(bounds_the_text),
        cmocka_unit_test(bounds_a_path),          cmocka_unit_test(bounds_depth),
        cmocka_unit_test(bounds_the_parts),       cmocka_unit_test(bounds_the_paths_of_an_object),
        cmocka_unit_test(bounds_exponents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
