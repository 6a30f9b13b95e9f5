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
#include "refusal_fixture.h"

#define NOW_MS 1800000000000LL

static const struct refusal key_refusals[] = {
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
    {"{\"name\":\"n\",\"scopes\":[\"*\"],\"organization\":7}", 422, "wrong_type", "/organization"},
    {"{\"name\":null,\"scopes\":[\"*\"]}", 422, "wrong_type", "/name"},
    {"{\"name\":\"a\\nb\",\"scopes\":[\"*\"]}", 422, "invalid_value", "/name"},
    {"{\"name\":\"a\\ud800\",\"scopes\":[\"*\"]}", 400, "malformed_json", ""},
    {"{\"name\":\"n\",\"scopes\":[\"*\"],\"rate_limit\":5}", 422, "wrong_type", "/rate_limit"},
    {"{\"name\":\"n\",\"scopes\":[\"*\"],\"rate_limit\":{\"per_second\":0}}", 422, "invalid_value",
     "/rate_limit/per_second"},
    {"{\"name\":\"n\",\"scopes\":[\"*\"],\"rate_limit\":null,\"rate_limit\":null}", 422,
     "duplicate_field", "/rate_limit"},
    {"[[[[[[[[[[]]]]]]]]]]", 400, "too_deep", ""},
};

static void refuses_keys_with_a_pointer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof key_refusals / sizeof key_refusals[0]; i++) {
        struct key_request request;
        struct problem problem;
        refusal_check(&key_refusals[i],
                      key_parse_request(slice_of(key_refusals[i].body), NOW_MS, &request, &problem),
                      &problem);
    }
}

static void reads_a_key(void **state)
{
    (void)state;
    struct key_request request;
    struct problem problem;
    const char *body = "{\"name\":\"n\xc3\xa9\",\"scopes\":[\"events:write\",\"inbox:consume\"],"
                       "\"expires_at\":\"2027-01-15T08:00:00.001Z\",\"organization\":\"org_"
                       "01m81a6af2s9e24w18f4\",\"rate_limit\":{\"per_second\":5,\"burst\":9}}";
    assert_int_equal(key_parse_request(slice_of(body), NOW_MS, &request, &problem), STATUS_OK);
    assert_string_equal(request.name, "n\xc3\xa9");
    assert_string_equal(request.scopes, "events:write inbox:consume");
    assert_int_equal(request.expires_at_ms, NOW_MS + 1);
    assert_string_equal(request.org, "org_01m81a6af2s9e24w18f4");
    assert_int_equal(request.rate.per_second, 5);
    assert_int_equal(request.rate.burst, 9);
}

static void every_scope_there_is_may_be_given(void **state)
{
    static const char *const scopes[] = {
        "events:write",
        "events:read",
        "inbox:consume",
        "endpoints:read",
        "endpoints:write",
        "endpoints:secrets",
        "deliveries:read",
        "deliveries:write",
        "dlq:read",
        "dlq:write",
        "keys:write",
        "audit:read",
        "*",
    };
    char body[1024] = "{\"name\":\"n\",\"scopes\":[";
    struct key_request request;
    struct problem problem;
    (void)state;
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        size_t len = strlen(body);
        snprintf(body + len, sizeof body - len, "%s\"%s\"", i > 0 ? "," : "", scopes[i]);
    }
    size_t len = strlen(body);
    snprintf(body + len, sizeof body - len, "]}");
    assert_int_equal(key_parse_request(slice_of(body), NOW_MS, &request, &problem), STATUS_OK);
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
        assert_non_null(strstr(request.scopes, scopes[i]));
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

static void changes_say_what_they_change(void **state)
{
    static const struct {
        const char *body;
        bool has_name, has_rate;
        int64_t per_second;
    } rows[] = {
        {"{}", false, false, 0},
        {"{\"name\":\"n\"}", true, false, 0},
        {"{\"rate_limit\":null}", false, true, 0},
        {"{\"rate_limit\":{\"per_second\":3}}", false, true, 3},
        {"{\"rate_limit\":{\"per_second\":3},\"name\":\"n\"}", true, true, 3},
    };
    static const struct refusal refusals[] = {
        {"", 400, "malformed_json", ""},
        {"null", 422, "wrong_type", ""},
        {"{\"name\":null}", 422, "wrong_type", "/name"},
        {"{\"name\":\"\"}", 422, "invalid_value", "/name"},
        {"{\"id\":\"org_1\"}", 422, "unknown_field", "/id"},
        {"{\"rate_limit\":{}}", 422, "missing_field", "/rate_limit/per_second"},
    };
    struct organization_request request;
    struct problem problem;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(organization_parse_change(slice_of(rows[i].body), &request, &problem),
                         STATUS_OK);
        assert_int_equal(request.has_name, rows[i].has_name);
        assert_int_equal(request.has_rate, rows[i].has_rate);
        assert_int_equal(request.rate.per_second, rows[i].per_second);
    }
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        refusal_check(&refusals[i],
                      organization_parse_change(slice_of(refusals[i].body), &request, &problem),
                      &problem);
    }
    assert_int_equal(organization_parse_request(SLICE("{}"), &request, &problem), STATUS_INVALID);
    assert_string_equal(problem.pointer, "/name");
}

static void bounds_the_grace(void **state)
{
    static const struct {
        const char *body;
        int64_t grace_ms; /* -1: refused */
        const char *code;
    } rows[] = {
        {"", 86400000, NULL},
        {"{}", 86400000, NULL},
        {"{\"grace\":\"0s\"}", 0, NULL},
        {"{\"grace\":\"1ms\"}", 1, NULL},
        {"{\"grace\":\"7d\"}", 604800000, NULL},
        {"{\"grace\":\"604799999ms\"}", 604799999, NULL},
        {"{\"grace\":\"604800001ms\"}", -1, "invalid_value"},
        {"{\"grace\":\"8d\"}", -1, "invalid_value"},
        {"{\"grace\":\"-1s\"}", -1, "invalid_value"},
        {"{\"grace\":\"99999999999999999999d\"}", -1, "invalid_value"},
        {"{\"grace\":\"\"}", -1, "invalid_value"},
        {"{\"grace\":0}", -1, "wrong_type"},
        {"{\"grace\":null}", -1, "wrong_type"},
        {"{\"grace\":\"1s\",\"grace\":\"1s\"}", -1, "duplicate_field"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct problem problem;
        int64_t grace_ms = -1;
        enum status status =
            key_rotation_parse_request(slice_of(rows[i].body), &grace_ms, &problem);
        assert_int_equal(status, rows[i].code ? STATUS_INVALID : STATUS_OK);
        assert_int_equal(grace_ms, rows[i].grace_ms);
        if (rows[i].code) {
            assert_string_equal(problem.code, rows[i].code);
            assert_string_equal(problem.pointer, "/grace");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_keys_with_a_pointer),
        cmocka_unit_test(reads_a_key),
        cmocka_unit_test(bounds_the_name),
        cmocka_unit_test(every_scope_there_is_may_be_given),
        cmocka_unit_test(changes_say_what_they_change),
        cmocka_unit_test(bounds_the_grace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
