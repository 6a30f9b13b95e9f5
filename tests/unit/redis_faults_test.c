/*
 * redis_faults_test.c - the connection when Redis is killed, paused, absent or lies, and when it is freed at a bad moment
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fake_redis_fixture.h"
#include "loop_fixture.h"
#include "redis_fixture.h"
#include "seen_fixture.h"

static void test_down(void **state)
{
    struct redis_options options =
        seen_options((struct redis_address){.host = "127.0.0.1", .port = 1});
    struct seen seen;

    (void)state;
    seen_connect(&seen, &options);
    redis_sendf(seen.redis, seen_answer, &seen, "PING");
    assert_int_equal(seen.answers, 0);
    run_until_count(loop, &seen.answers, 1);
    assert_int_equal(seen.by_status[STATUS_DOWN], 1);
    assert_string_equal(redis_error_kinds[seen.last_kind], "down");
    /* Somebody who never gives up must not keep the loop from its other work. */
    seen.sends = true;
    redis_sendf(seen.redis, seen_answer, &seen, "PING");
    run_until_count(loop, &seen.answers, 100);
    assert_non_null(strstr(redis_last_error(seen.redis), "refused"));
    seen.sends = false;
    redis_free(&seen.redis);
    assert_true(seen.by_status[STATUS_CANCELLED] <= 1);
}

static void test_killed(void **state)
{
    struct redis_fixture server;
    struct redis_options options;
    struct seen seen;

    (void)state;
    redis_fixture_start(&server, "");
    options = seen_options(redis_fixture_address(&server));
    seen_connect_up(&seen, &options);
    for (int round = 1; round <= 3; round++) {
        redis_fixture_pause(&server);
        for (int i = 0; i < 500; i++)
            redis_sendf(seen.redis, seen_answer, &seen, "INCR n");
        run_turns(loop, 5);
        assert_int_equal(seen.answers, 500 * (round - 1));
        redis_fixture_kill(&server);
        run_until_count(loop, &seen.downs, round);
        assert_int_equal(seen.by_status[STATUS_UNSURE], 500 * round);
        assert_int_equal(seen.answers, 500 * round);
        assert_string_equal(redis_error_kinds[seen.last_kind], "lost");
        assert_false(redis_is_up(seen.redis));
        assert_string_not_equal(redis_last_error(seen.redis), "");
        redis_fixture_restart(&server, "");
        run_until_count(loop, &seen.ups, round + 1);
    }
    redis_sendf(seen.redis, seen_answer, &seen, "EXISTS n");
    run_until_count(loop, &seen.by_status[STATUS_OK], 1);
    assert_int_equal(seen.last_int, 0); /* nothing was sent twice */
    redis_free(&seen.redis);
    redis_fixture_stop(&server);
}

static bool is_past(void *self)
{
    return clock_mono_ms() >= *(int64_t *)self;
}

static void test_silence(void **state)
{
    struct redis_fixture server;
    struct redis_options options;
    struct seen seen;
    int64_t start_mono_ms, until_mono_ms;

    (void)state;
    redis_fixture_start(&server, "");
    options = seen_options(redis_fixture_address(&server));
    options.reply_timeout_ms = 300;
    seen_connect_up(&seen, &options);
    until_mono_ms = clock_mono_ms() + 800; /* nobody asks anything: nothing can time out */
    run_until(loop, is_past, &until_mono_ms);
    assert_int_equal(seen.downs, 0);
    redis_fixture_pause(&server);
    start_mono_ms = clock_mono_ms();
    redis_sendf(seen.redis, seen_answer, &seen, "INCR n");
    run_until_count(loop, &seen.downs, 1);
    assert_in_range(clock_mono_ms() - start_mono_ms, 299, 2000);
    assert_int_equal(seen.by_status[STATUS_UNSURE], 1);
    assert_string_equal(redis_error_kinds[seen.last_kind], "timeout");
    redis_fixture_resume(&server);
    run_until_count(loop, &seen.ups, 2);
    assert_int_equal(seen.answers, 1); /* the late answer belongs to a connection that is no more */
    redis_free(&seen.redis);
    redis_fixture_stop(&server);
}

