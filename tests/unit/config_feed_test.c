/*
 * config_feed_test.c - every change to the configuration is told, or that some were missed
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/config_feed.h"
#include "loop_fixture.h"
#include "redis_fixture.h"
#include "seen_fixture.h"

struct told {
    struct config_feed *feed;
    int changes;
    int flushes;
    bool frees;
    char last[256];
};

static void on_change(const struct config_change *change, void *self)
{
    struct told *told = self;

    if (change->flush) {
        told->flushes++;
    } else {
        told->changes++;
        snprintf(told->last, sizeof told->last, "%.*s %.*s %.*s %.*s", (int)change->kind.len,
                 change->kind.at, (int)change->id.len, change->id.at, (int)change->org.len,
                 change->org.at, (int)change->action.len, change->action.at);
    }
    if (told->frees)
        config_feed_free(&told->feed);
}

static void follow(struct told *told, const struct redis_fixture *server)
{
    struct redis_address address = redis_fixture_address(server);

    *told = (struct told){0};
    told->feed = config_feed_new(loop, &address, "feed", on_change, told);
    run_until_count(loop, &told->flushes, 1);
}

static void add(const struct redis_fixture *server, const char *id)
{
    redis_fixture_ask(server, "XADD mr:config * kind endpoint id %s org org_1 action changed", id);
}

static void test_changes(void **state)
{
    struct redis_fixture server;
    struct redis_options options;
    struct seen seen;
    struct told told;

    (void)state;
    redis_fixture_start(&server, "");
    add(&server, "ep_old");
    follow(&told, &server);
    options = seen_options(redis_fixture_address(&server));
    seen_connect_up(&seen, &options);
    config_announce(seen.redis, SLICE("key"), SLICE("abc"), SLICE("org_2"), "created", seen_answer,
                    &seen);
    run_until_count(loop, &told.changes, 1);
    assert_string_equal(told.last, "key abc org_2 created");
    run_until_count(loop, &seen.by_status[STATUS_OK], 1);
    for (int i = 0; i < 1200; i++)
        config_announce(seen.redis, SLICE("org"), SLICE("o"), SLICE("o"), "removed", NULL, NULL);
    run_until_count(loop, &told.changes, 1201);
    assert_int_equal(told.flushes, 1);
    /* What nobody can read is passed over. */
    redis_fixture_ask(&server, "XADD mr:config * foo bar");
    redis_fixture_ask(&server, "XADD mr:config * kind key id  org o action x");
    add(&server, "ep_2");
    run_until_count(loop, &told.changes, 1202);
    assert_string_equal(told.last, "endpoint ep_2 org_1 changed");
    assert_int_equal(told.flushes, 1);
    redis_free(&seen.redis);
    config_feed_free(&told.feed);
    redis_fixture_stop(&server);
}

static bool has_read_twice(void *self)
{
    return strstr(redis_fixture_ask(self, "INFO commandstats"), "cmdstat_xread:calls=2") != NULL;
}

static void test_from_nothing(void **state)
{
    struct redis_fixture server;
    struct told told;

    (void)state;
    redis_fixture_start(&server, "");
    follow(&told, &server);
    /* Quiet for a whole interval: nothing is missed where nothing is. */
    run_until(loop, has_read_twice, &server);
    assert_int_equal(told.flushes, 1);
    add(&server, "ep_1");
    run_until_count(loop, &told.changes, 1);
    assert_int_equal(told.flushes, 2);
    add(&server, "ep_2");
    run_until_count(loop, &told.changes, 2);
    assert_int_equal(told.flushes, 2);
    config_feed_free(&told.feed);
    redis_fixture_stop(&server);
}

static void test_goes_on_after_a_restart(void **state)
{
    static const char options[] = "--appendonly yes --appendfsync always";
    struct redis_fixture server;
    struct told told;

    (void)state;
    redis_fixture_start(&server, options);
    add(&server, "ep_1");
    follow(&told, &server);
    redis_fixture_restart(&server, options);
    add(&server, "ep_2");
    add(&server, "ep_3");
    run_until_count(loop, &told.changes, 2);
    assert_string_equal(told.last, "endpoint ep_3 org_1 changed");
    assert_int_equal(told.flushes, 1);
    config_feed_free(&told.feed);
    redis_fixture_stop(&server);
}

static void test_emptied(void **state)
{
    struct redis_fixture server;
    struct told told;

    (void)state;
    redis_fixture_start(&server, "");
    add(&server, "ep_1");
    follow(&told, &server);
    redis_fixture_restart(&server, ""); /* nothing was kept */
    run_until_count(loop, &told.flushes, 2);
    add(&server, "ep_2");
    run_until_count(loop, &told.changes, 1);
    /* Emptied under a connection that stays: noticed at the end of the quiet interval. */
    redis_fixture_ask(&server, "FLUSHALL");
    run_until_count(loop, &told.flushes, 4);
    config_feed_free(&told.feed);
    redis_fixture_stop(&server);
}

/* Entries come and go in one step, before anyone can read them. */
static void test_trimmed(void **state)
{
    static const char script[] =
        "for i = 1, 9 do redis.call('XADD', KEYS[1], '*', 'kind', 'org', 'id', i, 'org', i, "
        "'action', 'changed') end return redis.call('XTRIM', KEYS[1], 'MAXLEN', 2)";
    struct redis_fixture server;
    struct told told;

    (void)state;
    redis_fixture_start(&server, "");
    add(&server, "ep_1");
    follow(&told, &server);
    redis_fixture_ask(&server, "EVAL %s 1 mr:config", script);
    run_until_count(loop, &told.flushes, 2);
    assert_int_equal(told.changes, 2);
    add(&server, "ep_2");
    run_until_count(loop, &told.changes, 3);
    assert_int_equal(told.flushes, 2);
    config_feed_free(&told.feed);
    redis_fixture_stop(&server);
}

static void test_freed_while_telling(void **state)
{
    struct redis_fixture server;
    struct told told;

    (void)state;
    redis_fixture_start(&server, "");
    add(&server, "ep_1");
    follow(&told, &server);
    told.frees = true;
    add(&server, "ep_2");
    run_until_count(loop, &told.changes, 1);
    assert_null(told.feed);
    run_turns(loop, 3);
    redis_fixture_stop(&server);
}

/* Whatever stands under the key, the feed waits and takes up again when it is repaired. */
static void test_wrong_type(void **state)
{
    struct redis_fixture server;
    struct redis_address address;
    struct told told = {0};

    (void)state;
    redis_fixture_start(&server, "");
    redis_fixture_ask(&server, "SET mr:config x");
    address = redis_fixture_address(&server);
    told.feed = config_feed_new(loop, &address, "feed", on_change, &told);
    while (strstr(redis_fixture_ask(&server, "INFO errorstats"), "WRONGTYPE") == NULL)
        run_turns(loop, 1);
    redis_fixture_ask(&server, "DEL mr:config");
    run_until_count(loop, &told.flushes, 1);
    config_feed_free(&told.feed);
    redis_fixture_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_changes, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_from_nothing, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_goes_on_after_a_restart, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_emptied, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_trimmed, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_freed_while_telling, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_wrong_type, seen_setup, seen_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
