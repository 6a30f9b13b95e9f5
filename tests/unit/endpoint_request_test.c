/*
 * endpoint_request_test.c - requests that make an endpoint or change one: what passes, how each refusal is named, every limit
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/endpoint.h"
#include "model/event_pattern.h"
#include "model/filter.h"
#include "model/header_rules.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define URL "\"url\":\"https://example.com/hook\""

static struct endpoint *accept(struct slice body, struct signing_secret *out_secret)
{
    struct endpoint *endpoint = NULL;
    struct problem problem;

    if (endpoint_parse_request(body, &endpoint, out_secret, &problem) != STATUS_OK)
        fail_msg("%.*s: %s %s", (int)body.len, body.at, problem.pointer, problem.detail);
    return endpoint;
}

static void refuse(struct slice body, const char *code, const char *pointer)
{
    struct endpoint *endpoint = NULL;
    struct signing_secret secret;
    struct problem problem = {.code = "accepted"};

    if (endpoint_parse_request(body, &endpoint, &secret, &problem) == STATUS_OK ||
        strcmp(problem.code, code) != 0 || strcmp(problem.pointer, pointer) != 0 ||
        problem.detail[0] == '\0')
        fail_msg("%.*s: %s %s %s", (int)body.len, body.at, problem.code, problem.pointer,
                 problem.detail);
    assert_null(endpoint);
}

static struct endpoint *accept_patch(struct slice body, unsigned expected_given)
{
    struct endpoint *endpoint = NULL;
    struct problem problem;
    unsigned given = 0;

    if (endpoint_parse_patch(body, &endpoint, &given, &problem) != STATUS_OK)
        fail_msg("%.*s: %s %s", (int)body.len, body.at, problem.pointer, problem.detail);
    if (given != expected_given)
        fail_msg("%.*s: %x is given, not %x", (int)body.len, body.at, given, expected_given);
    return endpoint;
}

static void refuse_patch(const char *body, const char *code, const char *pointer)
{
    struct endpoint *endpoint = NULL;
    struct problem problem = {.code = "accepted"};
    unsigned given = 0;

    if (endpoint_parse_patch(slice_of(body), &endpoint, &given, &problem) == STATUS_OK ||
        strcmp(problem.code, code) != 0 || strcmp(problem.pointer, pointer) != 0 ||
        problem.detail[0] == '\0')
        fail_msg("%s: %s %s %s", body, problem.code, problem.pointer, problem.detail);
    assert_null(endpoint);
}

static void reads_every_member(void **state)
{
    struct signing_secret secret;
    struct endpoint *endpoint = accept(
        SLICE("{\"url\":\"https://example.com/hook?x=\\u0031\",\"event_types\":[\"order.*\",\"a\"],"
              "\"filter\" : [ { \"exact\" : {\n\"/a\\u0062\" : 1.0e+1 } } ] ,"
              "\"description\":\"\xc3\xa9 \\\"x\\\"\",\"headers\":{\"Authorization\":\"Bearer "
              "a\\tb\","
              "\"X-A\":\"!\"},\"max_in_flight\":7,\"retry_schedule\":[\"5s\",\"1ms\",\"30d\"],"
              "\"rate_limit\":{\"burst\":9,\"per_second\":8},\"ordered\":true,"
              "\"timeout\":\"30s\",\"disabled\":true,"
              "\"secret\":\"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX\"}"),
        &secret);
    (void)state;
    assert_true(slice_is(endpoint->url, "https://example.com/hook?x=1"));
    assert_int_equal(endpoint->patterns_count, 2);
    assert_true(slice_is(endpoint->patterns[0], "order.*"));
    assert_true(slice_is(endpoint->patterns[1], "a"));
    assert_true(slice_is(endpoint->filter, "[{\"exact\":{\"/ab\":1.0e+1}}]"));
    assert_true(slice_is(endpoint->description, "\xc3\xa9 \"x\""));
    assert_int_equal(endpoint->headers_count, 2);
    assert_true(slice_is(endpoint->headers[0].name, "Authorization"));
    assert_true(slice_is(endpoint->headers[0].value, "Bearer a\tb"));
    assert_true(slice_is(endpoint->headers[1].name, "X-A"));
    assert_int_equal(endpoint->max_in_flight, 7);
    assert_int_equal(endpoint->rate.per_second, 8);
    assert_int_equal(endpoint->rate.burst, 9);
    assert_true(endpoint->ordered);
    assert_int_equal(endpoint->retry_schedule.count, 3);
    assert_int_equal(endpoint->retry_schedule.ms[0], 5000);
    assert_int_equal(endpoint->retry_schedule.ms[2], ENDPOINT_RETRY_MAX_MS);
    assert_int_equal(endpoint->timeout_ms, 30000);
    assert_true(endpoint->disabled);
    assert_int_equal(secret.len, 24);
    assert_int_equal(secret.bytes[23], 23);
    assert_string_equal(endpoint->id, "");
    assert_string_equal(endpoint->org, "");
    assert_int_equal(endpoint->sealed_secret.len, 0);
    endpoint_free(&endpoint);
    assert_null(endpoint);
}

static void fills_in_what_is_not_given(void **state)
{
    struct signing_secret secret = {.len = 9};
    struct endpoint *endpoint = accept(SLICE("{" URL "}"), &secret);
    (void)state;
    assert_int_equal(endpoint->patterns_count, 1);
    assert_true(slice_is(endpoint->patterns[0], "*"));
    assert_int_equal(endpoint->headers_count, 0);
    assert_int_equal(endpoint->description.len, 0);
    assert_int_equal(endpoint->max_in_flight, 0);
    assert_false(endpoint_has_lane(endpoint));
    assert_int_equal(endpoint->timeout_ms, 0);
    assert_int_equal(endpoint->retry_schedule.count, 0);
    assert_false(endpoint->disabled);
    assert_int_equal(secret.len, 0);
    endpoint_free(&endpoint);
}

static void names_each_refusal(void **state)
{
    static const struct {
        const char *body, *code, *pointer;
    } cases[] = {
        {"", "malformed_json", ""},
        {"{" URL, "malformed_json", ""},
        {"[]", "wrong_type", ""},
        {"{}", "missing_field", "/url"},
        {"{\"url\":1}", "wrong_type", "/url"},
        {"{\"url\":\"\"}", "invalid_value", "/url"},
        {"{\"url\":\"ftp://x\"}", "invalid_value", "/url"},
        {"{\"url\":\"http://x/\\u0000\"}", "invalid_value", "/url"},
        {"{" URL "," URL "}", "duplicate_field", "/url"},
        {"{" URL ",\"u\\u0072l\":\"\"}", "duplicate_field", "/url"},
        {"{" URL ",\"id\":\"x\"}", "unknown_field", "/id"},
        {"{" URL ",\"event_types\":\"*\"}", "wrong_type", "/event_types"},
        {"{" URL ",\"event_types\":[]}", "invalid_value", "/event_types"},
        {"{" URL ",\"event_types\":[\"a\",1]}", "wrong_type", "/event_types/1"},
        {"{" URL ",\"event_types\":[\"a\",\"b\",\"*c\"]}", "invalid_value", "/event_types/2"},
        {"{" URL ",\"filter\":null}", "wrong_type", "/filter"},
        {"{" URL ",\"filter\":\"{}\"}", "wrong_type", "/filter"},
        {"{" URL ",\"filter\":{}}", "invalid_value", "/filter"},
        {"{" URL ",\"filter\":[{\"any\":[{\"gt\":{\"/a/b\":\"1\"}}]}]}", "wrong_type",
         "/filter/0/any/0/gt/~1a~1b"},
        {"{" URL ",\"headers\":[]}", "wrong_type", "/headers"},
        {"{" URL ",\"headers\":{\"a\":1}}", "wrong_type", "/headers/a"},
        {"{" URL ",\"headers\":{\"a\":\"1\",\"A\":\"2\"}}", "duplicate_field", "/headers/A"},
        {"{" URL ",\"headers\":{\"a/b\":\"1\"}}", "invalid_value", "/headers/a~1b"},
        {"{" URL ",\"description\":1}", "wrong_type", "/description"},
        {"{" URL ",\"description\":\"a\\nb\"}", "invalid_value", "/description"},
        {"{" URL ",\"description\":\"\\u0000\"}", "invalid_value", "/description"},
        {"{" URL ",\"ordered\":1}", "wrong_type", "/ordered"},
        {"{" URL ",\"ordered\":null}", "wrong_type", "/ordered"},
        {"{" URL ",\"rate_limit\":5}", "wrong_type", "/rate_limit"},
        {"{" URL ",\"rate_limit\":{}}", "missing_field", "/rate_limit/per_second"},
        {"{" URL ",\"rate_limit\":{\"per_second\":0}}", "invalid_value", "/rate_limit/per_second"},
        {"{" URL ",\"rate_limit\":{\"per_second\":1000001}}", "invalid_value",
         "/rate_limit/per_second"},
        {"{" URL ",\"rate_limit\":{\"per_second\":1,\"burst\":0}}", "invalid_value",
         "/rate_limit/burst"},
        {"{" URL ",\"rate_limit\":{\"per_second\":1,\"burst\":1000001}}", "invalid_value",
         "/rate_limit/burst"},
        {"{" URL ",\"rate_limit\":{\"per_second\":1,\"x\":1}}", "unknown_field", "/rate_limit/x"},
        {"{" URL ",\"max_in_flight\":\"1\"}", "wrong_type", "/max_in_flight"},
        {"{" URL ",\"max_in_flight\":0}", "invalid_value", "/max_in_flight"},
        {"{" URL ",\"max_in_flight\":-1}", "invalid_value", "/max_in_flight"},
        {"{" URL ",\"max_in_flight\":1.5}", "invalid_value", "/max_in_flight"},
        {"{" URL ",\"max_in_flight\":1e2}", "invalid_value", "/max_in_flight"},
        {"{" URL ",\"max_in_flight\":10001}", "invalid_value", "/max_in_flight"},
        {"{" URL ",\"max_in_flight\":18446744073709551617}", "invalid_value", "/max_in_flight"},
        {"{" URL ",\"retry_schedule\":\"5s\"}", "wrong_type", "/retry_schedule"},
        {"{" URL ",\"retry_schedule\":[]}", "invalid_value", "/retry_schedule"},
        {"{" URL ",\"retry_schedule\":[5]}", "wrong_type", "/retry_schedule/0"},
        {"{" URL ",\"retry_schedule\":[\"5s\",\"5\"]}", "invalid_value", "/retry_schedule/1"},
        {"{" URL ",\"retry_schedule\":[\"0s\"]}", "invalid_value", "/retry_schedule/0"},
        {"{" URL ",\"retry_schedule\":[\"31d\"]}", "invalid_value", "/retry_schedule/0"},
        {"{" URL ",\"timeout\":30}", "wrong_type", "/timeout"},
        {"{" URL ",\"timeout\":\"99ms\"}", "invalid_value", "/timeout"},
        {"{" URL ",\"timeout\":\"300001ms\"}", "invalid_value", "/timeout"},
        {"{" URL ",\"disabled\":\"true\"}", "wrong_type", "/disabled"},
        {"{" URL ",\"disabled\":null}", "wrong_type", "/disabled"},
        {"{" URL ",\"secret\":1}", "wrong_type", "/secret"},
        {"{" URL ",\"secret\":\"\"}", "invalid_value", "/secret"},
        {"{" URL ",\"secret\":\"whsec_AAEC\"}", "invalid_value", "/secret"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        refuse(slice_of(cases[i].body), cases[i].code, cases[i].pointer);
}

static void refuses_headers_that_are_not_theirs(void **state)
{
    static const struct slice names[] = {
        SLICE(""),
        SLICE("a b"),
        SLICE("a:"),
        SLICE("a\r\n"),
        SLICE("a\0"),
        SLICE("\xc3\xa9"),
        SLICE("(a)"),
        SLICE("a\x7f"),
        SLICE("Host"),
        SLICE("HOST"),
        SLICE("Content-Type"),
        SLICE("content-length"),
        SLICE("User-Agent"),
        SLICE("webhook-"),
        SLICE("Webhook-Id"),
        SLICE("webhook-signature"),
        SLICE("Idempotency-Key"),
        SLICE("traceparent"),
        SLICE("tracestate"),
        SLICE("X-Millrace-Attempt"),
        SLICE("x-millrace-anything"),
        SLICE("Transfer-Encoding"),
        SLICE("Connection"),
        SLICE("Keep-Alive"),
        SLICE("Proxy-Authorization"),
        SLICE("TE"),
        SLICE("Trailer"),
        SLICE("Upgrade"),
        SLICE("Expect"),
        SLICE("Accept-Encoding"),
        SLICE("Content-Encoding"),
        SLICE("HTTP2-Settings"),
    };
    static const struct slice values[] = {
        SLICE(""),      SLICE(" "),    SLICE(" a"),        SLICE("a\t"),
        SLICE("a\rb"),  SLICE("a\nb"), SLICE("a\r\nX: y"), SLICE("a\0b"),
        SLICE("\x1b["), SLICE("\x7f"), SLICE("\xc3\xa9"),
    };
    static const char *const fine[] = {"X-Api-Key",  "Authorization", "Cookie",
                                       "webhook",    "Proxy",         "!#$%&'*+-.^_`|~",
                                       "x-millrace", "Hosts",         "te2"};
    const char *why;
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        if (header_name_is_acceptable(names[i], &why))
            fail_msg("%s", names[i].at);
    for (size_t i = 0; i < COUNT(values); i++)
        if (header_value_is_acceptable(values[i], &why))
            fail_msg("value %zu", i);
    for (size_t i = 0; i < COUNT(fine); i++)
        if (!header_name_is_acceptable(slice_of(fine[i]), &why))
            fail_msg("%s: %s", fine[i], why);
    refuse(SLICE("{" URL ",\"headers\":{\"a\":\"b\\r\\nX: y\"}}"), "invalid_value", "/headers/a");
    refuse(SLICE("{" URL ",\"headers\":{\"h\\u006fst\":\"b\"}}"), "invalid_value", "/headers/host");
}

/* {"url":…,"<member>":<open>x repeated<between><close>} with the list's count, or the text's length, at its limit. */
static void bounds_lists_and_texts(void **state)
{
    static const struct {
        const char *open, *item, *between, *close, *pointer;
        size_t max;
        enum endpoint_member member;
    } cases[] = {
        {"\"event_types\":[", "\"*\"", ",", "]", "/event_types", EVENT_PATTERNS_MAX,
         ENDPOINT_EVENT_TYPES},
        {"\"retry_schedule\":[", "\"5s\"", ",", "]", "/retry_schedule", DURATIONS_MAX,
         ENDPOINT_RETRY_SCHEDULE},
        {"\"description\":\"", "x", "", "\"", "/description", ENDPOINT_DESCRIPTION_MAX,
         ENDPOINT_DESCRIPTION},
        {"\"filter\":{\"exact\":{\"\":\"", "x", "", "\"}}", "/filter",
         FILTER_TEXT_MAX - sizeof("{\"exact\":{\"\":\"\"}}") + 1, ENDPOINT_FILTER},
        {"\"headers\":{\"a\":\"", "x", "", "\"}", "/headers/a", HEADER_VALUE_MAX, ENDPOINT_HEADERS},
    };
    struct signing_secret secret;
    struct buf body;
    (void)state;
    buf_init(&body, 10000);
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t count = cases[i].max - 1; count <= cases[i].max + 1; count++) {
            buf_clear(&body);
            buf_printf(&body, "{" URL ",%s", cases[i].open);
            for (size_t k = 0; k < count; k++)
                buf_printf(&body, "%s%s", k > 0 ? cases[i].between : "", cases[i].item);
            buf_printf(&body, "%s}", cases[i].close);
            if (count > cases[i].max) {
                refuse(buf_slice(&body), "invalid_value", cases[i].pointer);
                buf_add_char(&body, '\0');
                refuse_patch(body.at, "invalid_value", cases[i].pointer);
                continue;
            }
            struct endpoint *endpoint = accept(buf_slice(&body), &secret);
            endpoint_free(&endpoint);
            endpoint = accept_patch(buf_slice(&body), 1U << ENDPOINT_URL | 1U << cases[i].member);
            endpoint_free(&endpoint);
        }
    }
    buf_fini(&body);
}

