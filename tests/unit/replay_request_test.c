/*
 * replay_request_test.c - windows of time to be replayed, and what is refused of them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/replay_request.h"
#include "refusal_fixture.h"

#define NOW_MS 1800000000000LL /* 2027-01-15T08:00:00Z */

static const struct {
    const char *body;
    int64_t since_ms, until_ms;
    const char *status;
} accepted[] = {
    {"", 0, NOW_MS, "failed"},
    {"{}", 0, NOW_MS, "failed"},
    {"{\"status\":\"all\"}", 0, NOW_MS, "all"},
    {"{\"status\":\"failed\"}", 0, NOW_MS, "failed"},
    {"{\"since\":\"2027-01-15T07:59:59.000Z\",\"status\":\"delivered\"}", NOW_MS - 1000, NOW_MS,
     "delivered"},
    {"{\"since\":\"2027-01-15T07:59:59Z\",\"until\":\"2027-01-15T07:59:59Z\"}", NOW_MS - 1000,
     NOW_MS - 1000, "failed"},
    {"{\"until\":\"2027-01-15T08:00:00.001Z\"}", 0, NOW_MS, "failed"},
    {"{\"until\":\"9999-12-31T23:59:59Z\"}", 0, NOW_MS, "failed"},
    {"{\"since\":\"2027-01-15T08:00:01Z\",\"until\":\"2027-01-15T08:00:02Z\"}", NOW_MS + 1000,
     NOW_MS, "failed"}, /* a window that lies ahead is empty */
};

static const struct refusal refused[] = {
    {"{", 400, "malformed_json", ""},
    {"[[[[[1]]]]]", 400, "too_deep", ""},
    {"[]", 422, "wrong_type", ""},
    {"null", 422, "wrong_type", ""},
    {"{\"since\":5}", 422, "wrong_type", "/since"},
    {"{\"since\":\"1h\"}", 422, "invalid_value", "/since"},
    {"{\"since\":\"1969-12-31T23:59:59Z\"}", 422, "invalid_value", "/since"},
    {"{\"until\":null}", 422, "wrong_type", "/until"},
    {"{\"until\":\"\"}", 422, "invalid_value", "/until"},
    {"{\"status\":\"dead\"}", 422, "invalid_value", "/status"},
    {"{\"status\":[\"failed\"]}", 422, "wrong_type", "/status"},
    {"{\"status\":\"failed\",\"status\":\"all\"}", 422, "duplicate_field", "/status"},
    {"{\"state\":\"failed\"}", 422, "unknown_field", "/state"},
    {"{\"since\":\"2027-01-15T08:00:01Z\"}", 422, "invalid_value", "/until"},
    {"{\"since\":\"2026-01-15T08:00:01Z\",\"until\":\"2026-01-15T08:00:00Z\"}", 422,
     "invalid_value", "/until"},
};

static void reads_windows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        struct replay_request request;
        struct problem problem;
        assert_int_equal(
            replay_parse_request(slice_of(accepted[i].body), NOW_MS, &request, &problem),
            STATUS_OK);
        assert_int_equal(request.since_ms, accepted[i].since_ms);
        assert_int_equal(request.until_ms, accepted[i].until_ms);
        assert_string_equal(request.status, accepted[i].status);
    }
}

static void refuses_with_a_pointer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct replay_request request;
        struct problem problem;
        refusal_check(&refused[i],
                      replay_parse_request(slice_of(refused[i].body), NOW_MS, &request, &problem),
                      &problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_windows),
        cmocka_unit_test(refuses_with_a_pointer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
