/*
 * event_fingerprint_test.c - what changes a fingerprint and what does not
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/cloudevent.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void fingerprint(const char *body, int64_t now_ms, char out[EVENT_FINGERPRINT_LEN + 1])
{
    struct event_batch *batch = NULL;
    struct problem problem;

    if (event_parse_json(slice_of(body), now_ms, &batch, &problem) != STATUS_OK)
        fail_msg("%s: %s", body, problem.detail);
    event_fingerprint(&event_batch_item(batch, 0)->event, out);
    out[EVENT_FINGERPRINT_LEN] = '\0';
    event_batch_free(&batch);
}

static void differ_by_what_a_repeat_must_share(void **state)
{
    static const char *const bodies[] = {
        "{\"type\":\"ab\",\"data\":1}",
        "{\"type\":\"a\",\"data\":1}",
        "{\"type\":\"ab\",\"data\":2}",
        "{\"type\":\"ab\",\"data\":1.0}",
        "{\"type\":\"ab\",\"data\":1,\"key\":\"k\"}",
        "{\"type\":\"a\",\"data\":1,\"key\":\"b\"}",
        "{\"type\":\"abk\",\"data\":1}",
        "{\"type\":\"ab\",\"data\":1,\"occurred_at\":\"2023-01-01T00:00:00Z\"}",
        "{\"type\":\"ab\",\"data\":1,\"deliver_at\":\"2023-01-01T00:00:00Z\"}",
        "{\"type\":\"ab\",\"data\":1,\"delay\":\"5s\"}",
        "{\"type\":\"ab\",\"data\":1,\"delay\":\"6s\"}",
        "{\"type\":\"ab\",\"data\":1,\"delay\":\"0s\"}",
    };
    char prints[COUNT(bodies)][EVENT_FINGERPRINT_LEN + 1];
    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        fingerprint(bodies[i], 1700000000000, prints[i]);
        assert_int_equal(strspn(prints[i], "0123456789abcdef"), EVENT_FINGERPRINT_LEN);
        for (size_t k = 0; k < i; k++)
            if (strcmp(prints[i], prints[k]) == 0)
                fail_msg("%s and %s", bodies[i], bodies[k]);
    }
}

static void are_equal_for_repeats(void **state)
{
    static const struct {
        const char *first, *second;
    } cases[] = {
        {"{\"type\":\"t\",\"data\":1}", " {\"data\":1 , \"ty\\u0070e\":\"\\u0074\"}"},
        {"{\"type\":\"t\",\"data\":1,\"dedup_id\":\"a\"}",
         "{\"type\":\"t\",\"data\":1,\"dedup_id\":\"b\"}"},
        {"{\"type\":\"t\",\"data\":1,\"delay\":\"5s\"}",
         "{\"type\":\"t\",\"data\":1,\"delay\":\"5000ms\"}"},
        {"{\"type\":\"t\",\"data\":1,\"occurred_at\":\"2023-01-01T01:00:00+01:00\"}",
         "{\"type\":\"t\",\"data\":1,\"occurred_at\":\"2023-01-01T00:00:00.000Z\"}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char first[EVENT_FINGERPRINT_LEN + 1], second[EVENT_FINGERPRINT_LEN + 1];
        fingerprint(cases[i].first, 1700000000000, first);
        fingerprint(cases[i].second, 1700000012345, second); /* a repeat comes later */
        assert_string_equal(first, second);
    }
}

#define REQUIRED "\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\""

static void of_cloudevents_are_by_identity_and_payload(void **state)
{
    static const struct {
        const char *body;
        int group; /* of those that are repeats of each other */
    } cases[] = {
        {"{" REQUIRED ",\"type\":\"t\",\"data\":1}", 1},
        {"{\"data\":1,\"type\":\"t\"," REQUIRED "}", 1},
        {"{" REQUIRED ",\"type\":\"t\",\"data\":1,\"time\":\"2026-01-31T09:30:00Z\"}", 1},
        {"{" REQUIRED ",\"type\":\"t\",\"data\":1,\"hop\":7,\"traceparent\":\"x\"}", 1},
        {"{" REQUIRED ",\"type\":\"u\",\"data\":1}", 2},
        {"{" REQUIRED ",\"type\":\"t\",\"data\":1,\"partitionkey\":\"k\"}", 3},
        {"{" REQUIRED ",\"type\":\"t\",\"data\":2}", 4},
        {"{" REQUIRED ",\"type\":\"t\",\"data\":null}", 5},
        {"{" REQUIRED ",\"type\":\"t\"}", 5},
        {"{" REQUIRED ",\"type\":\"t\",\"data_base64\":\"\"}", 6},
        {"{" REQUIRED ",\"type\":\"t\",\"data_base64\":\"AAEC\"}", 7},
        {"{" REQUIRED ",\"type\":\"t\",\"data_base64\":\"AAED\"}", 8},
        {"{" REQUIRED ",\"type\":\"t\",\"data\":\"AAEC\"}", 9},
        {"{" REQUIRED ",\"type\":\"t\",\"data_base64\":\"/w==\"}", 12},
        {"{" REQUIRED ",\"type\":\"t\",\"data_base64\":\"\\/w==\"}", 12},
        {"{" REQUIRED ",\"type\":\"t\",\"data_base64\":\"\\u002fw=\\u003d\"}", 12},
        {"{\"specversion\":\"1.0\",\"id\":\"2\",\"source\":\"/s\",\"type\":\"t\",\"data\":1}", 10},
        {"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/t\",\"type\":\"t\",\"data\":1}", 11},
    };
    char prints[COUNT(cases)][EVENT_FINGERPRINT_LEN];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct event_batch *batch = NULL;
        struct problem problem;

        if (event_parse_cloudevent(slice_of(cases[i].body), &batch, &problem) != STATUS_OK)
            fail_msg("%s: %s", cases[i].body, problem.detail);
        event_fingerprint(&event_batch_item(batch, 0)->event, prints[i]);
        event_batch_free(&batch);
        for (size_t k = 0; k < i; k++)
            if ((memcmp(prints[i], prints[k], sizeof prints[i]) == 0) !=
                (cases[i].group == cases[k].group))
                fail_msg("%s and %s", cases[i].body, cases[k].body);
    }
}

/* Made with an independent implementation; stored fingerprints depend on it. */
static void stay_the_same_in_every_release(void **state)
{
    char print[EVENT_FINGERPRINT_LEN + 1];
    (void)state;
    fingerprint(
        "{\"type\":\"order.paid\",\"data\":{\"total\": 1.50},\"key\":\"k\",\"delay\":\"5s\"}", 0,
        print);
    assert_string_equal(print, "71504656cd4c24284fe48daaec46d327");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differ_by_what_a_repeat_must_share),
        cmocka_unit_test(are_equal_for_repeats),
        cmocka_unit_test(of_cloudevents_are_by_identity_and_payload),
        cmocka_unit_test(stay_the_same_in_every_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
