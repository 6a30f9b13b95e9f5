/*
 * cloudevent_json_test.c - CloudEvents in their JSON format: what is taken, what is kept of it, and what is refused
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/cloudevent.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define REQUIRED "\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\""
#define KEPT "\"id\":\"1\",\"source\":\"/s\",\"specversion\":\"1.0\",\"type\":\"t\""

/* In a block of its own size, so that a sanitizer sees a read past the end; the caller frees it. */
static char *block_of(struct slice text)
{
    char *at = malloc(text.len > 0 ? text.len : 1);

    memcpy(at, text.at, text.len);
    return at;
}

struct one {
    char *block;
    struct event_batch *batch; /* NULL: refused */
    struct problem problem;
    const struct hook_event *event;
};

static void parse(struct one *one, struct slice body)
{
    *one = (struct one){.block = block_of(body)};
    if (event_parse_cloudevent((struct slice){one->block, body.len}, &one->batch, &one->problem) ==
        STATUS_OK)
        one->event = &event_batch_item(one->batch, 0)->event;
}

static void end(struct one *one)
{
    event_batch_free(&one->batch);
    free(one->block);
}

static void check_text(const char *body, const char *what, struct slice text, const char *expected)
{
    if (!slice_is(text, expected))
        fail_msg("%s: %s is %.*s", body, what, (int)text.len, text.at);
}

