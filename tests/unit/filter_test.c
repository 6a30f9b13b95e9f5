/*
 * filter_test.c - what each dialect says of each kind of value, and what pointers lead to
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

static bool accepts(const char *text, struct filter_event event)
{
    struct problem problem;
    struct filter *filter = filter_compile(slice_of(text), &problem);
    bool accepted;

    if (filter == NULL)
        fail_msg("%s: %s %s", text, problem.pointer, problem.detail);
    accepted = filter_accepts(filter, &event);
    if (filter_accepts(filter, &event) != accepted)
        fail_msg("%s: another answer the second time", text);
    filter_event_fini(&event);
    filter_free(&filter);
    return accepted;
}

/* Each filter of a case is tried, and its negation. */
struct verdict {
    const char *filter;
    bool accepted;
};

static void check(const struct verdict *verdicts, size_t count, struct filter_event event)
{
    char text[2048];

    for (size_t i = 0; i < count; i++) {
        if (accepts(verdicts[i].filter, event) != verdicts[i].accepted)
            fail_msg("%s: not %d", verdicts[i].filter, verdicts[i].accepted);
        if (verdicts[i].filter[0] != '{')
            continue;
        snprintf(text, sizeof text, "{\"not\":%s}", verdicts[i].filter);
        if (accepts(text, event) == verdicts[i].accepted)
            fail_msg("%s: its negation is no other", verdicts[i].filter);
    }
}

#define DATA                                                                                       \
    "{\"s\":\"paid\",\"e\":\"\",\"i\":42,\"z\":-0,\"f\":0.5,\"big\":9007199254740993,"             \
    "\"u64\":18446744073709551615,\"i64\":-9223372036854775808,\"huge\":1e400,\"t\":true,"         \
    "\"no\":false,\"n\":null,\"o\":{\"a\":1},\"l\":[1,\"2\",[3]],\"num\":\"42\","                  \
    "\"u\":\"\\u017elu\xc5\xa5\",\"nul\":\"a\\u0000b\"}"

static const struct filter_event sample = {
    .type = {"order.paid", 10}, .key = {"customer-7", 10}, .data = {DATA, sizeof DATA - 1}};

static void exact(void **state)
{
    static const struct verdict verdicts[] = {
        {"{\"exact\":{\"/s\":\"paid\"}}", true},
        {"{\"exact\":{\"/s\":\"Paid\"}}", false},
        {"{\"exact\":{\"/s\":\"pai\"}}", false},
        {"{\"exact\":{\"/s\":\"paid \"}}", false},
        {"{\"exact\":{\"/e\":\"\"}}", true},
        {"{\"exact\":{\"/s\":\"\"}}", false},
        {"{\"exact\":{\"/i\":42}}", true},
        {"{\"exact\":{\"/i\":42.0}}", true},
        {"{\"exact\":{\"/i\":4.2e1}}", true},
        {"{\"exact\":{\"/i\":420E-1}}", true},
        {"{\"exact\":{\"/i\":42.0000000000000000001}}", false},
        {"{\"exact\":{\"/i\":\"42\"}}", false},
        {"{\"exact\":{\"/num\":42}}", false},
        {"{\"exact\":{\"/z\":0}}", true},
        {"{\"exact\":{\"/f\":5e-1}}", true},
        {"{\"exact\":{\"/big\":9007199254740993}}", true},
        {"{\"exact\":{\"/big\":9007199254740992}}", false},
        {"{\"exact\":{\"/big\":9007199254740993.0}}", true},
        {"{\"exact\":{\"/u64\":18446744073709551615}}", true},
        {"{\"exact\":{\"/u64\":18446744073709551616}}", false},
        {"{\"exact\":{\"/i64\":-9223372036854775808}}", true},
        {"{\"exact\":{\"/i64\":-9223372036854775809}}", false},
        {"{\"exact\":{\"/huge\":10e399}}", true},
        {"{\"exact\":{\"/huge\":1e401}}", false},
        {"{\"exact\":{\"/t\":true}}", true},
        {"{\"exact\":{\"/t\":false}}", false},
        {"{\"exact\":{\"/no\":false}}", true},
        {"{\"exact\":{\"/t\":1}}", false},
        {"{\"exact\":{\"/t\":\"true\"}}", false},
        {"{\"exact\":{\"/no\":null}}", false},
        {"{\"exact\":{\"/n\":null}}", true},
        {"{\"exact\":{\"/n\":false}}", false},
        {"{\"exact\":{\"/n\":0}}", false},
        {"{\"exact\":{\"/none\":null}}", false},
        {"{\"exact\":{\"/o\":null}}", false},
        {"{\"exact\":{\"/o\":\"\"}}", false},
        {"{\"exact\":{\"/l\":1}}", false},
        {"{\"exact\":{\"/u\":\"\xc5\xbelu\\u0165\"}}", true},
        {"{\"exact\":{\"/nul\":\"a\\u0000b\"}}", true},
        {"{\"exact\":{\"/nul\":\"a\"}}", false},
        {"{\"exact\":{\"type\":\"order.paid\"}}", true},
        {"{\"exact\":{\"type\":\"order\"}}", false},
        {"{\"exact\":{\"key\":\"customer-7\"}}", true},
        {"{\"exact\":{\"key\":\"customer-8\"}}", false},
        {"{\"exact\":{\"/s\":\"paid\",\"/i\":42,\"type\":\"order.paid\"}}", true},
        {"{\"exact\":{\"/s\":\"paid\",\"/i\":43,\"type\":\"order.paid\"}}", false},
        {"{\"exact\":{\"/s\":\"paid\",\"/i\":42,\"type\":\"order\"}}", false},
    };
    (void)state;
    check(verdicts, COUNT(verdicts), sample);
}

