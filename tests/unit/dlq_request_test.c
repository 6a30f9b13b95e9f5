/*
 * dlq_request_test.c - which dead letters a request takes, and what is refused of it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/dlq_request.h"
#include "refusal_fixture.h"

#define ID "00000000000000000000"
#define DLV "dlv_" ID ID

static const struct refusal refusals[] = {
    {"", 400, "malformed_json", ""},
    {"{\"ids\":", 400, "malformed_json", ""},
    {"[[[[[[[[[]]]]]]]]]", 400, "too_deep", ""},
    {"[]", 422, "wrong_type", ""},
    {"{}", 422, "missing_field", ""},
    {"{\"ids\":[\"" DLV "\"],\"filter\":{}}", 422, "conflicting_fields", ""},
    {"{\"id\":[]}", 422, "unknown_field", "/id"},
    {"{\"ids\":{}}", 422, "wrong_type", "/ids"},
    {"{\"ids\":\"" DLV "\"}", 422, "wrong_type", "/ids"},
    {"{\"ids\":null}", 422, "wrong_type", "/ids"},
    {"{\"ids\":[]}", 422, "invalid_value", "/ids"},
    {"{\"ids\":[\"" DLV "\",7]}", 422, "wrong_type", "/ids/1"},
    {"{\"ids\":[\"" DLV "0\"]}", 422, "invalid_value", "/ids/0"},
    {"{\"ids\":[\"dlv_" ID "0000000000000000000\"]}", 422, "invalid_value", "/ids/0"},
    {"{\"ids\":[\"evt_" ID "\"]}", 422, "invalid_value", "/ids/0"},
    {"{\"ids\":[\"" DLV "\"],\"ids\":[\"" DLV "\"]}", 422, "duplicate_field", "/ids"},
    {"{\"filter\":[]}", 422, "wrong_type", "/filter"},
    {"{\"filter\":null}", 422, "wrong_type", "/filter"},
    {"{\"filter\":{\"status\":\"x\"}}", 422, "unknown_field", "/filter/status"},
    {"{\"filter\":{\"type\":\"a\",\"type\":\"a\"}}", 422, "duplicate_field", "/filter/type"},
    {"{\"filter\":{\"endpoint\":7}}", 422, "wrong_type", "/filter/endpoint"},
    {"{\"filter\":{\"endpoint\":\"evt_" ID "\"}}", 422, "invalid_value", "/filter/endpoint"},
    {"{\"filter\":{\"type\":[]}}", 422, "wrong_type", "/filter/type"},
    {"{\"filter\":{\"type\":\"a b\"}}", 422, "invalid_value", "/filter/type"},
    {"{\"filter\":{\"type\":\"\"}}", 422, "invalid_value", "/filter/type"},
    {"{\"filter\":{\"reason\":true}}", 422, "wrong_type", "/filter/reason"},
    {"{\"filter\":{\"reason\":\"No\"}}", 422, "invalid_value", "/filter/reason"},
    {"{\"filter\":{\"reason\":\"a\\u0000\"}}", 422, "invalid_value", "/filter/reason"},
    {"{\"filter\":{\"since\":1}}", 422, "wrong_type", "/filter/since"},
    {"{\"filter\":{\"since\":\"2026-01-31\"}}", 422, "invalid_value", "/filter/since"},
    {"{\"filter\":{\"until\":{}}}", 422, "wrong_type", "/filter/until"},
    {"{\"filter\":{\"until\":\"soon\"}}", 422, "invalid_value", "/filter/until"},
};

static void refuses_with_a_pointer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct dlq_request request = {.count = 77};
        struct problem problem;
        refusal_check(&refusals[i],
                      dlq_request_parse(slice_of(refusals[i].body), &request, &problem), &problem);
        assert_int_equal(request.count, 77);
    }
}

static void takes_ids_in_their_order(void **state)
{
    struct dlq_request request;
    struct problem problem;
    (void)state;
    const char *body = "{\"ids\":[\"dlv_" ID "11111111111111111111\",\"" DLV "\",\"" DLV "\"]}";
    assert_int_equal(dlq_request_parse(slice_of(body), &request, &problem), STATUS_OK);
    assert_int_equal(request.count, 3);
    assert_string_equal(request.ids[0].event, "evt_" ID);
    assert_string_equal(request.ids[0].endpoint, "ep_11111111111111111111");
    assert_string_equal(request.ids[2].endpoint, "ep_" ID);
}

static enum status parse_ids(size_t count, struct dlq_request *request, struct problem *problem)
{
    struct buf body;
    buf_init(&body, 64 * 1024);
    buf_add_text(&body, "{\"ids\":[");
    for (size_t i = 0; i < count; i++)
        buf_printf(&body, "%s\"%s\"", i > 0 ? "," : "", DLV);
    buf_add_text(&body, "]}");
    enum status status = dlq_request_parse(buf_slice(&body), request, problem);
    buf_fini(&body);
    return status;
}

static void takes_as_many_ids_as_a_call_does(void **state)
{
    struct dlq_request request;
    struct problem problem;
    (void)state;
    assert_int_equal(parse_ids(DLQ_IDS_MAX, &request, &problem), STATUS_OK);
    assert_int_equal(request.count, DLQ_IDS_MAX);
    assert_int_equal(parse_ids(DLQ_IDS_MAX + 1, &request, &problem), STATUS_INVALID);
    assert_string_equal(problem.pointer, "/ids");
}

static void an_empty_filter_takes_all(void **state)
{
    struct dlq_request request;
    struct problem problem;
    (void)state;
    assert_int_equal(dlq_request_parse(SLICE("{\"filter\":{}}"), &request, &problem), STATUS_OK);
    assert_int_equal(request.count, 0);
    assert_string_equal(request.endpoint, "");
    assert_string_equal(request.type, "");
    assert_string_equal(request.reason, "");
    assert_int_equal(request.since_ms, -1);
    assert_int_equal(request.until_ms, -1);
}

static void a_filter_keeps_what_it_says(void **state)
{
    struct dlq_request request;
    struct problem problem;
    (void)state;
    assert_int_equal(
        dlq_request_parse(SLICE("{\"filter\":{\"endpoint\":\"ep_" ID "\",\"type\":\"a.b\","
                                "\"reason\":\"gone_410\",\"since\":\"1970-01-01T00:00:01Z\","
                                "\"until\":\"1970-01-01T01:00:02+01:00\"}}"),
                          &request, &problem),
        STATUS_OK);
    assert_string_equal(request.endpoint, "ep_" ID);
    assert_string_equal(request.type, "a.b");
    assert_string_equal(request.reason, "gone_410");
    assert_int_equal(request.since_ms, 1000);
    assert_int_equal(request.until_ms, 2000);
}

static void reasons_are_words(void **state)
{
    char longest[DLQ_REASON_MAX + 2];
    (void)state;
    memset(longest, 'a', sizeof longest);
    assert_true(dlq_reason_is_valid((struct slice){longest, DLQ_REASON_MAX}));
    assert_false(dlq_reason_is_valid((struct slice){longest, DLQ_REASON_MAX + 1}));
    assert_false(dlq_reason_is_valid(SLICE("")));
    assert_false(dlq_reason_is_valid(SLICE("a b")));
    assert_false(dlq_reason_is_valid(SLICE("a-b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_with_a_pointer),
        cmocka_unit_test(takes_ids_in_their_order),
        cmocka_unit_test(takes_as_many_ids_as_a_call_does),
        cmocka_unit_test(an_empty_filter_takes_all),
        cmocka_unit_test(a_filter_keeps_what_it_says),
        cmocka_unit_test(reasons_are_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