static void attributes_become_an_event(void **state)
{
    static const struct {
        const char *body, *ce, *data, *dedup, *key, *trace;
        int64_t occurred_at_ms;
    } cases[] = {
        {"{" REQUIRED "}", "{" KEPT "}", "null", "/s 1", "", "", -1},
        {"{" REQUIRED ",\"data\":{ \"n\" :\n1e400 }}", "{" KEPT "}", "{ \"n\" :\n1e400 }", "/s 1",
         "", "", -1},
        {"{" REQUIRED ",\"data\":null}", "{" KEPT "}", "null", "/s 1", "", "", -1},
        {"{" REQUIRED ",\"data\":\"text\",\"datacontenttype\":\"text/plain\"}",
         "{\"datacontenttype\":\"text/plain\"," KEPT "}", "\"text\"", "/s 1", "", "", -1},
        {"{" REQUIRED ",\"data_base64\":\"AAEC\"}", "{" KEPT ",\"data_base64\":\"AAEC\"}", "null",
         "/s 1", "", "", -1},
        {"{" REQUIRED ",\"data_base64\":\"\"}", "{" KEPT ",\"data_base64\":\"\"}", "null", "/s 1",
         "", "", -1},
        {"{" REQUIRED ",\"data_base64\":\"\\/w==\"}", "{" KEPT ",\"data_base64\":\"\\/w==\"}",
         "null", "/s 1", "", "", -1},
        {"{" REQUIRED ",\"data_base64\":null,\"data\":1}", "{" KEPT "}", "1", "/s 1", "", "", -1},
        {"{" REQUIRED ",\"time\":\"2018-04-05T17:31:00.123456789+01:00\"}",
         "{\"id\":\"1\",\"source\":\"/s\",\"specversion\":\"1.0\",\"time\":\"2018-04-05T17:31:00."
         "123456789+01:00\",\"type\":\"t\"}",
         "null", "/s 1", "", "", 1522945860123},
        {"{" REQUIRED ",\"subject\":null,\"time\":null,\"x\":null}", "{" KEPT "}", "null", "/s 1",
         "", "", -1},
        {"{" REQUIRED ",\"zint\":-2147483648,\"zb\":true,\"za\":false,\"zt\":\"\"}",
         "{" KEPT ",\"za\":false,\"zb\":true,\"zint\":-2147483648,\"zt\":\"\"}", "null", "/s 1", "",
         "", -1},
        {"{" REQUIRED ",\"zint\" : 2147483647}", "{" KEPT ",\"zint\":2147483647}", "null", "/s 1",
         "", "", -1},
        {"{\"type\":\"t\",\"ty\\u0070e2\":\"\\u0078\\/\",\"id\":\"\\u00e9 1\",\"source\":\"\\/s\","
         "\"specversion\":\"1\\u002e0\"}",
         "{\"id\":\"\\u00e9 1\",\"source\":\"\\/s\",\"specversion\":\"1\\u002e0\",\"type\":\"t\","
         "\"type2\":\"\\u0078\\/\"}",
         "null", "/s \xc3\xa9 1", "", "", -1},
        {"{" REQUIRED ",\"partitionkey\":\"k \\u20ac\"}",
         "{\"id\":\"1\",\"partitionkey\":\"k \\u20ac\",\"source\":\"/s\",\"specversion\":\"1.0\","
         "\"type\":\"t\"}",
         "null", "/s 1", "k \xe2\x82\xac", "", -1},
        {"{" REQUIRED
         ",\"traceparent\":\"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03\"}",
         "{\"id\":\"1\",\"source\":\"/s\",\"specversion\":\"1.0\",\"traceparent\":\"01-"
         "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03\",\"type\":\"t\"}",
         "null", "/s 1", "", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", -1},
        {"{" REQUIRED ",\"traceparent\":\"hello\"}",
         "{\"id\":\"1\",\"source\":\"/"
         "s\",\"specversion\":\"1.0\",\"traceparent\":\"hello\",\"type\":"
         "\"t\"}",
         "null", "/s 1", "", "", -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct one one;
        parse(&one, slice_of(cases[i].body));
        if (!one.event)
            fail_msg("%s: %s %s", cases[i].body, one.problem.pointer, one.problem.detail);
        check_text(cases[i].body, "type", one.event->type, "t");
        check_text(cases[i].body, "ce", one.event->ce, cases[i].ce);
        check_text(cases[i].body, "data", one.event->data, cases[i].data);
        check_text(cases[i].body, "dedup", one.event->dedup_id, cases[i].dedup);
        check_text(cases[i].body, "key", one.event->key, cases[i].key);
        check_text(cases[i].body, "trace", one.event->trace, cases[i].trace);
        assert_int_equal(one.event->occurred_at_ms, cases[i].occurred_at_ms);
        assert_int_equal(one.event->deliver_at_ms, -1);
        assert_int_equal(one.event->delay_ms, -1);
        end(&one);
    }
}

static void what_breaks_a_rule_is_refused(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *code, *pointer;
    } cases[] = {
        {"", 400, "malformed_json", ""},
        {"{" REQUIRED, 400, "malformed_json", ""},
        {"{" REQUIRED ",\"x\":\"\\ud800\"}", 400, "malformed_json", ""},
        {"{" REQUIRED ",\"x\":\"\\udc00\\ud800\"}", 400, "malformed_json", ""},
        {"{" REQUIRED ",\"x\":\"\xff\"}", 400, "malformed_json", ""},
        {"{" REQUIRED ",\"x\":\"\xed\xa0\x80\"}", 400, "malformed_json", ""},
        {"[]", 422, "wrong_type", ""},
        {"\"1.0\"", 422, "wrong_type", ""},
        {"null", 422, "wrong_type", ""},
        {"{}", 422, "missing_field", "/specversion"},
        {"{\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}", 422, "missing_field", "/specversion"},
        {"{\"specversion\":\"1.0\",\"source\":\"/s\",\"type\":\"t\"}", 422, "missing_field", "/id"},
        {"{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\"}", 422, "missing_field", "/source"},
        {"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\"}", 422, "missing_field", "/type"},
        {"{\"specversion\":\"1.0\",\"id\":null,\"source\":\"/s\",\"type\":\"t\"}", 422,
         "missing_field", "/id"},
        {"{" REQUIRED ",\"data\":1,\"data\":1}", 422, "duplicate_field", "/data"},
        {"{" REQUIRED ",\"data_base64\":\"\",\"data_base64\":\"\"}", 422, "duplicate_field",
         "/data_base64"},
        {"{" REQUIRED ",\"id\":\"1\"}", 422, "duplicate_field", "/id"},
        {"{" REQUIRED ",\"id\":null}", 422, "duplicate_field", "/id"},
        {"{" REQUIRED ",\"x\":1,\"\\u0078\":1}", 422, "duplicate_field", "/x"},
        {"{" REQUIRED ",\"data\":1,\"data_base64\":\"AAEC\"}", 422, "conflicting_fields",
         "/data_base64"},
        {"{" REQUIRED ",\"data\":null,\"data_base64\":\"\"}", 422, "conflicting_fields",
         "/data_base64"},
        {"{" REQUIRED ",\"data_base64\":\"AAE\"}", 422, "invalid_value", "/data_base64"},
        {"{" REQUIRED ",\"data_base64\":\"AAE*\"}", 422, "invalid_value", "/data_base64"},
        {"{" REQUIRED ",\"data_base64\":\"AA EC\"}", 422, "invalid_value", "/data_base64"},
        {"{" REQUIRED ",\"data_base64\":\"AAF=\"}", 422, "invalid_value", "/data_base64"},
        {"{" REQUIRED ",\"data_base64\":7}", 422, "wrong_type", "/data_base64"},
        {"{" REQUIRED ",\"Subject\":\"a\"}", 422, "invalid_name", "/Subject"},
        {"{" REQUIRED ",\"dedup_id\":\"a\"}", 422, "invalid_name", "/dedup_id"},
        {"{" REQUIRED ",\"\":\"a\"}", 422, "invalid_name", "/"},
        {"{" REQUIRED ",\"a/~b\":\"a\"}", 422, "invalid_name", "/a~1~0b"},
        {"{" REQUIRED ",\"\\u00e9\":\"a\"}", 422, "invalid_name", "/\xc3\xa9"},
        {"{" REQUIRED ",\"x\\u0000\":\"a\"}", 422, "invalid_name", "/x\xef\xbf\xbd"},
        {"{" REQUIRED ",\"A\":null}", 422, "invalid_name", "/A"},
        {"{" REQUIRED ",\"x\":{}}", 422, "wrong_type", "/x"},
        {"{" REQUIRED ",\"x\":[1]}", 422, "wrong_type", "/x"},
        {"{" REQUIRED ",\"x\":2147483648}", 422, "invalid_value", "/x"},
        {"{" REQUIRED ",\"x\":-2147483649}", 422, "invalid_value", "/x"},
        {"{" REQUIRED ",\"x\":1.0}", 422, "invalid_value", "/x"},
        {"{" REQUIRED ",\"x\":1e2}", 422, "invalid_value", "/x"},
        {"{" REQUIRED ",\"x\":99999999999999999999}", 422, "invalid_value", "/x"},
        {"{" REQUIRED ",\"x\":\"\\u0000\"}", 422, "invalid_value", "/x"},
        {"{" REQUIRED ",\"x\":\"\\u001f\"}", 422, "invalid_value", "/x"},
        {"{" REQUIRED ",\"x\":\"\x7f\"}", 422, "invalid_value", "/x"},
        {"{" REQUIRED ",\"x\":\"\\u0085\"}", 422, "invalid_value", "/x"},
        {"{" REQUIRED ",\"x\":\"\\ufffe\"}", 422, "invalid_value", "/x"},
        {"{" REQUIRED ",\"x\":\"\\ufdd0\"}", 422, "invalid_value", "/x"},
        {"{" REQUIRED ",\"x\":\"\\udbff\\udfff\"}", 422, "invalid_value", "/x"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct one one;
        parse(&one, slice_of(cases[i].body));
        if (one.event)
            fail_msg("%s is taken", cases[i].body);
        if (one.problem.http_status != cases[i].status ||
            strcmp(one.problem.code, cases[i].code) != 0 ||
            strcmp(one.problem.pointer, cases[i].pointer) != 0)
            fail_msg("%s: %d %s %s", cases[i].body, one.problem.http_status, one.problem.code,
                     one.problem.pointer);
        assert_string_not_equal(one.problem.detail, "");
        end(&one);
    }
}

/* {"specversion":…} with a value for the attribute, in place of the usual one if it has one. */
static void body_with(struct buf *body, const char *name, struct slice json)
{
    static const char *const usual[][2] = {
        {"specversion", "\"1.0\""}, {"id", "\"1\""}, {"source", "\"/s\""}, {"type", "\"t\""}};

    buf_clear(body);
    buf_printf(body, "{\"%s\":", name);
    buf_add_slice(body, json);
    for (size_t i = 0; i < COUNT(usual); i++)
        if (strcmp(usual[i][0], name) != 0)
            buf_printf(body, ",\"%s\":%s", usual[i][0], usual[i][1]);
    buf_add_char(body, '}');
}

static void check_value(struct buf *body, const char *name, struct slice json, const char *code)
{
    char pointer[64];
    struct one one;

    body_with(body, name, json);
    parse(&one, buf_slice(body));
    if ((one.event != NULL) != (code == NULL))
        fail_msg("%.*s: %s", (int)body->len, body->at, one.event ? "taken" : one.problem.detail);
    if (code != NULL) {
        snprintf(pointer, sizeof pointer, "/%s", name);
        assert_int_equal(one.problem.http_status, 422);
        assert_string_equal(one.problem.code, code);
        assert_string_equal(one.problem.pointer, pointer);
    }
    end(&one);
}

static void each_attribute_has_a_rule_of_its_own(void **state)
{
    static const char *const names[] = {"specversion", "id",   "source",          "type",
                                        "subject",     "time", "datacontenttype", "dataschema",
                                        "partitionkey"};
    static const struct {
        const char *name, *json;
        bool is_taken;
    } values[] = {
        {"specversion", "\"0.3\"", false},
        {"specversion", "\"1\"", false},
        {"specversion", "\"1.0.2\"", false},
        {"specversion", "\"2.0\"", false},
        {"id", "\" \"", true},
        {"id", "\"\xf0\x9f\x98\x80\"", true},
        {"source", "\"https://example.com/a?b=c&d=%20#e\"", true},
        {"source", "\"urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66\"", true},
        {"source", "\"mailto:cncf-wg-serverless@lists.cncf.io\"", true},
        {"source", "\"1-555-123-4567\"", true},
        {"source", "\"a b\"", false},
        {"source", "\"/\xc3\xa9\"", false},
        {"source", "\"/%zz\"", false},
        {"type", "\"com.example-2.A_b\"", true},
        {"type", "\"a/b\"", false},
        {"type", "\"a b\"", false},
        {"type", "\"\xc3\xa9\"", false},
        {"time", "\"1969-12-31T23:59:59Z\"", false},
        {"time", "\"2018-04-05\"", false},
        {"time", "\"2018-04-05T17:31:00\"", false},
        {"time", "\"2018-02-30T17:31:00Z\"", false},
        {"time", "\"2018-04-05t17:31:00z\"", true},
        {"datacontenttype", "\"application/json; charset=utf-8\"", true},
        {"datacontenttype", "\"image/svg+xml\"", true},
        {"datacontenttype", "\"json\"", false},
        {"datacontenttype", "\"a/b/c\"", false},
        {"datacontenttype", "\"/json\"", false},
        {"dataschema", "\"https://example.com/schema\"", true},
        {"dataschema", "\"urn:schema:1\"", true},
        {"dataschema", "\"/schema\"", false},
        {"dataschema", "\"schema\"", false},
        {"dataschema", "\"1:a\"", false},
        {"traceparent", "\"\"", true},
    };
    struct buf body;
    (void)state;
    buf_init(&body, 1000);
    for (size_t i = 0; i < COUNT(names); i++) {
        check_value(&body, names[i], SLICE("\"\""), "invalid_value");
        check_value(&body, names[i], SLICE("\"1.0\\u0001\""), "invalid_value");
        check_value(&body, names[i], SLICE("\"1.0\\u007f\""), "invalid_value");
        check_value(&body, names[i], SLICE("1"), "wrong_type");
        check_value(&body, names[i], SLICE("true"), "wrong_type");
        check_value(&body, names[i], SLICE("{}"), "wrong_type");
        check_value(&body, names[i], SLICE("[]"), "wrong_type");
    }
    check_value(&body, "traceparent", SLICE("1"), "wrong_type");
    for (size_t i = 0; i < COUNT(values); i++)
        check_value(&body, values[i].name, slice_of(values[i].json),
                    values[i].is_taken ? NULL : "invalid_value");
    buf_fini(&body);
}

static void texts_have_bounds(void **state)
{
    static const struct {
        const char *name;
        size_t max;
    } cases[] = {{"id", CLOUDEVENT_ID_MAX},
                 {"source", CLOUDEVENT_SOURCE_MAX},
                 {"type", EVENT_TYPE_MAX},
                 {"partitionkey", EVENT_KEY_MAX}};
    struct buf body, json;
    (void)state;
    buf_init(&body, 4000);
    buf_init(&json, 4000);
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t len = cases[i].max - 1; len <= cases[i].max + 1; len++) {
            buf_clear(&json);
            buf_add_char(&json, '"');
            for (size_t k = 0; k < len; k++)
                buf_add_char(&json, 'x');
            buf_add_char(&json, '"');
            check_value(&body, cases[i].name, buf_slice(&json),
                        len > cases[i].max ? "invalid_value" : NULL);
        }
    }
    buf_fini(&json);
    buf_fini(&body);
}