static void bounds_headers(void **state)
{
    char name[HEADER_NAME_MAX + 1];
    struct signing_secret secret;
    struct buf body;
    const char *why;
    (void)state;
    memset(name, 'a', sizeof name);
    for (size_t len = HEADER_NAME_MAX - 1; len <= HEADER_NAME_MAX + 1; len++)
        assert_int_equal(header_name_is_acceptable((struct slice){name, len}, &why),
                         len <= HEADER_NAME_MAX);
    buf_init(&body, 10000);
    for (size_t count = ENDPOINT_HEADERS_MAX - 1; count <= ENDPOINT_HEADERS_MAX + 1; count++) {
        buf_clear(&body);
        buf_add_text(&body, "{" URL ",\"headers\":{");
        for (size_t k = 0; k < count; k++)
            buf_printf(&body, "%s\"x%zu\":\"v\"", k > 0 ? "," : "", k);
        buf_add_text(&body, "}}");
        if (count > ENDPOINT_HEADERS_MAX) {
            refuse(buf_slice(&body), "invalid_value", "/headers");
            continue;
        }
        struct endpoint *endpoint = accept(buf_slice(&body), &secret);
        assert_int_equal(endpoint->headers_count, count);
        endpoint_free(&endpoint);
    }
    buf_fini(&body);
}

