/*
 * redis_test.c - the connection against a real Redis: answers, refusals, ways to reach it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_redis_fixture.h"
#include "loop_fixture.h"
#include "redis_fixture.h"
#include "seen_fixture.h"

static void test_pipeline(void **state)
{
    struct redis_fixture server;
    struct seen seen;
    struct redis_options options;

    (void)state;
    redis_fixture_start(&server, "");
    options = seen_options(redis_fixture_address(&server));
    seen_connect_up(&seen, &options);
    for (int i = 0; i < 3000; i++)
        redis_sendf(seen.redis, seen_answer, &seen, "INCR n");
    assert_int_equal(seen.answers, 0);
    run_until_count(loop, &seen.answers, 3000);
    assert_true(seen.is_in_order);
    assert_int_equal(seen.by_status[STATUS_OK], 3000);
    redis_free(&seen.redis);
    redis_fixture_stop(&server);
}

/* Larger than the buffers of the socket, both ways. */
static void test_large(void **state)
{
    struct redis_fixture server;
    struct redis_options options;
    struct redis_command command;
    struct seen seen;
    size_t size = (size_t)24 << 20;
    char *bytes = malloc(size);

    (void)state;
    memset(bytes, 'x', size);
    redis_fixture_start(&server, "");
    options = seen_options(redis_fixture_address(&server));
    seen_connect_up(&seen, &options);
    redis_command_init(&command);
    redis_command_start(&command);
    redis_command_text(&command, "SET");
    redis_command_text(&command, "big");
    redis_command_arg(&command, (struct slice){.at = bytes, .len = size});
    redis_send(seen.redis, &command, seen_answer, &seen);
    redis_command_start(&command); /* taken: it can be used again at once */
    redis_command_text(&command, "STRLEN");
    redis_command_text(&command, "big");
    redis_send(seen.redis, &command, seen_answer, &seen);
    run_until_count(loop, &seen.answers, 2);
    assert_int_equal(seen.last_int, (int64_t)size);
    redis_sendf(seen.redis, seen_answer, &seen, "GET big");
    run_until_count(loop, &seen.answers, 3);
    assert_int_equal(seen.by_status[STATUS_OK], 3);
    redis_command_start(&command);
    for (int i = 0; i < 3; i++)
        redis_command_arg(&command, (struct slice){.at = bytes, .len = size});
    redis_send(seen.redis, &command, seen_answer, &seen);
    assert_int_equal(seen.answers, 3);
    run_until_count(loop, &seen.by_status[STATUS_LIMIT], 1);
    redis_command_fini(&command);
    redis_free(&seen.redis);
    redis_fixture_stop(&server);
    free(bytes);
}

static void ask(struct seen *seen, const char *command, enum status status, const char *kind)
{
    int before = seen->answers;

    redis_sendf(seen->redis, seen_answer, seen, "%s %s %s", command, "key", "value");
    run_until_count(loop, &seen->answers, before + 1);
    if (seen->by_status[status] != 1)
        fail_msg("%s: not %s: %s", command, status_name(status), seen->last_text);
    seen->by_status[status] = 0;
    assert_string_equal(redis_error_kinds[seen->last_kind], kind);
}

static void test_refusals(void **state)
{
    struct redis_fixture server;
    struct redis_options options;
    struct seen seen;

    (void)state;
    redis_fixture_start(&server, "");
    options = seen_options(redis_fixture_address(&server));
    seen_connect_up(&seen, &options);
    redis_fixture_ask(&server, "CONFIG SET maxmemory 1");
    ask(&seen, "SET", STATUS_DOWN, "oom");
    redis_fixture_ask(&server, "CONFIG SET maxmemory 0");
    redis_fixture_ask(&server, "RPUSH key x");
    ask(&seen, "INCRBY", STATUS_FAILED, "other");
    redis_fixture_ask(&server, "CONFIG SET min-replicas-to-write 1");
    ask(&seen, "SET", STATUS_DOWN, "noreplicas");
    redis_fixture_ask(&server, "CONFIG SET min-replicas-to-write 0");
    redis_fixture_ask(&server, "REPLICAOF 127.0.0.1 1");
    ask(&seen, "SET", STATUS_DOWN, "readonly");
    redis_fixture_ask(&server, "CONFIG SET replica-serve-stale-data no");
    ask(&seen, "HGET", STATUS_DOWN, "masterdown");
    redis_fixture_ask(&server, "REPLICAOF NO ONE");
    redis_fixture_ask(&server, "ACL SETUSER default -append");
    ask(&seen, "APPEND", STATUS_DENIED, "noperm");
    assert_int_equal(seen.downs, 0);
    redis_free(&seen.redis);
    redis_fixture_stop(&server);
}

