/*
 * rotation_request_test.c - the request that replaces a secret: what passes, how each refusal is named
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/rotation_request.h"

#define SECRET "\"secret\":\"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX\""

static void reads_both_members(void **state)
{
    static const struct {
        const char *body;
        size_t secret_len;
        int64_t grace_ms;
    } cases[] = {
        {"", 0, ROTATION_GRACE_MS},
        {"{}", 0, ROTATION_GRACE_MS},
        {"{" SECRET "}", 24, ROTATION_GRACE_MS},
        {"{\"grace\":\"0s\"}", 0, 0},
        {"{\"grace\":\"1ms\"," SECRET "}", 24, 1},
        {"{\"grace\":\"7d\"}", 0, ROTATION_GRACE_MAX_MS},
        {"{\"grace\":\"604799999ms\"}", 0, ROTATION_GRACE_MAX_MS - 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct signing_secret secret;
        struct problem problem;
        int64_t grace_ms = -1;
        if (rotation_parse_request(slice_of(cases[i].body), &secret, &grace_ms, &problem) !=
            STATUS_OK)
            fail_msg("%s: %s", cases[i].body, problem.detail);
        assert_int_equal(secret.len, cases[i].secret_len);
        assert_int_equal(grace_ms, cases[i].grace_ms);
    }
}

static void names_each_refusal(void **state)
{
    static const struct {
        const char *body, *code, *pointer;
    } cases[] = {
        {" ", "malformed_json", ""},
        {"{", "malformed_json", ""},
        {"[]", "wrong_type", ""},
        {"null", "wrong_type", ""},
        {"{\"grace\":1}", "wrong_type", "/grace"},
        {"{\"grace\":null}", "wrong_type", "/grace"},
        {"{\"grace\":\"604800001ms\"}", "invalid_value", "/grace"},
        {"{\"grace\":\"8d\"}", "invalid_value", "/grace"},
        {"{\"grace\":\"-1s\"}", "invalid_value", "/grace"},
        {"{\"grace\":\"\"}", "invalid_value", "/grace"},
        {"{\"grace\":\"1s\",\"grace\":\"1s\"}", "duplicate_field", "/grace"},
        {"{\"secret\":1}", "wrong_type", "/secret"},
        {"{\"secret\":\"\"}", "invalid_value", "/secret"},
        {"{\"secret\":\"whsec_AAEC\"}", "invalid_value", "/secret"},
        {"{\"key\":null}", "unknown_field", "/key"},
        {"{\"a\":[[[[[[[[[]]]]]]]]]}", "too_deep", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct signing_secret secret;
        struct problem problem = {.code = "accepted"};
        int64_t grace_ms;
        if (rotation_parse_request(slice_of(cases[i].body), &secret, &grace_ms, &problem) ==
                STATUS_OK ||
            strcmp(problem.code, cases[i].code) != 0 ||
            strcmp(problem.pointer, cases[i].pointer) != 0)
            fail_msg("%s: %s %s", cases[i].body, problem.code, problem.pointer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_both_members),
        cmocka_unit_test(names_each_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