static void check_size(struct buf *body, bool is_taken)
{
    struct one one;

    parse(&one, buf_slice(body));
    if (is_taken != (one.event != NULL))
        fail_msg("%zu bytes: %s", body->len, is_taken ? one.problem.detail : "taken");
    if (!is_taken) {
        assert_int_equal(one.problem.http_status, 413);
        assert_string_equal(one.problem.code, "too_large");
    }
    end(&one);
}

static void all_attributes_together_have_a_bound(void **state)
{
    struct buf body;
    (void)state;
    buf_init(&body, 200000);
    for (size_t len = CLOUDEVENT_BYTES_MAX - 1; len <= CLOUDEVENT_BYTES_MAX + 1; len++) {
        buf_clear(&body);
        buf_add_text(&body, "{" REQUIRED ",\"zz\":\"");
        while (body.len < len - 2)
            buf_add_char(&body, 'x');
        buf_add_text(&body, "\"}");
        check_size(&body, len <= CLOUDEVENT_BYTES_MAX);
        body.len--; /* data does not count */
        buf_add_text(&body, ",\"data_base64\":\"AAECAwQF\"}");
        check_size(&body, len <= CLOUDEVENT_BYTES_MAX);
    }
    for (int count = CLOUDEVENT_ATTRIBUTES_MAX - 1; count <= CLOUDEVENT_ATTRIBUTES_MAX + 1;
         count++) {
        buf_clear(&body);
        buf_add_text(&body, "{" REQUIRED ",\"data\":1");
        for (int i = 4; i < count; i++)
            buf_printf(&body, ",\"x%d\":%d", i, i);
        buf_add_text(&body, "}");
        check_size(&body, count <= CLOUDEVENT_ATTRIBUTES_MAX);
    }
    buf_fini(&body);
}

