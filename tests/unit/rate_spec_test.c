/*
 * rate_spec_test.c - rate limits in requests, records and answers
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/json_read.h"
#include "model/rate_spec.h"

static enum status read_text(const char *text, struct rate_spec *out, struct problem *problem)
{
    struct json_scratch scratch;
    yyjson_doc *doc = json_read(slice_of(text), 8, &scratch, problem);
    assert_non_null(doc);
    enum status status = rate_spec_read(yyjson_doc_get_root(doc), out, problem);
    json_read_free(&doc);
    return status;
}

static void reads_what_is_within_the_bounds(void **state)
{
    static const struct {
        const char *text;
        struct rate_spec spec;
    } rows[] = {
        {"null", {0, 0}},
        {"{\"per_second\":1}", {1, 1}},
        {"{\"per_second\":7}", {7, 7}},
        {"{\"per_second\":7,\"burst\":1}", {7, 1}},
        {"{\"burst\":1000000,\"per_second\":999999}", {999999, 1000000}},
        {"{\"per_second\":1000000,\"burst\":999999}", {1000000, 999999}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct problem problem;
        struct rate_spec spec = {-1, -1};
        assert_int_equal(read_text(rows[i].text, &spec, &problem), STATUS_OK);
        assert_int_equal(spec.per_second, rows[i].spec.per_second);
        assert_int_equal(spec.burst, rows[i].spec.burst);
    }
}

static void refuses_with_a_pointer(void **state)
{
    static const struct {
        const char *text, *code, *pointer;
    } rows[] = {
        {"7", "wrong_type", ""},
        {"[]", "wrong_type", ""},
        {"\"7\"", "wrong_type", ""},
        {"false", "wrong_type", ""},
        {"{}", "missing_field", "/per_second"},
        {"{\"burst\":1}", "missing_field", "/per_second"},
        {"{\"per_second\":0}", "invalid_value", "/per_second"},
        {"{\"per_second\":-1}", "invalid_value", "/per_second"},
        {"{\"per_second\":1000001}", "invalid_value", "/per_second"},
        {"{\"per_second\":18446744073709551617}", "invalid_value", "/per_second"},
        {"{\"per_second\":1e400}", "invalid_value", "/per_second"},
        {"{\"per_second\":1.5}", "invalid_value", "/per_second"},
        {"{\"per_second\":1.0}", "invalid_value", "/per_second"},
        {"{\"per_second\":\"1\"}", "wrong_type", "/per_second"},
        {"{\"per_second\":null}", "wrong_type", "/per_second"},
        {"{\"per_second\":[1]}", "wrong_type", "/per_second"},
        {"{\"per_second\":1,\"burst\":0}", "invalid_value", "/burst"},
        {"{\"per_second\":1,\"burst\":1000001}", "invalid_value", "/burst"},
        {"{\"per_second\":1,\"burst\":null}", "wrong_type", "/burst"},
        {"{\"per_second\":1,\"burst\":true}", "wrong_type", "/burst"},
        {"{\"per_second\":1,\"per_second\":1}", "duplicate_field", "/per_second"},
        {"{\"per_second\":1,\"per_minute\":1}", "unknown_field", "/per_minute"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct problem problem;
        struct rate_spec spec = {-1, -1};
        if (read_text(rows[i].text, &spec, &problem) != STATUS_INVALID)
            fail_msg("accepted: %s", rows[i].text);
        assert_int_equal(problem.http_status, 422);
        assert_string_equal(problem.code, rows[i].code);
        assert_string_equal(problem.pointer, rows[i].pointer);
        assert_int_equal(spec.per_second, -1); /* untouched */
    }
}

static void parses_what_records_have(void **state)
{
    static const struct {
        const char *per_second, *burst;
        enum status status;
        int64_t expected;
    } rows[] = {
        {"", "", STATUS_OK, 0},
        {"5", "6", STATUS_OK, 5},
        {"1000000", "1", STATUS_OK, 1000000},
        {"1000001", "1", STATUS_INVALID, 0},
        {"5", "", STATUS_INVALID, 0},
        {"", "6", STATUS_INVALID, 0},
        {"0", "6", STATUS_INVALID, 0},
        {"5", "0", STATUS_INVALID, 0},
        {"x", "1", STATUS_INVALID, 0},
        {"-5", "1", STATUS_INVALID, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rate_spec spec = {0};
        assert_int_equal(
            rate_spec_parse(slice_of(rows[i].per_second), slice_of(rows[i].burst), &spec),
            rows[i].status);
        assert_int_equal(spec.per_second, rows[i].expected);
    }
}

static void shows_itself(void **state)
{
    struct buf out;
    (void)state;
    buf_init(&out, 256);
    struct json_writer json = {.out = &out};
    json_open(&json, '[');
    rate_spec_json(&json, &(struct rate_spec){0});
    rate_spec_json(&json, &(struct rate_spec){5, 6});
    json_close(&json, ']');
    assert_true(slice_is(buf_slice(&out), "[null,{\"per_second\":5,\"burst\":6}]"));
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_within_the_bounds),
        cmocka_unit_test(refuses_with_a_pointer),
        cmocka_unit_test(parses_what_records_have),
        cmocka_unit_test(shows_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
