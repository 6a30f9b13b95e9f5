/*
 * json_test.c - the writer, the depth check, the spans
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/json.h"

static void escapes_texts(void **state)
{
    static const struct {
        struct slice text;
        const char *json;
    } cases[] = {
        {{"", 0}, "\"\""},
        {{"plain", 5}, "\"plain\""},
        {{"\"\\/", 3}, "\"\\\"\\\\/\""},
        {{"\0\n\x1f\x7f", 4}, "\"\\u0000\\u000a\\u001f\x7f\""},
        {{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9}, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {{"a\xff\xfe"
          "b",
          4},
         "\"a\xef\xbf\xbd\xef\xbf\xbd"
         "b\""},
        {{"\xc0\xaf", 2}, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {{"\xe2\x82", 2}, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    struct buf out;
    (void)state;
    buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buf_clear(&out);
        json_text(&out, cases[i].text);
        if (!slice_is(buf_slice(&out), cases[i].json))
            fail_msg("case %zu: %.*s", i, (int)out.len, out.at);
    }
    buf_fini(&out);
}

static void keeps_commas_right(void **state)
{
    struct buf out;
    struct json_writer json = {.out = &out};
    (void)state;
    buf_init(&out, 1000);
    json_open(&json, '{');
    json_name(&json, "list");
    json_open(&json, '[');
    json_put_int(&json, INT64_MIN);
    json_put_null(&json);
    json_open(&json, '{');
    json_close(&json, '}');
    json_put_bool(&json, true);
    json_close(&json, ']');
    json_name(&json, "n\"");
    json_put_bool(&json, false);
    json_name(&json, "empty");
    json_open(&json, '[');
    json_close(&json, ']');
    json_name(&json, "at");
    json_put_rfc3339(&json, 1700000000123);
    json_name(&json, "raw");
    json_put_raw(&json, SLICE("1e99"));
    json_name(&json, "text");
    json_put_text(&json, SLICE("x"));
    json_close(&json, '}');
    buf_add_char(&out, '\0');
    assert_string_equal(out.at, "{\"list\":[-9223372036854775808,null,{},true],\"n\\\"\":false,"
                                "\"empty\":[],\"at\":\"2023-11-14T22:13:20.123Z\",\"raw\":1e99,"
                                "\"text\":\"x\"}");
    buf_fini(&out);
}

static void bounds_depth(void **state)
{
    static const struct {
        const char *text;
        size_t depth;
    } cases[] = {
        {"", 0},           {"1", 0},
        {"[]", 1},         {"{\"a\":[{}]}", 3},
        {"[][][]", 1},     {"\"[[[[\"", 0},
        {"[\"]\",[]]", 2}, {"\"\\\"[\"[", 1},
        {"\"\\\\\"[", 1},  {"\"\\", 0},
        {"]]]]", 0},       {"]]][[", 2},
        {"[[]", 2},        {"\"[[", 0},
        {"[[]]{{{}}}", 3}, {"\"[{[{[{[{[{[{[{\"[{}]", 2},
        {"1234567[{", 2},  {"[1,2,3,4,5,6,7,8,9,{\"a\":\"[\"}]", 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct slice text = slice_of(cases[i].text);
        if (json_check_depth(text, cases[i].depth) != STATUS_OK)
            fail_msg("%s is refused at %zu", cases[i].text, cases[i].depth);
        if (cases[i].depth > 0 && json_check_depth(text, cases[i].depth - 1) != STATUS_LIMIT)
            fail_msg("%s is accepted at %zu", cases[i].text, cases[i].depth - 1);
    }
    assert_int_equal(json_check_depth((struct slice){NULL, 0}, 0), STATUS_OK);
}

/* A million brackets cost no more than the first eight bytes with one that is too many: what follows cannot even be read. */
static void reads_no_further_than_the_bracket_that_is_too_deep(void **state)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)state;
    assert_ptr_not_equal(at, MAP_FAILED);
    memset(at + page - 72, '[', 72);
    assert_int_equal(mprotect(at + page, page, PROT_NONE), 0);
    assert_int_equal(json_check_depth((struct slice){at + page - 72, 1000 * 1000}, 64),
                     STATUS_LIMIT);
    munmap(at, 2 * page);
}

/* knows_last: the last one is asked for as such. */
static void check_spans(const char *text, const char *const *expected, bool knows_last)
{
    struct json_span_iter iter;
    assert_true(json_spans_start(slice_of(text), &iter));
    for (struct slice name, value; expected[0] != NULL; expected += 2) {
        if (knows_last && expected[2] == NULL)
            json_spans_last(&iter, &name, &value);
        else
            assert_true(json_spans_next(&iter, &name, &value));
        if (!slice_is(name, expected[0]) || !slice_is(value, expected[1]))
            fail_msg("%s: got %.*s, %.*s", text, (int)name.len, name.at, (int)value.len, value.at);
    }
    for (int i = 0; i < 2; i++) {
        struct slice name, value;
        assert_false(json_spans_next(&iter, &name, &value));
    }
}

static void finds_spans(void **state)
{
    static const struct {
        const char *text;
        const char *expected[9];
    } cases[] = {
        {"{}", {NULL}},
        {" [ ] ", {NULL}},
        {"{\"a\":1}", {"a", "1", NULL}},
        {" { \"a\" : 1 ,\n\t\"b\" :\r[ 1 , 2 ] } ", {"a", "1", "b", "[ 1 , 2 ]", NULL}},
        {"{\"a\":\"x,}]\\\"\",\"\\\"}\":{\"b\":\"]\"}}",
         {"a", "\"x,}]\\\"\"", "\\\"}", "{\"b\":\"]\"}", NULL}},
        {"{\"\":null,\"\\\\\":-1.5e+300}", {"", "null", "\\\\", "-1.5e+300", NULL}},
        {"[true,[[]],{\"a\":[]},\"\"]",
         {"", "true", "", "[[]]", "", "{\"a\":[]}", "", "\"\"", NULL}},
        {"[ 1\n]", {"", "1", NULL}},
        {"{\"a\":\"}\" }\n ", {"a", "\"}\"", NULL}},
        {"{\"a\":{\"b\":[ ]\t} } ", {"a", "{\"b\":[ ]\t}", NULL}},
    };
    struct json_span_iter iter;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_spans(cases[i].text, cases[i].expected, false);
        check_spans(cases[i].text, cases[i].expected, true);
    }
    assert_false(json_spans_start(SLICE(" 1 "), &iter));
    assert_false(json_spans_start(SLICE("\"[\""), &iter));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_texts),
        cmocka_unit_test(keeps_commas_right),
        cmocka_unit_test(bounds_depth),
        cmocka_unit_test(reads_no_further_than_the_bracket_that_is_too_deep),
        cmocka_unit_test(finds_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
