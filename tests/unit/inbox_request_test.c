/*
 * inbox_request_test.c - requests that lease, acknowledge and release, and what is refused of them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/inbox_request.h"
#include "refusal_fixture.h"

#define PARTITION 3
#define LEASE "lse_01hf7yat00abcdefghjk"
#define EVENT "evt_01hf7yat0000000010" /* and the partition's two last characters */

static const struct refusal lease_refusals[] = {
    {" ", 400, "malformed_json", ""},
    {"{\"limit\":1", 400, "malformed_json", ""},
    {"[[[[[[[[[1]]]]]]]]]", 400, "too_deep", ""},
    {"[]", 422, "wrong_type", ""},
    {"{\"limit\":0}", 422, "invalid_value", "/limit"},
    {"{\"limit\":101}", 422, "invalid_value", "/limit"},
    {"{\"limit\":-1}", 422, "invalid_value", "/limit"},
    {"{\"limit\":1.0}", 422, "invalid_value", "/limit"},
    {"{\"limit\":1e1}", 422, "invalid_value", "/limit"},
    {"{\"limit\":100000000000000000000000000000}", 422, "invalid_value", "/limit"},
    {"{\"limit\":\"10\"}", 422, "wrong_type", "/limit"},
    {"{\"limit\":null}", 422, "wrong_type", "/limit"},
    {"{\"lease_seconds\":0}", 422, "invalid_value", "/lease_seconds"},
    {"{\"lease_seconds\":3601}", 422, "invalid_value", "/lease_seconds"},
    {"{\"lease_seconds\":true}", 422, "wrong_type", "/lease_seconds"},
    {"{\"limit\":1,\"limit\":1}", 422, "duplicate_field", "/limit"},
    {"{\"lease_limit\":1}", 422, "unknown_field", "/lease_limit"},
};

#define WITH_IDS(ids) "{\"lease_id\":\"" LEASE "\",\"event_ids\":" ids "}"

static const struct refusal unlease_refusals[] = {
    {"", 400, "malformed_json", ""},
    {"7", 422, "wrong_type", ""},
    {"{}", 422, "missing_field", "/lease_id"},
    {"{\"lease_id\":7}", 422, "wrong_type", "/lease_id"},
    {"{\"lease_id\":\"nobody\"}", 422, "invalid_value", "/lease_id"},
    {"{\"lease_id\":\"" LEASE "0\"}", 422, "invalid_value", "/lease_id"},
    {"{\"lease_id\":\"lse_01hf7yat00abcdefghj\\u0000\"}", 422, "invalid_value", "/lease_id"},
    {"{\"lease_id\":\"key_01hf7yat00abcdefghjk\"}", 422, "invalid_value", "/lease_id"},
    {"{\"lease_id\":\"" LEASE "\",\"lease_id\":\"" LEASE "\"}", 422, "duplicate_field",
     "/lease_id"},
    {"{\"lease_id\":\"" LEASE "\",\"ids\":[]}", 422, "unknown_field", "/ids"},
    {WITH_IDS("null"), 422, "wrong_type", "/event_ids"},
    {WITH_IDS("\"" EVENT "03\""), 422, "wrong_type", "/event_ids"},
    {WITH_IDS("[]"), 422, "invalid_value", "/event_ids"},
    {WITH_IDS("[7]"), 422, "wrong_type", "/event_ids/0"},
    {WITH_IDS("[\"" EVENT "03\",\"evt_1\"]"), 422, "invalid_value", "/event_ids/1"},
    {WITH_IDS("[\"" EVENT "04\"]"), 422, "invalid_value", "/event_ids/0"},
    {WITH_IDS("[\"" EVENT "03\",\"" EVENT "03\"]"), 422, "invalid_value", "/event_ids/1"},
};

static void refuses_leases_with_a_pointer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lease_refusals / sizeof lease_refusals[0]; i++) {
        struct lease_request request;
        struct problem problem;
        refusal_check(&lease_refusals[i],
                      lease_parse_request(slice_of(lease_refusals[i].body), &request, &problem),
                      &problem);
    }
}

static void refuses_acknowledgements_with_a_pointer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unlease_refusals / sizeof unlease_refusals[0]; i++) {
        struct unlease_request request;
        struct problem problem;
        refusal_check(&unlease_refusals[i],
                      unlease_parse_request(slice_of(unlease_refusals[i].body), PARTITION, &request,
                                            &problem),
                      &problem);
    }
}

static void reads_a_lease(void **state)
{
    static const struct {
        const char *body;
        int64_t lease_seconds, limit;
    } rows[] = {
        {"", 300, 10},
        {"{}", 300, 10},
        {"{\"lease_seconds\":1,\"limit\":1}", 1, 1},
        {"{\"limit\":100}", 300, 100},
        {"{\"lease_seconds\":3600}", 3600, 10},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lease_request request;
        struct problem problem;
        assert_int_equal(lease_parse_request(slice_of(rows[i].body), &request, &problem),
                         STATUS_OK);
        assert_int_equal(request.lease_seconds, rows[i].lease_seconds);
        assert_int_equal(request.limit, rows[i].limit);
    }
}

static void reads_an_acknowledgement(void **state)
{
    (void)state;
    struct unlease_request request;
    struct problem problem;
    assert_int_equal(
        unlease_parse_request(SLICE("{\"lease_id\":\"" LEASE "\"}"), PARTITION, &request, &problem),
        STATUS_OK);
    assert_string_equal(request.lease_id, LEASE);
    assert_int_equal(request.count, 0);
    assert_int_equal(
        unlease_parse_request(SLICE(WITH_IDS("[\"" EVENT "03\"]")), PARTITION, &request, &problem),
        STATUS_OK);
    assert_int_equal(request.count, 1);
    assert_int_equal(request.entries[0].ms, 1700000000000);
    assert_int_equal(request.entries[0].seq, 1);
}

static enum status parse_ids(size_t count)
{
    static char body[8192];
    struct unlease_request request;
    struct problem problem;
    size_t len = (size_t)snprintf(body, sizeof body, "{\"lease_id\":\"" LEASE "\",\"event_ids\":[");
    for (size_t i = 0; i < count; i++) {
        char id[EVENT_ID_LEN + 1];
        event_id_format((struct event_id){.entry = {.ms = 5, .seq = i}, .partition = PARTITION},
                        id);
        len += (size_t)snprintf(body + len, sizeof body - len, "%s\"%s\"", i > 0 ? "," : "", id);
    }
    snprintf(body + len, sizeof body - len, "]}");
    enum status status = unlease_parse_request(slice_of(body), PARTITION, &request, &problem);
    if (status == STATUS_OK)
        assert_int_equal(request.count, count);
    else
        assert_string_equal(problem.pointer, "/event_ids");
    return status;
}

static void bounds_the_ids(void **state)
{
    (void)state;
    assert_int_equal(parse_ids(0), STATUS_INVALID);
    assert_int_equal(parse_ids(1), STATUS_OK);
    assert_int_equal(parse_ids(LEASE_EVENTS_MAX), STATUS_OK);
    assert_int_equal(parse_ids(LEASE_EVENTS_MAX + 1), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_leases_with_a_pointer),
        cmocka_unit_test(refuses_acknowledgements_with_a_pointer),
        cmocka_unit_test(reads_a_lease),
        cmocka_unit_test(reads_an_acknowledgement),
        cmocka_unit_test(bounds_the_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
