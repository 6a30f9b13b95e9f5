/*
 * event_batch_test.c - JSON arrays and NDJSON: order, single bad items, counts
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/hook_event.h"

#define GOOD "{\"type\":\"t\",\"data\":1}"
#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define BYTES(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

typedef enum status (*parse_fn)(struct slice body, size_t item_max, int64_t now_ms,
                                struct event_batch **out, struct problem *problem);

static struct event_batch *parse(parse_fn fn, struct slice body)
{
    struct event_batch *batch = NULL;
    struct problem problem;

    if (fn(body, SIZE_MAX, 0, &batch, &problem) != STATUS_OK)
        fail_msg("%s: %s", problem.code, problem.detail);
    return batch;
}

static void refuse(parse_fn fn, struct slice body, int http_status, const char *code)
{
    struct event_batch *batch = NULL;
    struct problem problem = {.code = "accepted"};

    if (fn(body, SIZE_MAX, 0, &batch, &problem) == STATUS_OK ||
        problem.http_status != http_status || strcmp(problem.code, code) != 0)
        fail_msg("%.*s: %s", (int)(body.len < 60 ? body.len : 60), body.at, problem.code);
    assert_null(batch);
}

/* expected: one word per item, the code of its problem or "" when it is valid. */
static void check_items(const struct event_batch *batch, const char *const *expected, size_t count)
{
    assert_int_equal(event_batch_count(batch), count);
    for (size_t i = 0; i < count; i++) {
        const struct event_item *item = event_batch_item(batch, i);

        assert_int_equal(item->valid, expected[i][0] == '\0');
        if (!item->valid)
            assert_string_equal(item->problem.code, expected[i]);
    }
}

static void one_bad_item_fails_no_other(void **state)
{
    static const char *const expected[] = {
        "", "wrong_type", "missing_field", "", "invalid_value", "unknown_field", "wrong_type", "",
    };
    struct event_batch *batch = parse(
        event_parse_json_array,
        SLICE(" [ " GOOD " , 7,{\"key\":\"]\\\"\"},\n{\"type\":\"\\u0061\",\"data\":[ \"\\u0061\" "
              "],\"key\":\"\\u0062\"},{\"type\":\"-}\",\"data\":{}},{\"x,\":[{}]},[],"
              "{\"data\":\"\xc3\xa9\",\"type\":\"z\",\"key\":\"\\u0063\"} ] "));
    const struct hook_event *event;
    (void)state;
    check_items(batch, expected, COUNT(expected));
    assert_string_equal(event_batch_item(batch, 5)->problem.pointer, "/x,");
    event = &event_batch_item(batch, 3)->event;
    assert_true(slice_is(event->type, "a"));
    assert_true(slice_is(event->data, "[ \"\\u0061\" ]"));
    assert_true(slice_is(event->key, "b"));
    event = &event_batch_item(batch, 7)->event;
    assert_true(slice_is(event->data, "\"\xc3\xa9\""));
    assert_true(slice_is(event->key, "c"));
    event_batch_free(&batch);
}