static void test_every_refusal(void **state)
{
    static const struct fake_answer answers[] = {
        {"LOADING", "-LOADING wait\r\n"},
        {"BUSYGROUP", "-BUSYGROUP exists\r\n"},
        {"BUSY", "-BUSY script\r\n"},
        {"MISCONF", "-MISCONF disk\r\n"},
        {"CLUSTERDOWN", "-CLUSTERDOWN\r\n"},
        {"TRYAGAIN", "-TRYAGAIN x\r\n"},
        {"UNBLOCKED", "-UNBLOCKED x\r\n"},
        {"NOSCRIPT", "-NOSCRIPT x\r\n"},
        {"NOAUTH", "-NOAUTH x\r\n"},
        {"WRONGPASS", "-WRONGPASS x\r\n"},
        {"LOST", "-LOST x\r\n"},
        {"EMPTY", "-\r\n"},
        {NULL, NULL},
    };
    struct fake_redis fake;
    struct redis_options options;
    struct seen seen;

    (void)state;
    fake_redis_start(&fake, answers);
    options = seen_options(fake_redis_address(&fake));
    seen_connect_up(&seen, &options);
    ask(&seen, "LOADING", STATUS_DOWN, "loading");
    ask(&seen, "BUSY", STATUS_DOWN, "busy");
    ask(&seen, "BUSYGROUP", STATUS_FAILED, "other");
    ask(&seen, "MISCONF", STATUS_DOWN, "misconf");
    ask(&seen, "CLUSTERDOWN", STATUS_DOWN, "clusterdown");
    ask(&seen, "TRYAGAIN", STATUS_DOWN, "tryagain");
    ask(&seen, "UNBLOCKED", STATUS_DOWN, "unblocked");
    ask(&seen, "NOSCRIPT", STATUS_DOWN, "noscript");
    ask(&seen, "NOAUTH", STATUS_DENIED, "noauth");
    ask(&seen, "WRONGPASS", STATUS_DENIED, "wrongpass");
    ask(&seen, "LOST", STATUS_FAILED, "lost");
    ask(&seen, "EMPTY", STATUS_FAILED, "other");
    redis_free(&seen.redis);
    fake_redis_stop(&fake);
}

static void test_password(void **state)
{
    struct redis_fixture server;
    struct redis_options options;
    struct seen seen;

    (void)state;
    redis_fixture_start(&server, "--requirepass right");
    options = seen_options(redis_fixture_address(&server));
    seen_connect(&seen, &options);
    seen_wait_for_failure(&seen);
    assert_non_null(strstr(redis_last_error(seen.redis), "NOAUTH"));
    redis_free(&seen.redis);
    snprintf(options.address.password, sizeof options.address.password, "hunter2");
    seen_connect(&seen, &options);
    seen_wait_for_failure(&seen);
    assert_non_null(strstr(redis_last_error(seen.redis), "WRONGPASS"));
    assert_null(strstr(redis_last_error(seen.redis), "hunter2"));
    assert_int_equal(seen.ups, 0);
    redis_fixture_restart(&server, "--requirepass hunter2"); /* repaired on the other side */
    run_until_count(loop, &seen.ups, 1);
    redis_free(&seen.redis);
    snprintf(options.address.user, sizeof options.address.user, "default");
    options.address.db = 5;
    seen_connect_up(&seen, &options);
    redis_sendf(seen.redis, seen_answer, &seen, "CLIENT INFO");
    run_until_count(loop, &seen.answers, 1);
    assert_non_null(strstr(seen.last_text, " db=5 "));
    assert_non_null(strstr(seen.last_text, " name=test "));
    redis_free(&seen.redis);
    redis_fixture_stop(&server);
}

static void test_unix(void **state)
{
    struct redis_fixture server;
    struct redis_options options = seen_options((struct redis_address){0});
    struct seen seen;

    (void)state;
    redis_fixture_start(&server, "--unixsocket redis.sock");
    snprintf(options.address.host, sizeof options.address.host, "%s/absent", server.directory);
    seen_connect(&seen, &options);
    seen_wait_for_failure(&seen);
    assert_non_null(strstr(redis_last_error(seen.redis), "No such file"));
    redis_free(&seen.redis);
    snprintf(options.address.host, sizeof options.address.host, "%s/redis.sock", server.directory);
    seen_connect_up(&seen, &options);
    redis_sendf(seen.redis, seen_answer, &seen, "INCR n");
    run_until_count(loop, &seen.by_status[STATUS_OK], 1);
    redis_free(&seen.redis);
    redis_fixture_stop(&server);
}

static void test_accessors(void **state)
{
    struct slice slices[2];
    struct redis_fixture server;
    struct redis_options options;
    struct seen seen;

    (void)state;
    assert_int_equal(redis_reply_type(NULL), REDIS_NIL);
    assert_int_equal(redis_reply_text(NULL).len, 0);
    assert_int_equal(redis_reply_int(NULL), 0);
    assert_int_equal(redis_reply_count(NULL), 0);
    assert_null(redis_reply_at(NULL, 0));
    assert_int_equal(redis_reply_slices(NULL, slices, 2), 0);
    redis_fixture_start(&server, "");
    options = seen_options(redis_fixture_address(&server));
    seen_connect_up(&seen, &options);
    static const struct {
        const char *text;
        int64_t number;
    } cases[] = {{"-5", -5},
                 {"9223372036854775807", INT64_MAX},
                 {"9223372036854775808", 0},
                 {"-", 0},
                 {"", 0},
                 {"1x", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        redis_sendf(seen.redis, seen_answer, &seen, "ECHO %s", cases[i].text);
        run_until_count(loop, &seen.answers, (int)i + 1);
        assert_int_equal(seen.last_int, cases[i].number);
    }
    redis_free(&seen.redis);
    redis_fixture_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pipeline, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_large, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_refusals, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_every_refusal, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_password, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_unix, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_accessors, seen_setup, seen_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
