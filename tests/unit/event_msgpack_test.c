/*
 * event_msgpack_test.c - MessagePack: data as JSON, refusals, lying counts, truncation at every byte
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/hook_event.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define HEAD                                                                                       \
    "\x91\x82\xa4type\xa1t\xa4"                                                                    \
    "data" /* [{"type":"t","data": */

/* A block of its own, so that a sanitizer sees a read past the end. */
static enum status parse(struct slice body, struct event_batch **out, struct problem *problem)
{
    char *copy = malloc(body.len + 1);
    struct slice exact = {copy + 1, body.len};
    enum status status;

    memcpy(copy + 1, body.at, body.len);
    *problem = (struct problem){.code = "accepted"};
    status = event_parse_msgpack(exact, SIZE_MAX, 1000, out, problem);
    if (status == STATUS_OK)
        for (size_t i = 0; i < event_batch_count(*out); i++)
            assert_int_equal(event_batch_item(*out, i)->valid,
                             event_batch_item(*out, i)->problem.code == NULL);
    free(copy);
    return status;
}

static void writes_data_as_json(void **state)
{
    static const struct {
        struct slice data;
        const char *json;
    } cases[] = {
        {SLICE("\xc0"), "null"},
        {SLICE("\xc2"), "false"},
        {SLICE("\xc3"), "true"},
        {SLICE("\x00"), "0"},
        {SLICE("\x7f"), "127"},
        {SLICE("\xe0"), "-32"},
        {SLICE("\xcc\xff"), "255"},
        {SLICE("\xcd\xff\xff"), "65535"},
        {SLICE("\xce\xff\xff\xff\xff"), "4294967295"},
        {SLICE("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), "18446744073709551615"},
        {SLICE("\xd0\x80"), "-128"},
        {SLICE("\xd1\x80\x00"), "-32768"},
        {SLICE("\xd2\x80\x00\x00\x00"), "-2147483648"},
        {SLICE("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), "-9223372036854775808"},
        {SLICE("\xca\x3f\x80\x00\x00"), "1.0"},
        {SLICE("\xca\x3d\xcc\xcc\xcd"), "0.1"},
        {SLICE("\xca\x7f\x7f\xff\xff"), "3.4028235e+38"},
        {SLICE("\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a"), "0.1"},
        {SLICE("\xcb\x3f\xd3\x33\x33\x33\x33\x33\x34"), "0.30000000000000004"},
        {SLICE("\xcb\x80\x00\x00\x00\x00\x00\x00\x00"), "-0.0"},
        {SLICE("\xcb\x7e\x37\xe4\x3c\x88\x00\x75\x9c"), "1e+300"},
        {SLICE("\xcb\x00\x00\x00\x00\x00\x00\x00\x01"), "4.94065645841247e-324"},
        {SLICE("\xa0"), "\"\""},
        {SLICE("\xa3\"\n\x00"), "\"\\\"\\u000a\\u0000\""},
        {SLICE("\xd9\x02\xc3\xa9"), "\"\xc3\xa9\""},
        {SLICE("\xda\x00\x01x"), "\"x\""},
        {SLICE("\xdb\x00\x00\x00\x01x"), "\"x\""},
        {SLICE("\x90"), "[]"},
        {SLICE("\x80"), "{}"},
        {SLICE("\x93\x01\xa1x\x91\xc0"), "[1,\"x\",[null]]"},
        {SLICE("\xdc\x00\x01\x01"), "[1]"},
        {SLICE("\xdd\x00\x00\x00\x01\x01"), "[1]"},
        {SLICE("\x82\xa1"
               "a\x01\xa1"
               "a\x81\xa0\x90"),
         "{\"a\":1,\"a\":{\"\":[]}}"},
        {SLICE("\xde\x00\x01\xa1"
               "a\x01"),
         "{\"a\":1}"},
        {SLICE("\xdf\x00\x00\x00\x01\xa1"
               "a\x01"),
         "{\"a\":1}"},
    };
    struct buf body;
    (void)state;
    buf_init(&body, 1000);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct event_batch *batch = NULL;
        struct problem problem;
        struct slice data;
        buf_clear(&body);
        buf_add_slice(&body, SLICE(HEAD));
        buf_add_slice(&body, cases[i].data);
        if (event_parse_msgpack(buf_slice(&body), SIZE_MAX, 0, &batch, &problem) != STATUS_OK ||
            !event_batch_item(batch, 0)->valid)
            fail_msg("case %zu: %s", i, cases[i].json);
        data = event_batch_item(batch, 0)->event.data;
        if (!slice_is(data, cases[i].json))
            fail_msg("%s is %.*s", cases[i].json, (int)data.len, data.at);
        event_batch_free(&batch);
    }
    buf_fini(&body);
}

static void refuses_what_json_cannot_say(void **state)
{
    static const struct slice cases[] = {
        SLICE("\xc4\x01x"),
        SLICE("\xc5\x00\x00"),
        SLICE("\xc6\x00\x00\x00\x00"),
        SLICE("\xd4\x01x"),
        SLICE("\xd6\xff\x00\x00\x00\x00"),
        SLICE("\xc7\x00\x01"),
        SLICE("\xca\x7f\xc0\x00\x00"),
        SLICE("\xca\x7f\x80\x00\x00"),
        SLICE("\xcb\xff\xf0\x00\x00\x00\x00\x00\x00"),
        SLICE("\xa1\xff"),
        SLICE("\xa2\xc3\x28"),
        SLICE("\x81\x01\x01"),
        SLICE("\x81\xc0\x01"),
        SLICE("\x81\xa1\xff\x01"),
        SLICE("\x92\x01\x91\xc4\x00"),
    };
    struct buf body;
    (void)state;
    buf_init(&body, 1000);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct event_batch *batch = NULL;
        struct problem problem;
        const struct event_item *item;
        buf_clear(&body);
        buf_add_slice(&body, SLICE(HEAD));
        buf_add_slice(&body, cases[i]);
        assert_int_equal(parse(buf_slice(&body), &batch, &problem), STATUS_OK);
        item = event_batch_item(batch, 0);
        if (item->valid)
            fail_msg("case %zu is accepted", i);
        assert_int_equal(item->problem.http_status, 422);
        assert_string_equal(item->problem.code, "invalid_value");
        assert_string_equal(item->problem.pointer, "/data");
        event_batch_free(&batch);
    }
    buf_fini(&body);
}

/* Valid, refused before its data, refused after its data, valid: each data stands where its item says. */
static void one_bad_item_fails_no_other(void **state)
{
    static const struct {
        const char *code, *pointer, *data;
    } expected[] = {
        {NULL, "", "[1]"},
        {"invalid_value", "/type", ""},
        {"missing_field", "/type", ""},
        {"wrong_type", "/key", ""},
        {"wrong_type", "", ""},
        {"wrong_type", "", ""},
        {"unknown_field", "/\xef\xbf\xbd", ""},
        {"duplicate_field", "/data", ""},
        {NULL, "", "\"end\""},
    };
    const struct slice body = SLICE("\x99"
                                    "\x82\xa4type\xa1t\xa4"
                                    "data\x91\x01"
                                    "\x82\xa4type\xa1 \xa4"
                                    "data\x91\x02"
                                    "\x81\xa4"
                                    "data\x91\x03"
                                    "\x83\xa4"
                                    "data\x91\x04\xa3key\xc4\x01x\xa4type\xa1t"
                                    "\x01"
                                    "\x82\xa4"
                                    "data\x05\x07\xa1t"
                                    "\x82\xa4"
                                    "data\x05\xa1\xff\xa1t"
                                    "\x82\xa4"
                                    "data\x05\xa4"
                                    "data\x05"
                                    "\x83\xa4"
                                    "data\xa3"
                                    "end\xa4type\xa1z\xa5"
                                    "delay\xa2"
                                    "2s");
    struct event_batch *batch = NULL;
    struct problem problem;
    (void)state;
    assert_int_equal(event_parse_msgpack(body, SIZE_MAX, 1000, &batch, &problem), STATUS_OK);
    assert_int_equal(event_batch_count(batch), COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct event_item *item = event_batch_item(batch, i);
        assert_int_equal(item->valid, expected[i].code == NULL);
        if (item->valid) {
            assert_true(slice_is(item->event.data, expected[i].data));
            continue;
        }
        assert_string_equal(item->problem.code, expected[i].code);
        assert_string_equal(item->problem.pointer, expected[i].pointer);
    }
    assert_int_equal(event_batch_item(batch, 8)->event.deliver_at_ms, 3000);
    event_batch_free(&batch);
}

static void texts_are_utf8(void **state)
{
    static const struct {
        struct slice body;
        bool valid;
    } cases[] = {
        {SLICE("\x91\x83\xa4type\xa1t\xa4"
               "data\x01\xa3key\xa2\xc3\xa9"),
         true},
        {SLICE("\x91\x83\xa4type\xa1t\xa4"
               "data\x01\xa3key\xa2\xc3\x28"),
         false},
        {SLICE("\x91\x83\xa4type\xa1t\xa4"
               "data\x01\xa3key\xa2\x61\x00"),
         false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct event_batch *batch = NULL;
        struct problem problem;
        const struct event_item *item;
        assert_int_equal(parse(cases[i].body, &batch, &problem), STATUS_OK);
        item = event_batch_item(batch, 0);
        assert_int_equal(item->valid, cases[i].valid);
        if (!item->valid)
            assert_string_equal(item->problem.pointer, "/key");
        event_batch_free(&batch);
    }
}

static void refuses_broken_documents(void **state)
{
    static const struct {
        struct slice body;
        const char *code;
    } cases[] = {
        {SLICE(""), "malformed_msgpack"},
        {SLICE("\xc1"), "malformed_msgpack"},
        {SLICE("\x91\xc1"), "malformed_msgpack"},
        {SLICE("\x91"), "malformed_msgpack"},
        {SLICE("\x90\x90"), "malformed_msgpack"},
        {SLICE("\x91\x80\xc0"), "malformed_msgpack"},
        {SLICE("\xdd\xff\xff\xff\xff"), "malformed_msgpack"},
        {SLICE("\xdf\xff\xff\xff\xff"), "malformed_msgpack"},
        {SLICE("\xdf\x80\x00\x00\x00\x01\x02"), "malformed_msgpack"},
        {SLICE("\xdc\xff\xff\x01"), "malformed_msgpack"},
        {SLICE("\x91\xdd\x00\x10\x00\x00\x01\x02"), "malformed_msgpack"},
        {SLICE("\x91\xdb\xff\xff\xff\xff"
               "abc"),
         "malformed_msgpack"},
        {SLICE("\x91\xc6\xff\xff\xff\xff"
               "abc"),
         "malformed_msgpack"},
        {SLICE("\x91\xc9\xff\xff\xff\xff\x01"
               "abc"),
         "malformed_msgpack"},
        {SLICE("\x91\xd8\x01"
               "short"),
         "malformed_msgpack"},
        {SLICE("\x90"), "batch_empty"},
        {SLICE("\x80"), "wrong_type"},
        {SLICE("\xc0"), "wrong_type"},
        {SLICE("\xa1x"), "wrong_type"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct event_batch *batch = NULL;
        struct problem problem;
        if (parse(cases[i].body, &batch, &problem) == STATUS_OK ||
            strcmp(problem.code, cases[i].code) != 0)
            fail_msg("case %zu: %s", i, problem.code);
        assert_null(batch);
    }
}

static void refuses_every_truncation(void **state)
{
    const struct slice body =
        SLICE("\xdd\x00\x00\x00\x01\xde\x00\x03\xd9\x04type\xda\x00\x01t\xdb\x00\x00\x00\x04"
              "data\x9b\xc0\xcc\x01\xcd\x01\x02\xce\x01\x02\x03\x04\xcf\x01\x02\x03\x04\x05\x06\x07"
              "\x08\xd0\x01\xd1\x01\x02\xd2\x01\x02\x03\x04\xd3\x01\x02\x03\x04\x05\x06\x07\x08\xca"
              "\x3f\x80\x00\x00\x81\xa1k\xdc\x00\x02\xcb\x3f\x80\x00\x00\x00\x00\x00\x00\xc3\xa3"
              "key\xa1v");
    struct event_batch *batch = NULL;
    struct problem problem;
    (void)state;
    for (size_t len = 0; len < body.len; len++) {
        assert_int_equal(parse((struct slice){body.at, len}, &batch, &problem), STATUS_INVALID);
        assert_string_equal(problem.code, "malformed_msgpack");
    }
    assert_int_equal(parse(body, &batch, &problem), STATUS_OK);
    assert_true(event_batch_item(batch, 0)->valid);
    event_batch_free(&batch);
}

/* The array and the event's map are two of the 32 levels. */
static void bounds_depth(void **state)
{
    (void)state;
    for (size_t depth = 31; depth <= 33; depth++) {
        for (size_t leaf = 0; leaf < 2; leaf++) {
            struct event_batch *batch = NULL;
            struct problem problem;
            struct buf body;
            buf_init(&body, 1000);
            buf_add_slice(&body, SLICE(HEAD));
            for (size_t i = 3; i < depth; i++)
                buf_add_slice(&body, i % 2 == 0 ? SLICE("\x91") : SLICE("\x81\xa0"));
            buf_add_slice(&body, leaf == 0 ? SLICE("\x90") : SLICE("\x91\x01"));
            if (depth > 32) {
                assert_int_equal(parse(buf_slice(&body), &batch, &problem), STATUS_INVALID);
                assert_string_equal(problem.code, "too_deep");
            } else {
                assert_int_equal(parse(buf_slice(&body), &batch, &problem), STATUS_OK);
                assert_true(event_batch_item(batch, 0)->valid);
                event_batch_free(&batch);
            }
            buf_fini(&body);
        }
    }
}

static void bounds_counts(void **state)
{
    (void)state;
    for (unsigned count = EVENT_BATCH_MAX - 1; count <= EVENT_BATCH_MAX + 1; count++) {
        const char head[] = {(char)0xdc, (char)(count >> 8), (char)(count & 255)};
        struct event_batch *batch = NULL;
        struct problem problem;
        struct buf body;
        buf_init(&body, 100000);
        buf_add(&body, head, sizeof head);
        for (unsigned i = 0; i < count; i++)
            buf_add_slice(&body, SLICE("\x82\xa4type\xa1t\xa4"
                                       "data\xa2hi"));
        if (count > EVENT_BATCH_MAX) {
            assert_int_equal(parse(buf_slice(&body), &batch, &problem), STATUS_INVALID);
            assert_string_equal(problem.code, "batch_too_large");
        } else {
            assert_int_equal(parse(buf_slice(&body), &batch, &problem), STATUS_OK);
            assert_int_equal(event_batch_count(batch), count);
            assert_true(slice_is(event_batch_item(batch, count - 1)->event.data, "\"hi\""));
            event_batch_free(&batch);
        }
        buf_fini(&body);
    }
}

/* Data that grows most on its way to JSON still fits the bound of its buffer. */
static void the_most_growing_data_fits(void **state)
{
    static const struct slice units[] = {SLICE("\xc2"), SLICE("\x01")};
    (void)state;
    for (size_t i = 0; i < COUNT(units); i++) {
        const char head[] = {i == 0 ? (char)0xdc : (char)0xda, (char)0xff, (char)0xff};
        struct event_batch *batch = NULL;
        struct problem problem;
        struct buf body;
        buf_init(&body, 100000);
        buf_add_slice(&body, SLICE(HEAD));
        buf_add(&body, head, sizeof head);
        for (unsigned k = 0; k < 65535; k++)
            buf_add_slice(&body, units[i]);
        assert_int_equal(parse(buf_slice(&body), &batch, &problem), STATUS_OK);
        assert_int_equal(event_batch_item(batch, 0)->event.data.len,
                         i == 0 ? 6 * 65535 + 1 : 6 * 65535 + 2);
        event_batch_free(&batch);
        buf_fini(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_data_as_json),
        cmocka_unit_test(refuses_what_json_cannot_say),
        cmocka_unit_test(one_bad_item_fails_no_other),
        cmocka_unit_test(texts_are_utf8),
        cmocka_unit_test(refuses_broken_documents),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(bounds_depth),
        cmocka_unit_test(bounds_counts),
        cmocka_unit_test(the_most_growing_data_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