static void test_freeing(void **state)
{
    struct redis_fixture server;
    struct redis_options options;
    struct seen seen;

    (void)state;
    redis_fixture_start(&server, "");
    options = seen_options(redis_fixture_address(&server));
    seen_connect(&seen, &options);
    redis_free(&seen.redis); /* before it did anything */
    seen_connect_up(&seen, &options);
    for (int i = 0; i < 10; i++)
        redis_sendf(seen.redis, seen_answer, &seen, "PING");
    redis_free(&seen.redis);
    assert_int_equal(seen.by_status[STATUS_CANCELLED], 10);
    /* From the callback of the first of ten answers. */
    seen_connect_up(&seen, &options);
    seen.frees = true;
    for (int i = 0; i < 10; i++)
        redis_sendf(seen.redis, seen_answer, &seen, "PING");
    run_until_count(loop, &seen.answers, 10);
    assert_int_equal(seen.by_status[STATUS_OK], 1);
    assert_int_equal(seen.by_status[STATUS_CANCELLED], 9);
    /* From the callback of the first of ten lost. */
    seen_connect_up(&seen, &options);
    seen.frees = true;
    redis_fixture_pause(&server);
    for (int i = 0; i < 10; i++)
        redis_sendf(seen.redis, seen_answer, &seen, "PING");
    run_turns(loop, 3);
    redis_fixture_kill(&server);
    run_until_count(loop, &seen.answers, 10);
    assert_int_equal(seen.by_status[STATUS_UNSURE], 1);
    assert_int_equal(seen.by_status[STATUS_CANCELLED], 9);
    assert_int_equal(seen.downs, 0);
    /* From the callback of one that was never sent, and of the state. */
    seen_connect(&seen, &options);
    seen.frees = true;
    redis_sendf(seen.redis, seen_answer, &seen, "PING");
    redis_sendf(seen.redis, seen_answer, &seen, "PING");
    run_until_count(loop, &seen.answers, 2);
    redis_fixture_restart(&server, "");
    seen_connect(&seen, &options);
    seen.frees = true;
    run_until_count(loop, &seen.ups, 1);
    assert_null(seen.redis);
    run_turns(loop, 3);
    redis_fixture_stop(&server);
}

#define LEVELS ((size_t)20000)
static char nested[4 * LEVELS + sizeof ":1\r\n"];

static void test_hostile(void **state)
{
    static const struct fake_answer answers[] = {
        {"TWICE", "+one\r\n+two\r\n"},
        {"NESTED", nested},
        {"WIDE", "*4294967295\r\n"},
        {"LONG", "$99999999999999999999\r\n"},
        {"NEGATIVE", "*-7\r\n"},
        {"GARBAGE", "HTTP/1.1 200 OK\r\n\r\n"},
        {"PUSH", ">3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n>1\r\n+x\r\n"},
        {"CLOSE", "close"},
        {NULL, NULL},
    };
    static const char *const commands[] = {"NESTED",  "WIDE",  "LONG", "NEGATIVE",
                                           "GARBAGE", "TWICE", "PUSH", "CLOSE"};
    struct fake_redis fake;
    struct redis_options options;
    struct seen seen;

    (void)state;
    for (size_t i = 0; i < LEVELS; i++)
        memcpy(nested + 4 * i, "*1\r\n", 4);
    memcpy(nested + 4 * LEVELS, ":1\r\n", sizeof ":1\r\n");
    fake_redis_start(&fake, answers);
    options = seen_options(fake_redis_address(&fake));
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        seen_connect_up(&seen, &options);
        redis_sendf(seen.redis, seen_answer, &seen, "%s", commands[i]);
        run_until_count(loop, &seen.downs, 1);
        assert_int_equal(seen.answers, 1);
        redis_free(&seen.redis);
    }
    fake_redis_stop(&fake);
}

/* A door that closes at once: knocked on at most once per second. */
static void test_pace(void **state)
{
    struct sockaddr_storage place;
    socklen_t len = sizeof place;
    struct redis_options options = seen_options((struct redis_address){.host = "127.0.0.1"});
    struct seen seen;
    int64_t until_mono_ms = clock_mono_ms() + 2500;
    int door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int knocks = 0, fd;

    (void)state;
    assert_int_equal(listen(door, 8), 0);
    assert_int_equal(getsockname(door, (struct sockaddr *)&place, &len), 0);
    options.address.port =
        (unsigned char)((char *)&place)[2] << 8 | (unsigned char)((char *)&place)[3];
    seen_connect(&seen, &options);
    while (clock_mono_ms() < until_mono_ms) {
        run_turns(loop, 1);
        while ((fd = accept(door, NULL, NULL)) >= 0) {
            knocks++;
            close(fd);
        }
    }
    assert_in_range(knocks, 2, 3);
    assert_int_equal(seen.ups, 0);
    redis_free(&seen.redis);
    close(door);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_down, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_killed, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_silence, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_freeing, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_hostile, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_pace, seen_setup, seen_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