static void is_as_deep_as_an_event(void **state)
{
    struct buf body;
    (void)state;
    buf_init(&body, 1000);
    for (int depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
        struct one one;
        buf_clear(&body);
        buf_add_text(&body, "{" REQUIRED ",\"data\":");
        for (int i = 1; i < depth; i++)
            buf_add_char(&body, '[');
        for (int i = 1; i < depth; i++)
            buf_add_char(&body, ']');
        buf_add_char(&body, '}');
        parse(&one, buf_slice(&body));
        assert_int_equal(one.event != NULL, depth <= JSON_DEPTH_MAX);
        if (!one.event)
            assert_string_equal(one.problem.code, "too_deep");
        end(&one);
    }
    buf_fini(&body);
}

static void an_array_takes_the_good_among_the_bad(void **state)
{
    static const char body[] = "[{" REQUIRED ",\"data\": 1 }, {\"id\":\"2\"},7 ,{" REQUIRED
                               ",\"data\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"},\n{"
                               "\"specversion\":\"0.3\"}, {" REQUIRED ",\"x\":\"\\u0079\"}]";
    static const struct {
        const char *code, *pointer, *ce, *data;
    } expected[] = {
        {NULL, NULL, "{" KEPT "}", "1"},
        {"missing_field", "/specversion", NULL, NULL},
        {"wrong_type", "", NULL, NULL},
        {"too_large", "", NULL, NULL},
        {"invalid_value", "/specversion", NULL, NULL},
        {NULL, NULL, "{" KEPT ",\"x\":\"\\u0079\"}", "null"},
    };
    struct event_batch *batch = NULL;
    struct problem problem;
    (void)state;
    assert_int_equal(event_parse_cloudevent_array(SLICE(body), 100, &batch, &problem), STATUS_OK);
    assert_int_equal(event_batch_count(batch), COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct event_item *item = event_batch_item(batch, i);
        assert_int_equal(item->valid, expected[i].code == NULL);
        if (item->valid) {
            assert_true(slice_is(item->event.ce, expected[i].ce));
            assert_true(slice_is(item->event.data, expected[i].data));
        } else {
            assert_string_equal(item->problem.code, expected[i].code);
            assert_string_equal(item->problem.pointer, expected[i].pointer);
        }
    }
    event_batch_free(&batch);
}

