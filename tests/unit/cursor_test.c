/*
 * cursor_test.c - a cursor opens only where it was made for, and only as it was made
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/cursor.h"

static const uint8_t key[CURSOR_KEY_LEN] = {1, 2, 3};
static const uint8_t other_key[CURSOR_KEY_LEN] = {3, 2, 1};
#define LIST SLICE("org_1 /api/events type=a")

static enum status opens(const uint8_t *with, struct slice context, struct slice text,
                         struct buf *out)
{
    buf_clear(out);
    return cursor_open(with, context, text, out);
}

static void what_was_sealed_opens(void **state)
{
    char longest[CURSOR_POSITION_MAX];
    struct buf text, position;
    (void)state;
    memset(longest, 0xff, sizeof longest);
    const struct slice cases[] = {
        SLICE("1"), SLICE("evt_1 ep_1"), {.at = longest, .len = sizeof longest}};
    buf_init(&text, CURSOR_MAX);
    buf_init(&position, CURSOR_POSITION_MAX);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buf_clear(&text);
        cursor_seal(key, LIST, cases[i], &text);
        assert_int_equal(opens(key, LIST, buf_slice(&text), &position), STATUS_OK);
        assert_true(slice_eq(buf_slice(&position), cases[i]));
    }
    buf_fini(&text);
    buf_fini(&position);
}

static void anything_else_does_not(void **state)
{
    struct buf text, position;
    (void)state;
    buf_init(&text, CURSOR_MAX + 2);
    buf_init(&position, CURSOR_POSITION_MAX);
    cursor_seal(key, LIST, SLICE("evt_1"), &text);
    assert_int_equal(opens(other_key, LIST, buf_slice(&text), &position), STATUS_INVALID);
    assert_int_equal(opens(key, SLICE("org_2 /api/events type=a"), buf_slice(&text), &position),
                     STATUS_INVALID);
    assert_int_equal(opens(key, SLICE("org_1 /api/events type="), buf_slice(&text), &position),
                     STATUS_INVALID);
    for (size_t i = 0; i < text.len; i++) {
        const char was = text.at[i];
        text.at[i] = was == '0' ? '1' : '0';
        assert_int_equal(opens(key, LIST, buf_slice(&text), &position), STATUS_INVALID);
        text.at[i] = (char)(was - 32);
        assert_int_equal(opens(key, LIST, buf_slice(&text), &position), STATUS_INVALID);
        text.at[i] = was;
    }
    for (size_t len = 0; len < text.len; len++)
        assert_int_equal(opens(key, LIST, (struct slice){text.at, len}, &position), STATUS_INVALID);
    buf_add_text(&text, "00");
    assert_int_equal(opens(key, LIST, buf_slice(&text), &position), STATUS_INVALID);
    buf_fini(&text);
    buf_fini(&position);
}

static void too_long_is_refused(void **state)
{
    char text[CURSOR_MAX + 2];
    struct buf position;
    (void)state;
    memset(text, 'a', sizeof text);
    buf_init(&position, CURSOR_POSITION_MAX);
    assert_int_equal(opens(key, LIST, (struct slice){text, sizeof text}, &position),
                     STATUS_INVALID);
    buf_fini(&position);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_opens),
        cmocka_unit_test(anything_else_does_not),
        cmocka_unit_test(too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
