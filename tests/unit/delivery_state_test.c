/*
 * delivery_state_test.c - states of deliveries as the scripts write them, and what they do not write
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/delivery_state.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static struct delivery_state parsed(const char *text)
{
    struct delivery_state state;
    assert_int_equal(delivery_state_parse(slice_of(text), &state), STATUS_OK);
    return state;
}

static void before_the_first_attempt(void **state_at)
{
    struct delivery_state state = parsed("pending 0");
    (void)state_at;
    assert_int_equal(state.word, DELIVERY_WORD_PENDING);
    assert_int_equal(state.attempts, 0);
    assert_int_equal(state.changed_at_ms, -1);
    assert_int_equal(state.history.len, 0);
}

static void after_attempts(void **state_at)
{
    struct delivery_state state = parsed("delivered 2 200 1700000000123 1-1,2-7");
    (void)state_at;
    assert_int_equal(state.word, DELIVERY_WORD_DELIVERED);
    assert_int_equal(state.attempts, 2);
    assert_int_equal(state.status, 200);
    assert_int_equal(state.changed_at_ms, 1700000000123);
    assert_true(slice_is(state.history, "1-1,2-7"));
}

static void waiting_for_a_time(void **state_at)
{
    struct delivery_state state =
        parsed("waiting backoff 1700000005000 2 0 org_1 " TRACE " req_1 1 503 1700000000000 9-1");
    (void)state_at;
    assert_int_equal(state.word, DELIVERY_WORD_WAITING);
    assert_true(slice_is(state.reason, "backoff"));
    assert_int_equal(state.until_ms, 1700000005000);
    assert_int_equal(state.attempts, 1);
    assert_int_equal(state.status, 503);
    assert_true(slice_is(state.history, "9-1"));
}

static void held_without_a_time(void **state_at)
{
    struct delivery_state state = parsed("waiting paused - 1 0 org_1 - - 0");
    (void)state_at;
    assert_true(slice_is(state.reason, "paused"));
    assert_int_equal(state.until_ms, -1);
    assert_int_equal(state.attempts, 0);
}

static void dead_with_and_without_its_letter(void **state_at)
{
    struct delivery_state state = parsed("dead 17-3 4 500 1700000000000 1-1");
    (void)state_at;
    assert_int_equal(state.word, DELIVERY_WORD_DEAD);
    assert_int_equal(state.letter.ms, 17);
    assert_int_equal(state.letter.seq, 3);
    assert_int_equal(state.attempts, 4);
    state = parsed("dead - 0 0 1700000000000");
    assert_int_equal(state.letter.ms, 0);
    assert_int_equal(state.attempts, 0);
    assert_int_equal(state.changed_at_ms, 1700000000000);
}

static void others_are_refused(void **state_at)
{
    static const char *const texts[] = {
        "",
        "pending",
        "pending x",
        "pending 1",
        "pending 1 200",
        "lost 0",
        "waiting",
        "waiting backoff",
        "waiting backoff soon 1 0 o t r 0",
        "waiting backoff 5 1 0 o t 0",
        "dead 1 2 200 3",
        "dead 1-1",
        "delivered 2 200 99999999999999999999 1-1",
        "delivered -1 200 5 1-1",
    };
    struct delivery_state state;
    (void)state_at;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_int_equal(delivery_state_parse(slice_of(texts[i]), &state), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_first_attempt),
        cmocka_unit_test(after_attempts),
        cmocka_unit_test(waiting_for_a_time),
        cmocka_unit_test(held_without_a_time),
        cmocka_unit_test(dead_with_and_without_its_letter),
        cmocka_unit_test(others_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
