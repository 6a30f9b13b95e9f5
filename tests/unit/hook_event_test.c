/*
 * hook_event_test.c - one event as JSON: what passes, how each refusal is named, every limit
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/hook_event.h"

#define NOW_MS 1700000000000LL
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Accepted text; the slices of the event point into it. */
static struct event_batch *accept(struct slice body)
{
    struct event_batch *batch = NULL;
    struct problem problem = {.code = "none"};

    if (event_parse_json(body, NOW_MS, &batch, &problem) != STATUS_OK)
        fail_msg("%.*s: %s %s %s", (int)body.len, body.at, problem.code, problem.pointer,
                 problem.detail);
    assert_int_equal(event_batch_count(batch), 1);
    assert_true(event_batch_item(batch, 0)->valid);
    return batch;
}

static void refuse(struct slice body, int http_status, const char *code, const char *pointer)
{
    struct event_batch *batch = NULL;
    struct problem problem = {.code = "accepted"};

    if (event_parse_json(body, NOW_MS, &batch, &problem) == STATUS_OK ||
        problem.http_status != http_status || strcmp(problem.code, code) != 0 ||
        strcmp(problem.pointer, pointer) != 0 || problem.detail[0] == '\0')
        fail_msg("%.*s: %d %s %s %s", (int)body.len, body.at, problem.http_status, problem.code,
                 problem.pointer, problem.detail);
    assert_null(batch);
}

static void reads_every_member(void **state)
{
    const struct slice body =
        SLICE("\n{ \"dedup_id\": \"d-\xc3\xa9\", \"key\":\"k\\/1\",\"type\" :\"order.paid\",\r\n"
              "\t\"data\" : { \"n\" : 1e400, \"s\":\"\\u0000\" } ,"
              "\"occurred_at\":\"2023-11-14T23:13:20.5+01:00\",\"deliver_at\":\"2023-11-14T22:13:"
              "21Z\"} ");
    struct event_batch *batch = accept(body);
    const struct hook_event *event = &event_batch_item(batch, 0)->event;
    (void)state;
    assert_true(slice_is(event->type, "order.paid"));
    assert_true(slice_is(event->dedup_id, "d-\xc3\xa9"));
    assert_true(slice_is(event->key, "k/1"));
    assert_true(slice_is(event->data, "{ \"n\" : 1e400, \"s\":\"\\u0000\" }"));
    /* Borrowed, not copied, unless there is an escape in it. */
    assert_in_range(event->data.at, body.at, body.at + body.len);
    assert_in_range(event->type.at, body.at, body.at + body.len);
    assert_in_range(event->dedup_id.at, body.at, body.at + body.len);
    assert_not_in_range(event->key.at, body.at, body.at + body.len);
    assert_int_equal(event->occurred_at_ms, NOW_MS + 500);
    assert_int_equal(event->deliver_at_ms, NOW_MS + 1000);
    assert_int_equal(event->delay_ms, -1);
    event_batch_free(&batch);
    assert_null(batch);
    event_batch_free(&batch);
}

static void leaves_out_what_is_not_given(void **state)
{
    struct event_batch *batch = accept(SLICE("{\"data\":null,\"type\":\"t\"}"));
    const struct hook_event *event = &event_batch_item(batch, 0)->event;
    (void)state;
    assert_true(slice_is(event->data, "null"));
    assert_int_equal(event->dedup_id.len, 0);
    assert_int_equal(event->key.len, 0);
    assert_int_equal(event->occurred_at_ms, -1);
    assert_int_equal(event->deliver_at_ms, -1);
    assert_int_equal(event->delay_ms, -1);
    event_batch_free(&batch);
}

static void compares_names_as_decoded(void **state)
{
    struct event_batch *batch =
        accept(SLICE("{\"ty\\u0070e\":\"\\u006frder\",\"\\u0064ata\":[1,\"\\u0070\"],"
                     "\"\\u006bey\":\"\\ud83d\\ude00\",\"delay\":\"\\u0035s\"}"));
    const struct hook_event *event = &event_batch_item(batch, 0)->event;
    (void)state;
    assert_true(slice_is(event->type, "order"));
    assert_true(slice_is(event->data, "[1,\"\\u0070\"]"));
    assert_true(slice_is(event->key, "\xf0\x9f\x98\x80"));
    assert_int_equal(event->delay_ms, 5000);
    assert_int_equal(event->deliver_at_ms, NOW_MS + 5000);
    event_batch_free(&batch);
    refuse(SLICE("{\"type\":\"t\",\"ty\\u0070e\":\"t\",\"data\":1}"), 422, "duplicate_field",
           "/type");
}