static void prefix_and_suffix(void **state)
{
    static const struct verdict verdicts[] = {
        {"{\"prefix\":{\"/s\":\"p\"}}", true},
        {"{\"prefix\":{\"/s\":\"paid\"}}", true},
        {"{\"prefix\":{\"/s\":\"paids\"}}", false},
        {"{\"prefix\":{\"/s\":\"aid\"}}", false},
        {"{\"prefix\":{\"/s\":\"P\"}}", false},
        {"{\"suffix\":{\"/s\":\"d\"}}", true},
        {"{\"suffix\":{\"/s\":\"paid\"}}", true},
        {"{\"suffix\":{\"/s\":\"unpaid\"}}", false},
        {"{\"suffix\":{\"/s\":\"pai\"}}", false},
        {"{\"prefix\":{\"/e\":\"a\"}}", false},
        {"{\"suffix\":{\"/e\":\"a\"}}", false},
        {"{\"prefix\":{\"/i\":\"4\"}}", false},
        {"{\"suffix\":{\"/i\":\"2\"}}", false},
        {"{\"prefix\":{\"/t\":\"t\"}}", false},
        {"{\"prefix\":{\"/l\":\"[\"}}", false},
        {"{\"prefix\":{\"/none\":\"a\"}}", false},
        {"{\"prefix\":{\"/u\":\"\\u017e\"}}", true},
        {"{\"suffix\":{\"/u\":\"\\u0165\"}}", true},
        {"{\"suffix\":{\"/nul\":\"\\u0000b\"}}", true},
        {"{\"prefix\":{\"type\":\"order.\"}}", true},
        {"{\"suffix\":{\"type\":\".paid\"}}", true},
        {"{\"suffix\":{\"type\":\".made\"}}", false},
        {"{\"prefix\":{\"key\":\"customer-\"}}", true},
        {"{\"prefix\":{\"/s\":\"p\",\"type\":\"x\"}}", false},
    };
    (void)state;
    check(verdicts, COUNT(verdicts), sample);
}

static void order(void **state)
{
    static const struct verdict verdicts[] = {
        {"{\"gt\":{\"/i\":41.9}}", true},       {"{\"gt\":{\"/i\":42}}", false},
        {"{\"gte\":{\"/i\":42.0}}", true},      {"{\"gte\":{\"/i\":42.1}}", false},
        {"{\"lt\":{\"/i\":42.1}}", true},       {"{\"lt\":{\"/i\":42}}", false},
        {"{\"lte\":{\"/i\":42}}", true},        {"{\"lte\":{\"/i\":41}}", false},
        {"{\"gt\":{\"/f\":-1}}", true},         {"{\"lt\":{\"/z\":0}}", false},
        {"{\"lte\":{\"/z\":0}}", true},         {"{\"gt\":{\"/num\":1}}", false},
        {"{\"lt\":{\"/num\":100}}", false},     {"{\"gte\":{\"/n\":0}}", false},
        {"{\"lte\":{\"/n\":0}}", false},        {"{\"gte\":{\"/t\":0}}", false},
        {"{\"gt\":{\"/none\":-1}}", false},     {"{\"lt\":{\"/none\":1}}", false},
        {"{\"lt\":{\"/l\":1}}", false},         {"{\"gt\":{\"/big\":9007199254740992}}", true},
        {"{\"gt\":{\"/huge\":1e308}}", true},   {"{\"lt\":{\"/i64\":-9223372036854775807}}", true},
        {"{\"gt\":{\"/i\":0,\"/f\":0}}", true}, {"{\"gt\":{\"/i\":1,\"/f\":1}}", false},
    };
    (void)state;
    check(verdicts, COUNT(verdicts), sample);
}