static void bounds_numbers(void **state)
{
    static const char *const cases[] = {
        "\"max_in_flight\":1",
        "\"max_in_flight\":9999",
        "\"max_in_flight\":10000",
        "\"timeout\":\"100ms\"",
        "\"timeout\":\"101ms\"",
        "\"timeout\":\"299999ms\"",
        "\"timeout\":\"5m\"",
        "\"retry_schedule\":[\"1ms\"]",
        "\"retry_schedule\":[\"30d\"]",
        "\"retry_schedule\":[\"2ms\",\"29d\"]",
        "\"rate_limit\":{\"per_second\":1,\"burst\":1000000}",
        "\"rate_limit\":{\"per_second\":1000000,\"burst\":1}",
        "\"rate_limit\":{\"per_second\":2,\"burst\":999999}",
        "\"rate_limit\":{\"per_second\":999999,\"burst\":2}",
    };
    struct signing_secret secret;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char body[200];
        snprintf(body, sizeof body, "{" URL ",%s}", cases[i]);
        struct endpoint *endpoint = accept(slice_of(body), &secret);
        endpoint_free(&endpoint);
    }
}

static void a_patch_has_what_it_names(void **state)
{
    struct endpoint *endpoint =
        accept_patch(SLICE("{\"max_in_flight\":3,\"disabled\":true}"),
                     1U << ENDPOINT_MAX_IN_FLIGHT | 1U << ENDPOINT_DISABLED);
    (void)state;
    assert_int_equal(endpoint->max_in_flight, 3);
    assert_true(endpoint->disabled);
    endpoint_free(&endpoint);
    endpoint = accept_patch(SLICE("{}"), 0);
    endpoint_free(&endpoint);
    endpoint =
        accept_patch(SLICE("{\"url\":\"http://b.example/"
                           "\",\"event_types\":[\"a\"],\"filter\":{\"exact\":{\"/a\":1}},"
                           "\"headers\":{\"X-A\":\"b\"},\"description\":\"d\",\"max_in_flight\":1,"
                           "\"rate_limit\":{\"per_second\":5},\"ordered\":true,"
                           "\"retry_schedule\":[\"5s\"],\"timeout\":\"1s\",\"disabled\":false}"),
                     (1U << ENDPOINT_MEMBERS) - 1);
    assert_true(slice_is(endpoint->url, "http://b.example/"));
    assert_true(slice_is(endpoint->patterns[0], "a"));
    assert_true(slice_is(endpoint->filter, "{\"exact\":{\"/a\":1}}"));
    assert_true(slice_is(endpoint->headers[0].name, "X-A"));
    assert_int_equal(endpoint->retry_schedule.ms[0], 5000);
    assert_int_equal(endpoint->timeout_ms, 1000);
    assert_int_equal(endpoint->rate.burst, 5);
    assert_true(endpoint->ordered);
    endpoint_free(&endpoint);
}

