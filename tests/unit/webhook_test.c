/*
 * webhook_test.c - the body is made of the same bytes every time, data untouched
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/ids.h"
#include "model/webhook.h"

#define ID SLICE("evt_01hf7yat000000000000")
#define TYPE SLICE("order.created")
#define TIME SLICE("2026-01-31T09:30:00.123Z")
#define HEAD                                                                                       \
    "{\"id\":\"evt_01hf7yat000000000000\",\"type\":\"order.created\","                             \
    "\"timestamp\":\"2026-01-31T09:30:00.123Z\",\"data\":"

static void data_is_copied_byte_for_byte(void **state)
{
    static const char *const cases[] = {
        "null",
        "{}",
        "{ \"b\" : 1.0e2,\n\t\"a\":12345678901234567890123456789 }",
        "\"caf\xc3\xa9 \\u00e9 \\/\"",
        "[1,2,[]]",
        " [1] ",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf body, expected;
        buf_init(&body, 1024);
        buf_init(&expected, 1024);
        buf_add_text(&expected, HEAD);
        buf_add_text(&expected, cases[i]);
        buf_add_text(&expected, "}");
        webhook_body(&body, ID, TYPE, TIME, slice_of(cases[i]), (struct slice){0});
        assert_true(slice_eq(buf_slice(&body), buf_slice(&expected)));
        buf_fini(&body);
        buf_fini(&expected);
    }
}

static void attributes_stand_behind_the_data(void **state)
{
    static const char expected[] = HEAD "[1],\"cloudevent\":{ \"id\" : \"1\"}}";
    struct buf body;
    (void)state;
    buf_init(&body, 1024);
    webhook_body(&body, ID, TYPE, TIME, SLICE("[1]"), SLICE("{ \"id\" : \"1\"}"));
    assert_true(slice_is(buf_slice(&body), expected));
    buf_fini(&body);
}

static void an_event_that_tells_no_time_has_that_of_its_id(void **state)
{
    struct event_id id = {.entry = {.ms = 1769851800123, .seq = 7}, .partition = 3};
    char text[EVENT_ID_LEN + 1], room[CLOCK_RFC3339_LEN + 1];
    struct buf body;
    (void)state;
    event_id_format(id, text);
    assert_true(slice_is(webhook_timestamp((struct slice){0}, id.entry.ms, room),
                         "2026-01-31T09:30:00.123Z"));
    assert_true(slice_is(webhook_timestamp(SLICE("then"), id.entry.ms, room), "then"));
    buf_init(&body, 1024);
    webhook_body(&body, slice_of(text), TYPE, (struct slice){0}, SLICE("1"), (struct slice){0});
    buf_add_char(&body, '\0');
    assert_non_null(strstr(body.at, ",\"timestamp\":\"2026-01-31T09:30:00.123Z\",\"data\":1}"));
    buf_fini(&body);
}

static void too_large_is_seen(void **state)
{
    size_t exact = strlen(HEAD "null}");
    struct buf body;
    (void)state;
    buf_init(&body, exact);
    webhook_body(&body, ID, TYPE, TIME, SLICE("null"), (struct slice){0});
    assert_false(body.overflow);
    assert_int_equal(body.len, exact);
    buf_fini(&body);
    buf_init(&body, exact - 1);
    webhook_body(&body, ID, TYPE, TIME, SLICE("null"), (struct slice){0});
    assert_true(body.overflow);
    buf_fini(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_copied_byte_for_byte),
        cmocka_unit_test(attributes_stand_behind_the_data),
        cmocka_unit_test(an_event_that_tells_no_time_has_that_of_its_id),
        cmocka_unit_test(too_large_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