static void an_array_is_one_document(void **state)
{
    static const struct {
        struct slice body;
        int http_status;
        const char *code;
    } cases[] = {
        {{"", 0}, 400, "malformed_json"},
        {{"[", 1}, 400, "malformed_json"},
        {{"[" GOOD, 22}, 400, "malformed_json"},
        {{"[" GOOD "]x", 24}, 400, "malformed_json"},
        {{"[" GOOD ",]", 24}, 400, "malformed_json"},
        {{"[]", 2}, 422, "batch_empty"},
        {{"[ ]", 3}, 422, "batch_empty"},
        {{GOOD, 21}, 422, "wrong_type"},
        {{"null", 4}, 422, "wrong_type"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        refuse(event_parse_json_array, cases[i].body, cases[i].http_status, cases[i].code);
}

static void lines_are_read_one_by_one(void **state)
{
    static const char *const expected[] = {
        "", "malformed_json", "", "malformed_json", "too_deep", "wrong_type", "malformed_json", "",
    };
    struct event_batch *batch;
    struct buf body;
    (void)state;
    buf_init(&body, 10000);
    buf_add_text(&body, "\n \t\r\n" GOOD "\r\n{\"type\":\n\n  " GOOD " \n" GOOD GOOD "\n");
    for (size_t i = 0; i < JSON_DEPTH_MAX + 1; i++)
        buf_add_char(&body, '[');
    buf_add_text(&body, "\n[" GOOD "]\n\xff\n\n{\"type\":\"\\u0061\",\"data\":\"\\n\"}");
    batch = parse(event_parse_ndjson, buf_slice(&body));
    check_items(batch, expected, COUNT(expected));
    assert_int_equal(event_batch_item(batch, 1)->problem.http_status, 400);
    assert_true(slice_is(event_batch_item(batch, 7)->event.type, "a"));
    assert_true(slice_is(event_batch_item(batch, 7)->event.data, "\"\\n\""));
    event_batch_free(&batch);
    buf_fini(&body);
    refuse(event_parse_ndjson, (struct slice){NULL, 0}, 422, "batch_empty");
    refuse(event_parse_ndjson, SLICE("\n\r\n \t\n"), 422, "batch_empty");
}

/* The item in the middle has one byte less than the bound, as many, one more; what surrounds it does not count. */
static void an_item_has_a_bound_of_its_own(void **state)
{
    static const struct {
        parse_fn fn;
        struct slice body;
    } forms[] = {
        {event_parse_json_array, BYTES("[" GOOD " ,  " GOOD " \t, " GOOD "]")},
        {event_parse_ndjson, BYTES(GOOD "\r\n \t" GOOD " \r\n" GOOD)},
        {event_parse_msgpack, BYTES("\x93\x82\xa4type\xa1t\xa4"
                                    "data\x01\x82\xa4type\xa1t\xa4"
                                    "data\xb0"
                                    "1234567890123456\x82\xa4type\xa1t\xa4"
                                    "data\x01")},
    };
    static const size_t middle[] = {21, 21, 30};
    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        for (size_t max = middle[i] - 1; max <= middle[i] + 1; max++) {
            struct event_batch *batch = NULL;
            struct problem problem;
            assert_int_equal(forms[i].fn(forms[i].body, max, 0, &batch, &problem), STATUS_OK);
            assert_int_equal(event_batch_count(batch), 3);
            const struct event_item *item = event_batch_item(batch, 1);
            assert_int_equal(item->valid, max >= middle[i]);
            if (!item->valid) {
                assert_string_equal(item->problem.code, "too_large");
                assert_int_equal(item->problem.http_status, 413);
            }
            if (forms[i].fn == event_parse_msgpack) {
                assert_true(event_batch_item(batch, 0)->valid && event_batch_item(batch, 2)->valid);
                assert_true(slice_is(event_batch_item(batch, 2)->event.data, "1"));
            }
            event_batch_free(&batch);
        }
    }
}

static void fill(struct buf *body, const char *open, const char *item, const char *between,
                 const char *close, size_t count)
{
    buf_clear(body);
    buf_add_text(body, open);
    for (size_t i = 0; i < count; i++) {
        buf_add_text(body, i > 0 ? between : "");
        buf_add_text(body, item);
    }
    buf_add_text(body, close);
}

static void bounds_counts(void **state)
{
    static const struct {
        parse_fn fn;
        const char *open, *between, *close;
    } forms[] = {{event_parse_json_array, "[", ",", "]"},
                 {event_parse_ndjson, "", "\n", ""},
                 {event_parse_ndjson, "\n", "\r\n\r\n", "\n"}};
    struct buf body;
    (void)state;
    buf_init(&body, 100000);
    for (size_t i = 0; i < COUNT(forms); i++) {
        for (size_t count = EVENT_BATCH_MAX - 1; count <= EVENT_BATCH_MAX + 1; count++) {
            fill(&body, forms[i].open, GOOD, forms[i].between, forms[i].close, count);
            if (count > EVENT_BATCH_MAX) {
                refuse(forms[i].fn, buf_slice(&body), 422, "batch_too_large");
                continue;
            }
            struct event_batch *batch = parse(forms[i].fn, buf_slice(&body));
            assert_int_equal(event_batch_count(batch), count);
            assert_true(event_batch_item(batch, count - 1)->valid);
            event_batch_free(&batch);
        }
    }
    buf_fini(&body);
}

/* An event may nest as deep in an array as alone. */
static void bounds_depth(void **state)
{
    (void)state;
    for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        struct buf body;
        buf_init(&body, 1000);
        buf_add_text(&body, "[{\"type\":\"t\",\"data\":");
        for (size_t i = 1; i < depth; i++)
            buf_add_char(&body, '[');
        for (size_t i = 1; i < depth; i++)
            buf_add_char(&body, ']');
        buf_add_text(&body, "}]");
        if (depth > JSON_DEPTH_MAX) {
            refuse(event_parse_json_array, buf_slice(&body), 400, "too_deep");
        } else {
            struct event_batch *batch = parse(event_parse_json_array, buf_slice(&body));
            assert_true(event_batch_item(batch, 0)->valid);
            event_batch_free(&batch);
        }
        buf_fini(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_bad_item_fails_no_other),
        cmocka_unit_test(an_array_is_one_document),
        cmocka_unit_test(lines_are_read_one_by_one),
        cmocka_unit_test(an_item_has_a_bound_of_its_own),
        cmocka_unit_test(bounds_counts),
        cmocka_unit_test(bounds_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