static void null_is_what_is_not_given(void **state)
{
    struct endpoint *endpoint = accept_patch(
        SLICE("{\"event_types\":null,\"filter\":null,\"headers\":null,\"description\":null,"
              "\"rate_limit\":null,\"ordered\":null,"
              "\"max_in_flight\":null,\"retry_schedule\":null,\"timeout\":null,\"disabled\":null}"),
        ((1U << ENDPOINT_MEMBERS) - 1) & ~(1U << ENDPOINT_URL));
    (void)state;
    assert_int_equal(endpoint->patterns_count, 1);
    assert_true(slice_is(endpoint->patterns[0], "*"));
    assert_int_equal(endpoint->filter.len, 0);
    assert_int_equal(endpoint->headers_count, 0);
    assert_int_equal(endpoint->description.len, 0);
    assert_int_equal(endpoint->max_in_flight, 0);
    assert_int_equal(endpoint->retry_schedule.count, 0);
    assert_int_equal(endpoint->timeout_ms, 0);
    assert_false(endpoint->disabled || endpoint_has_lane(endpoint));
    endpoint_free(&endpoint);
    refuse_patch("{\"url\":null}", "wrong_type", "/url");
}

static void a_patch_is_refused_by_the_same_rules(void **state)
{
    static const struct {
        const char *body, *code, *pointer;
    } cases[] = {
        {"", "malformed_json", ""},
        {"[]", "wrong_type", ""},
        {"null", "wrong_type", ""},
        {"{\"url\":\"ftp://x\"}", "invalid_value", "/url"},
        {"{\"url\":1}", "wrong_type", "/url"},
        {"{\"event_types\":[\"a\",1]}", "wrong_type", "/event_types/1"},
        {"{\"event_types\":[]}", "invalid_value", "/event_types"},
        {"{\"filter\":{}}", "invalid_value", "/filter"},
        {"{\"filter\":1}", "wrong_type", "/filter"},
        {"{\"headers\":{\"host\":\"x\"}}", "invalid_value", "/headers/host"},
        {"{\"headers\":{\"a\":null}}", "wrong_type", "/headers/a"},
        {"{\"description\":1}", "wrong_type", "/description"},
        {"{\"max_in_flight\":\"1\"}", "wrong_type", "/max_in_flight"},
        {"{\"max_in_flight\":0}", "invalid_value", "/max_in_flight"},
        {"{\"max_in_flight\":10001}", "invalid_value", "/max_in_flight"},
        {"{\"retry_schedule\":[null]}", "wrong_type", "/retry_schedule/0"},
        {"{\"timeout\":\"99ms\"}", "invalid_value", "/timeout"},
        {"{\"timeout\":\"300001ms\"}", "invalid_value", "/timeout"},
        {"{\"disabled\":0}", "wrong_type", "/disabled"},
        {"{\"disabled\":null,\"disabled\":true}", "duplicate_field", "/disabled"},
        {"{\"secret\":\"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX\"}", "unknown_field", "/secret"},
        {"{\"organization\":\"org_00000000000000000000\"}", "unknown_field", "/organization"},
        {"{\"paused\":true}", "unknown_field", "/paused"},
        {"{\"ordered\":\"yes\"}", "wrong_type", "/ordered"},
        {"{\"rate_limit\":1}", "wrong_type", "/rate_limit"},
        {"{\"rate_limit\":{\"burst\":1}}", "missing_field", "/rate_limit/per_second"},
        {"{\"id\":null}", "unknown_field", "/id"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        refuse_patch(cases[i].body, cases[i].code, cases[i].pointer);
}

static void bounds_numbers_of_a_patch(void **state)
{
    static const struct {
        const char *body;
        enum endpoint_member member;
    } cases[] = {
        {"{\"max_in_flight\":1}", ENDPOINT_MAX_IN_FLIGHT},
        {"{\"max_in_flight\":9999}", ENDPOINT_MAX_IN_FLIGHT},
        {"{\"max_in_flight\":10000}", ENDPOINT_MAX_IN_FLIGHT},
        {"{\"timeout\":\"100ms\"}", ENDPOINT_TIMEOUT},
        {"{\"timeout\":\"101ms\"}", ENDPOINT_TIMEOUT},
        {"{\"timeout\":\"299999ms\"}", ENDPOINT_TIMEOUT},
        {"{\"timeout\":\"5m\"}", ENDPOINT_TIMEOUT},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct endpoint *endpoint = accept_patch(slice_of(cases[i].body), 1U << cases[i].member);
        endpoint_free(&endpoint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_member),
        cmocka_unit_test(fills_in_what_is_not_given),
        cmocka_unit_test(names_each_refusal),
        cmocka_unit_test(refuses_headers_that_are_not_theirs),
        cmocka_unit_test(bounds_lists_and_texts),
        cmocka_unit_test(bounds_headers),
        cmocka_unit_test(bounds_numbers),
        cmocka_unit_test(a_patch_has_what_it_names),
        cmocka_unit_test(null_is_what_is_not_given),
        cmocka_unit_test(a_patch_is_refused_by_the_same_rules),
        cmocka_unit_test(bounds_numbers_of_a_patch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
