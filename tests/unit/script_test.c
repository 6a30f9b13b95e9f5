/*
 * script_test.c - calls of scripts while Redis forgets them, loses the connection, or may not load them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/script.h"
#include "loop_fixture.h"
#include "redis_fixture.h"
#include "seen_fixture.h"

static void start(struct redis_fixture *server, struct seen *seen)
{
    struct redis_options options;

    redis_fixture_start(server, "");
    options = seen_options(redis_fixture_address(server));
    options.load_scripts = true;
    seen_connect_up(seen, &options);
}

/* promote on a partition where nothing waits: harmless, and always answered. */
static void call(struct seen *seen)
{
    struct redis_command command;

    redis_command_init(&command);
    script_start(&command, SCRIPT_PROMOTE, 4);
    redis_command_text(&command, "mr:{0}:due");
    redis_command_text(&command, "mr:{0}:waiting");
    redis_command_text(&command, "mr:{0}:deliveries");
    redis_command_text(&command, "mr:{0}:event:");
    redis_command_int(&command, 10);
    redis_command_text(&command, "");
    script_send(seen->redis, SCRIPT_PROMOTE, &command, seen_answer, seen);
    redis_command_fini(&command);
}

static void test_loaded(void **state)
{
    struct redis_fixture server;
    struct seen seen;
    char wanted[64];

    (void)state;
    start(&server, &seen);
    snprintf(wanted, sizeof wanted, "number_of_cached_scripts:%d\r", SCRIPTS_OF_EACH_EVENT);
    assert_non_null(strstr(redis_fixture_ask(&server, "INFO memory"), wanted));
    for (size_t i = 0; i < SCRIPTS_COUNT; i++)
        assert_non_null(script_names[i]);
    assert_null(script_names[SCRIPTS_COUNT]);
    call(&seen);
    assert_int_equal(seen.answers, 0);
    run_until_count(loop, &seen.answers, 1);
    assert_int_equal(seen.by_status[STATUS_OK], 1);
    snprintf(wanted, sizeof wanted, "number_of_cached_scripts:%d\r", SCRIPTS_OF_EACH_EVENT + 1);
    assert_non_null(
        strstr(redis_fixture_ask(&server, "INFO memory"), wanted)); /* the one that was called */
    redis_free(&seen.redis);
    redis_fixture_stop(&server);
}

static void test_forgotten_in_a_pipeline(void **state)
{
    struct redis_fixture server;
    struct seen seen;

    (void)state;
    start(&server, &seen);
    for (int i = 0; i < 300; i++) {
        if (i % 50 == 25)
            redis_sendf(seen.redis, NULL, NULL, "SCRIPT FLUSH");
        call(&seen);
    }
    run_until_count(loop, &seen.answers, 300);
    assert_int_equal(seen.by_status[STATUS_OK], 300);
    run_turns(loop, 5);
    assert_int_equal(seen.answers, 300);
    redis_free(&seen.redis);
    redis_fixture_stop(&server);
}

static void test_may_not_load(void **state)
{
    struct redis_fixture server;
    struct seen seen;

    (void)state;
    start(&server, &seen);
    redis_fixture_ask(&server, "SCRIPT FLUSH");
    redis_fixture_ask(&server, "ACL SETUSER default -script|load");
    call(&seen);
    run_until_count(loop, &seen.answers, 1);
    assert_int_equal(seen.by_status[STATUS_DOWN], 1);
    assert_string_equal(redis_error_kinds[seen.last_kind], "noscript");
    redis_fixture_ask(&server, "CLIENT KILL TYPE normal");
    run_until_count(loop, &seen.downs, 1);
    redis_free(&seen.redis);
    /* A new connection is not up without its scripts. */
    struct redis_options options = seen_options(redis_fixture_address(&server));
    options.load_scripts = true;
    seen_connect(&seen, &options);
    seen_wait_for_failure(&seen);
    assert_non_null(strstr(redis_last_error(seen.redis), "NOPERM"));
    assert_int_equal(seen.ups, 0);
    redis_free(&seen.redis);
    redis_fixture_stop(&server);
}

static void test_lost(void **state)
{
    struct redis_fixture server;
    struct seen seen;

    (void)state;
    start(&server, &seen);
    redis_fixture_pause(&server);
    for (int i = 0; i < 20; i++)
        call(&seen);
    run_turns(loop, 3);
    redis_fixture_kill(&server);
    run_until_count(loop, &seen.downs, 1);
    assert_int_equal(seen.by_status[STATUS_UNSURE], 20);
    call(&seen);
    run_until_count(loop, &seen.by_status[STATUS_DOWN], 1);
    redis_fixture_restart(&server, "");
    run_until_count(loop, &seen.ups, 2);
    for (int i = 0; i < 10; i++)
        call(&seen);
    redis_free(&seen.redis);
    assert_int_equal(seen.by_status[STATUS_CANCELLED], 10);
    assert_int_equal(seen.answers, 31);
    redis_fixture_stop(&server);
}

static const char *observed_what;
static int observed;

static void observe(const char *what, int64_t us, enum status status,
                    const struct redis_reply *reply)
{
    (void)reply;
    observed++;
    observed_what = what;
    assert_true(us >= 0);
    assert_int_equal(status, STATUS_OK);
}

static void test_observed(void **state)
{
    struct redis_fixture server;
    struct seen seen;

    (void)state;
    redis_set_observer(observe);
    start(&server, &seen);
    assert_int_equal(observed, 0);
    call(&seen);
    run_until_count(loop, &seen.answers, 1);
    assert_string_equal(observed_what, "promote");
    redis_sendf(seen.redis, seen_answer, &seen, "PING");
    run_until_count(loop, &seen.answers, 2);
    assert_string_equal(observed_what, "command");
    assert_int_equal(observed, 3); /* its SCRIPT LOAD, too */
    /* A new connection does not count on what was loaded on the last. */
    redis_fixture_ask(&server, "SCRIPT FLUSH");
    redis_fixture_ask(&server, "CLIENT KILL TYPE normal");
    run_until_count(loop, &seen.ups, 2);
    call(&seen);
    run_until_count(loop, &seen.answers, 3);
    assert_int_equal(observed, 5);
    redis_set_observer(NULL);
    redis_free(&seen.redis);
    redis_fixture_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_loaded, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_forgotten_in_a_pipeline, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_may_not_load, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_lost, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_observed, seen_setup, seen_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
