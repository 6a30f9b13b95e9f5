/*
 * account_request_test.c - requests for organizations and keys, and what is refused of them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/account_request.h"

#define NOW_MS 1800000000000LL

static const struct refusal {
    const char *body;
    int status;
    const char *code, *pointer;
} key_refusals[] = {
    {"", 400, "malformed_json", ""},
    {"[]", 422, "wrong_type", ""},
    {"{\"name\":\"n\"}", 422, "missing_field", "/scopes"},
    {"{\"scopes\":[\"*\"]}", 422, "missing_field", "/name"},
    {"{\"name\":\"\",\"scopes\":[\"*\"]}", 422, "invalid_value", "/name"},
    {"{\"name\":\"a\\u0000b\",\"scopes\":[\"*\"]}", 422, "invalid_value", "/name"},
    {"{\"name\":7,\"scopes\":[\"*\"]}", 422, "wrong_type", "/name"},
    {"{\"name\":\"n\",\"name\":\"n\",\"scopes\":[\"*\"]}", 422, "duplicate_field", "/name"},
    {"{\"name\":\"n\",\"scopes\":[\"*\"],\"admin\":true}", 422, "unknown_field", "/admin"},
    {"{\"name\":\"n\",\"scopes\":\"*\"}", 422, "wrong_type", "/scopes"},
    {"{\"name\":\"n\",\"scopes\":[]}", 422, "invalid_value", "/scopes"},
    {"{\"name\":\"n\",\"scopes\":[\"events:write\",\"events:fly\"]}", 422, "invalid_value",
     "/scopes/1"},
    {"{\"name\":\"n\",\"scopes\":[\"events:write\",\"events:write\"]}", 422, "invalid_value",
     "/scopes/1"},
    {"{\"name\":\"n\",\"scopes\":[1]}", 422, "wrong_type", "/scopes/0"},
    {"{\"name\":\"n\",\"scopes\":[\"*\"],\"expires_at\":\"soon\"}", 422, "invalid_value",
     "/expires_at"},
    {"{\"name\":\"n\",\"scopes\":[\"*\"],\"expires_at\":1900000000}", 422, "wrong_type",
     "/expires_at"},
    {"{\"name\":\"n\",\"scopes\":[\"*\"],\"expires_at\":\"2027-01-15T08:00:00Z\"}", 422,
     "invalid_value", "/expires_at"},
    {"{\"name\":\"n\",\"scopes\":[\"*\"],\"organization\":\"org_x\"}", 422, "invalid_value",
     "/organization"},
};

static void refuses_keys_with_a_pointer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof key_refusals / sizeof key_refusals[0]; i++) {
        const struct refusal *row = &key_refusals[i];
        struct key_request request;
        struct problem problem;
        assert_int_equal(key_parse_request(slice_of(row->body), NOW_MS, &request, &problem),
                         STATUS_INVALID);
        assert_string_equal(problem.code, row->code);
        assert_string_equal(problem.pointer, row->pointer);
        assert_int_equal(problem.http_status, row->status);
    }
}

static void reads_a_key(void **state)
{
    (void)state;
    struct key_request request;
    struct problem problem;
    const char *body = "{\"name\":\"n\xc3\xa9\",\"scopes\":[\"events:write\",\"inbox:consume\"],"
                       "\"expires_at\":\"2027-01-15T08:00:00.001Z\",\"organization\":\"org_"
                       "01m81a6af2s9e24w18f4\"}";
    assert_int_equal(key_parse_request(slice_of(body), NOW_MS, &request, &problem), STATUS_OK);
    assert_string_equal(request.name, "n\xc3\xa9");
    assert_string_equal(request.scopes, "events:write inbox:consume");
    assert_int_equal(request.expires_at_ms, NOW_MS + 1);
    assert_string_equal(request.org, "org_01m81a6af2s9e24w18f4");
}

static enum status parse_name(size_t len)
{
    char body[ACCOUNT_NAME_MAX + 32];
    struct organization_request request;
    struct problem problem;
    char name[ACCOUNT_NAME_MAX + 8];
    memset(name, 'n', len);
    name[len] = '\0';
    snprintf(body, sizeof body, "{\"name\":\"%s\"}", name);
    enum status status = organization_parse_request(slice_of(body), &request, &problem);
    if (status == STATUS_OK)
        assert_string_equal(request.name, name);
    return status;
}

static void bounds_the_name(void **state)
{
    (void)state;
    assert_int_equal(parse_name(0), STATUS_INVALID);
    assert_int_equal(parse_name(1), STATUS_OK);
    assert_int_equal(parse_name(ACCOUNT_NAME_MAX), STATUS_OK);
    assert_int_equal(parse_name(ACCOUNT_NAME_MAX + 1), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_keys_with_a_pointer),
        cmocka_unit_test(reads_a_key),
        cmocka_unit_test(bounds_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