static void what_is_no_array_is_refused(void **state)
{
    static const struct {
        const char *body, *code;
    } cases[] = {{"{" REQUIRED "}", "wrong_type"}, {"", "malformed_json"}, {"[", "malformed_json"}};
    struct event_batch *batch = NULL;
    struct problem problem;
    struct buf body;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(
            event_parse_cloudevent_array(slice_of(cases[i].body), 100, &batch, &problem),
            STATUS_INVALID);
        assert_string_equal(problem.code, cases[i].code);
    }
    buf_init(&body, 10000);
    for (int count = EVENT_BATCH_MAX; count <= EVENT_BATCH_MAX + 1; count++) {
        buf_clear(&body);
        for (int i = 0; i < count; i++)
            buf_add_text(&body, i == 0 ? "[1" : ",1");
        buf_add_char(&body, ']');
        enum status status = event_parse_cloudevent_array(buf_slice(&body), 9, &batch, &problem);
        assert_int_equal(status, count > EVENT_BATCH_MAX ? STATUS_INVALID : STATUS_OK);
        event_batch_free(&batch);
    }
    assert_string_equal(problem.code, "batch_too_large");
    buf_fini(&body);
}

static void an_array_may_be_empty(void **state)
{
    struct event_batch *batch = NULL;
    struct problem problem;
    (void)state;
    assert_int_equal(event_parse_cloudevent_array(SLICE(" [ ]"), 100, &batch, &problem), STATUS_OK);
    assert_int_equal(event_batch_count(batch), 0);
    event_batch_free(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_become_an_event),
        cmocka_unit_test(what_breaks_a_rule_is_refused),
        cmocka_unit_test(each_attribute_has_a_rule_of_its_own),
        cmocka_unit_test(texts_have_bounds),
        cmocka_unit_test(all_attributes_together_have_a_bound),
        cmocka_unit_test(is_as_deep_as_an_event),
        cmocka_unit_test(an_array_takes_the_good_among_the_bad),
        cmocka_unit_test(what_is_no_array_is_refused),
        cmocka_unit_test(an_array_may_be_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