static void exists(void **state)
{
    static const struct verdict verdicts[] = {
        {"{\"exists\":{\"/s\":true}}", true},
        {"{\"exists\":{\"/s\":false}}", false},
        {"{\"exists\":{\"/n\":true}}", true},
        {"{\"exists\":{\"/o\":true}}", true},
        {"{\"exists\":{\"/none\":true}}", false},
        {"{\"exists\":{\"/none\":false}}", true},
        {"{\"exists\":{\"\":true}}", true},
        {"{\"exists\":{\"type\":true}}", true},
        {"{\"exists\":{\"key\":true}}", true},
        {"{\"exists\":{\"key\":false}}", false},
        {"{\"exists\":{\"/s\":true,\"/none\":false}}", true},
        {"{\"exists\":{\"/s\":true,\"/none\":true}}", false},
    };
    (void)state;
    check(verdicts, COUNT(verdicts), sample);
}

#define YES "{\"exists\":{\"/s\":true}}"
#define NO "{\"exists\":{\"/s\":false}}"

static void all_any_and_not(void **state)
{
    static const struct verdict verdicts[] = {
        {YES, true},
        {NO, false},
        {"[" YES "]", true},
        {"[" NO "]", false},
        {"[" YES "," YES "]", true},
        {"[" YES "," NO "]", false},
        {"[" NO "," YES "]", false},
        {"{\"all\":[" YES "]}", true},
        {"{\"all\":[" YES "," YES "," NO "]}", false},
        {"{\"all\":[" NO "," YES "]}", false},
        {"{\"any\":[" NO "]}", false},
        {"{\"any\":[" NO "," NO "," YES "]}", true},
        {"{\"any\":[" YES "," NO "]}", true},
        {"{\"any\":[" NO "," NO "]}", false},
        {"{\"not\":" NO "}", true},
        {"{\"any\":[{\"all\":[" YES "," NO "]},{\"not\":{\"any\":[" NO "," NO "]}}]}", true},
        {"{\"any\":[{\"all\":[" YES "," NO "]},{\"not\":{\"any\":[" NO "," YES "]}}]}", false},
        {"{\"all\":[{\"any\":[" NO "," YES "]},{\"not\":" NO "}," YES "]}", true},
        {"{\"all\":[{\"any\":[" NO "," YES "]},{\"not\":" NO "}," NO "]}", false},
    };
    (void)state;
    check(verdicts, COUNT(verdicts), sample);
}

#define IS(path, value) "{\"exact\":{\"" path "\":" value "}}"
#define NOT_THERE(path) "{\"exists\":{\"" path "\":false}}"

/* RFC 6901, section 5, and what it leaves to us. */
static void pointers(void **state)
{
    static const struct filter_event event = {
        .type = {"a", 1},
        .data = {
            "{\"foo\":[\"bar\",\"baz\",{\"x\":[[7]]}],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,"
            "\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8,\"~1\":9,\"0\":10,\"type\":11,"
            "\"\xc5\xbe\":12,\"o\":{\"\":{\"\":13}},\"twice\":1,\"twice\":2,\"-\":14,\"00\":15}",
            0}};
    static const struct verdict verdicts[] = {
        {IS("/foo/0", "\"bar\""), true},
        {IS("/foo/1", "\"baz\""), true},
        {IS("/foo/2/x/0/0", "7"), true},
        {IS("/", "0"), true},
        {IS("/a~1b", "1"), true},
        {IS("/c%d", "2"), true},
        {IS("/e^f", "3"), true},
        {IS("/g|h", "4"), true},
        {IS("/i\\\\j", "5"), true},
        {IS("/k\\\"l", "6"), true},
        {IS("/ ", "7"), true},
        {IS("/m~0n", "8"), true},
        {IS("/~01", "9"), true},
        {IS("/0", "10"), true},
        {IS("/00", "15"), true},
        {IS("/-", "14"), true},
        {IS("/type", "11"), true},
        {IS("/\\u017e", "12"), true},
        {IS("/o//", "13"), true},
        {IS("/twice", "2"), true},
        {IS("/twice", "1"), false},
        {NOT_THERE("/foo/3"), true},
        {NOT_THERE("/foo/00"), true},
        {NOT_THERE("/foo/01"), true},
        {NOT_THERE("/foo/-"), true},
        {NOT_THERE("/foo/-1"), true},
        {NOT_THERE("/foo/+1"), true},
        {NOT_THERE("/foo/1.0"), true},
        {NOT_THERE("/foo/1e0"), true},
        {NOT_THERE("/foo/"), true},
        {NOT_THERE("/foo/ 1"), true},
        {NOT_THERE("/foo/18446744073709551616"), true},
        {NOT_THERE("/foo/4294967296"), true},
        {NOT_THERE("/foo/0/"), true},
        {NOT_THERE("/foo/0/0"), true},
        {NOT_THERE("/0/0"), true},
        {NOT_THERE("/a~0b"), true},
        {NOT_THERE("/a"), true},
        {NOT_THERE("/fo"), true},
        {NOT_THERE("/fooo"), true},
        {NOT_THERE("//"), true},
        {NOT_THERE("/o///"), true},
        {NOT_THERE("/\xc5\xbf"), true},
        {"{\"exists\":{\"key\":false}}", true},
        {"{\"prefix\":{\"key\":\"a\"}}", false},
        {"{\"exact\":{\"key\":\"a\"}}", false},
    };
    struct filter_event whole = event;
    (void)state;
    whole.data.len = strlen(whole.data.at);
    check(verdicts, COUNT(verdicts), whole);
}