static void names_each_refusal(void **state)
{
    static const struct {
        const char *body, *code, *pointer;
    } cases[] = {
        {"[]", "wrong_type", ""},
        {"\"x\"", "wrong_type", ""},
        {"null", "wrong_type", ""},
        {"12", "wrong_type", ""},
        {"{}", "missing_field", "/type"},
        {"{\"data\":1}", "missing_field", "/type"},
        {"{\"type\":\"t\"}", "missing_field", "/data"},
        {"{\"type\":\"t\",\"data\":1,\"data\":1}", "duplicate_field", "/data"},
        {"{\"type\":\"t\",\"data\":1,\"dat\":1}", "unknown_field", "/dat"},
        {"{\"type\":\"t\",\"data\":1,\"Type\":1}", "unknown_field", "/Type"},
        {"{\"type\":\"t\",\"data\":1,\"\":1}", "unknown_field", "/"},
        {"{\"type\":\"t\",\"data\":1,\"a/b~\":1}", "unknown_field", "/a~1b~0"},
        {"{\"type\":\"t\",\"data\":1,\"type\\u0000\":1}", "unknown_field", "/type\xef\xbf\xbd"},
        {"{\"type\":1,\"data\":1}", "wrong_type", "/type"},
        {"{\"type\":null,\"data\":1}", "wrong_type", "/type"},
        {"{\"type\":\"\",\"data\":1}", "invalid_value", "/type"},
        {"{\"type\":\"a b\",\"data\":1}", "invalid_value", "/type"},
        {"{\"type\":\"a\\u0000\",\"data\":1}", "invalid_value", "/type"},
        {"{\"type\":\"\xc3\xa9\",\"data\":1}", "invalid_value", "/type"},
        {"{\"type\":\"t\",\"data\":1,\"dedup_id\":7}", "wrong_type", "/dedup_id"},
        {"{\"type\":\"t\",\"data\":1,\"dedup_id\":\"\"}", "invalid_value", "/dedup_id"},
        {"{\"type\":\"t\",\"data\":1,\"dedup_id\":\"a\\u0000b\"}", "invalid_value", "/dedup_id"},
        {"{\"type\":\"t\",\"data\":1,\"dedup_id\":\"a\\nb\"}", "invalid_value", "/dedup_id"},
        {"{\"type\":\"t\",\"data\":1,\"dedup_id\":\"\x7f\"}", "invalid_value", "/dedup_id"},
        {"{\"type\":\"t\",\"data\":1,\"key\":[]}", "wrong_type", "/key"},
        {"{\"type\":\"t\",\"data\":1,\"key\":\"\"}", "invalid_value", "/key"},
        {"{\"type\":\"t\",\"data\":1,\"key\":\"\\u0085\"}", "invalid_value", "/key"},
        {"{\"type\":\"t\",\"data\":1,\"occurred_at\":1}", "wrong_type", "/occurred_at"},
        {"{\"type\":\"t\",\"data\":1,\"occurred_at\":\"yesterday\"}", "invalid_value",
         "/occurred_at"},
        {"{\"type\":\"t\",\"data\":1,\"occurred_at\":\"2023-02-30T00:00:00Z\"}", "invalid_value",
         "/occurred_at"},
        {"{\"type\":\"t\",\"data\":1,\"occurred_at\":\"2023-02-28T00:00:00\"}", "invalid_value",
         "/occurred_at"},
        {"{\"type\":\"t\",\"data\":1,\"deliver_at\":\"5s\"}", "invalid_value", "/deliver_at"},
        {"{\"type\":\"t\",\"data\":1,\"delay\":5}", "wrong_type", "/delay"},
        {"{\"type\":\"t\",\"data\":1,\"delay\":\"5\"}", "invalid_value", "/delay"},
        {"{\"type\":\"t\",\"data\":1,\"delay\":\"-5s\"}", "invalid_value", "/delay"},
        {"{\"type\":\"t\",\"data\":1,\"delay\":\"5 s\"}", "invalid_value", "/delay"},
        {"{\"type\":\"t\",\"data\":1,\"delay\":\"99999999999999999999d\"}", "invalid_value",
         "/delay"},
        {"{\"type\":\"t\",\"data\":1,\"delay\":\"1s\",\"deliver_at\":\"2023-11-14T22:13:21Z\"}",
         "conflicting_fields", "/delay"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        refuse(slice_of(cases[i].body), 422, cases[i].code, cases[i].pointer);
}

static void bounds_texts(void **state)
{
    static const struct {
        const char *member, *pointer;
        size_t max;
    } cases[] = {{"type", "/type", EVENT_TYPE_MAX},
                 {"dedup_id", "/dedup_id", EVENT_DEDUP_MAX},
                 {"key", "/key", EVENT_KEY_MAX}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t len = cases[i].max - 1; len <= cases[i].max + 1; len++) {
            char text[300], body[600];
            memset(text, 'a', len);
            text[len] = '\0';
            snprintf(body, sizeof body, "{%s\"data\":1,\"%s\":\"%s\"}",
                     i == 0 ? "" : "\"type\":\"t\",", cases[i].member, text);
            if (len > cases[i].max) {
                refuse(slice_of(body), 422, "invalid_value", cases[i].pointer);
                continue;
            }
            struct event_batch *batch = accept(slice_of(body));
            event_batch_free(&batch);
        }
    }
}

static void bounds_times(void **state)
{
    static const struct {
        const char *member, *pointer;
        int64_t deliver_at_ms; /* -1: refused */
    } cases[] = {
        {"\"delay\":\"0s\"", "", NOW_MS},
        {"\"delay\":\"7775999999ms\"", "", NOW_MS + EVENT_DELAY_MAX_MS - 1},
        {"\"delay\":\"90d\"", "", NOW_MS + EVENT_DELAY_MAX_MS},
        {"\"delay\":\"7776000001ms\"", "/delay", -1},
        {"\"delay\":\"91d\"", "/delay", -1},
        {"\"deliver_at\":\"1970-01-01T00:00:00Z\"", "", 0},
        {"\"deliver_at\":\"2024-02-12T22:13:19.999Z\"", "", NOW_MS + EVENT_DELAY_MAX_MS - 1},
        {"\"deliver_at\":\"2024-02-12T22:13:20.000Z\"", "", NOW_MS + EVENT_DELAY_MAX_MS},
        {"\"deliver_at\":\"2024-02-12T22:13:20.001Z\"", "/deliver_at", -1},
        {"\"deliver_at\":\"9999-12-31T23:59:59Z\"", "/deliver_at", -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char body[200];
        snprintf(body, sizeof body, "{\"type\":\"t\",\"data\":1,%s}", cases[i].member);
        if (cases[i].deliver_at_ms < 0) {
            refuse(slice_of(body), 422, "invalid_value", cases[i].pointer);
            continue;
        }
        struct event_batch *batch = accept(slice_of(body));
        assert_int_equal(event_batch_item(batch, 0)->event.deliver_at_ms, cases[i].deliver_at_ms);
        event_batch_free(&batch);
    }
}

static void bounds_depth(void **state)
{
    (void)state;
    for (size_t depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
        char body[200] = "{\"type\":\"t\",\"data\":";
        size_t len = strlen(body);
        memset(body + len, '[', depth - 1);
        memset(body + len + depth - 1, ']', depth - 1);
        len += 2 * (depth - 1);
        body[len++] = '}';
        if (depth > JSON_DEPTH_MAX) {
            refuse((struct slice){body, len}, 400, "too_deep", "");
            continue;
        }
        struct event_batch *batch = accept((struct slice){body, len});
        assert_int_equal(event_batch_item(batch, 0)->event.data.len, 2 * (depth - 1));
        event_batch_free(&batch);
    }
}

/* Beyond the scratch memory of small documents. */
static void keeps_large_data_byte_for_byte(void **state)
{
    static const size_t sizes[] = {100, 1200, 1240, 1241, 1300, 5000, 1000 * 1000};
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct event_batch *batch;
        struct buf body;
        buf_init(&body, 2 * sizes[i] + 100);
        buf_add_text(&body, "{\"type\":\"t\",\"data\":[");
        for (size_t k = 0; body.len < sizes[i]; k++)
            buf_printf(&body, "%s%zu.50E+00", k > 0 ? " ," : "", k);
        buf_add_text(&body, "] }");
        batch = accept(buf_slice(&body));
        const struct slice data = event_batch_item(batch, 0)->event.data;
        assert_ptr_equal(data.at, body.at + 19);
        assert_int_equal(data.len, body.len - 21);
        event_batch_free(&batch);
        buf_fini(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_member),
        cmocka_unit_test(leaves_out_what_is_not_given),
        cmocka_unit_test(compares_names_as_decoded),
        cmocka_unit_test(names_each_refusal),
        cmocka_unit_test(bounds_texts),
        cmocka_unit_test(bounds_times),
        cmocka_unit_test(bounds_depth),
        cmocka_unit_test(keeps_large_data_byte_for_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