static void data_of_any_kind(void **state)
{
    static const struct {
        const char *data, *filter;
        bool accepted;
    } cases[] = {
        {"5", IS("", "5"), true},
        {" 5 ", IS("", "5.0"), true},
        {"\"x\"", IS("", "\"x\""), true},
        {"null", IS("", "null"), true},
        {"null", NOT_THERE("/a"), true},
        {"[1]", IS("/0", "1"), true},
        {"[]", NOT_THERE("/0"), true},
        {"{}", NOT_THERE("/"), true},
        {"", NOT_THERE(""), true},
        {"", "{\"not\":" IS("", "null") "}", true},
        {"{\"a\":1", NOT_THERE("/a"), true},
        {"{\"a\":01}", NOT_THERE("/a"), true},
        {"\xff", NOT_THERE(""), true},
        {"\xff", "{\"exact\":{\"type\":\"a\"}}", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check(&(struct verdict){cases[i].filter, cases[i].accepted}, 1,
              (struct filter_event){.type = SLICE("a"), .data = slice_of(cases[i].data)});
}

static void numbers_in_data_have_a_length(void **state)
{
    char data[FILTER_NUMBER_MAX + 1];
    (void)state;
    for (size_t len = sizeof data - 2; len <= sizeof data; len++) {
        const bool fits = len <= FILTER_NUMBER_MAX;
        const struct verdict verdicts[] = {
            {IS("", "1"), fits},
            {"{\"gt\":{\"\":0}}", fits},
            {"{\"lt\":{\"\":2}}", fits},
            {"{\"exists\":{\"\":true}}", true},
        };
        memset(data, '0', sizeof data);
        data[0] = '1';
        data[1] = '.';
        check(verdicts, COUNT(verdicts),
              (struct filter_event){.type = SLICE("a"), .data = {data, len}});
    }
}

/* What one filter found out about data is there for the next. */
static void data_is_parsed_once_and_only_when_looked_into(void **state)
{
    struct problem problem;
    struct filter *by_type = filter_compile(SLICE("{\"exact\":{\"type\":\"a\"}}"), &problem);
    struct filter *by_data = filter_compile(SLICE(IS("/n", "1")), &problem);
    struct filter_event event = {.type = SLICE("a"), .data = SLICE("{\"n\":1}")};
    (void)state;
    assert_true(filter_accepts(by_type, &event));
    assert_null(event.parsed);
    assert_true(filter_accepts(by_data, &event));
    const struct filter_data *parsed = event.parsed;
    assert_non_null(parsed);
    event.data = SLICE("{\"n\":2}");
    assert_true(filter_accepts(by_data, &event));
    assert_ptr_equal(event.parsed, parsed);
    filter_event_fini(&event);
    filter_event_fini(&event);
    filter_free(&by_type);
    filter_free(&by_data);
    filter_free(&by_data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact),
        cmocka_unit_test(prefix_and_suffix),
        cmocka_unit_test(order),
        cmocka_unit_test(exists),
        cmocka_unit_test(all_any_and_not),
        cmocka_unit_test(pointers),
        cmocka_unit_test(data_of_any_kind),
        cmocka_unit_test(numbers_in_data_have_a_length),
        cmocka_unit_test(data_is_parsed_once_and_only_when_looked_into),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
