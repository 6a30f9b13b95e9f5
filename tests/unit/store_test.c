/*
 * store_test.c - what a store promises on each kind of Redis, and the Redis that it refuses
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "fake_redis_fixture.h"
#include "io/store.h"
#include "loop_fixture.h"
#include "redis_fixture.h"
#include "seen_fixture.h"

#define ALWAYS "--appendonly yes --appendfsync always"

static void count(void *self)
{
    ++*(int *)self;
}

static bool is_ready(void *self)
{
    return store_is_ready(self);
}

static struct store_options options_for(struct redis_address address)
{
    struct store_options options = {
        .address = address, .client_name = "test", .partitions = 4, .durability = DURABILITY_FSYNC};
    return options;
}

/* A store on this Redis, ready. */
static struct store *open_store(struct redis_address address)
{
    struct store_options options = options_for(address);
    struct store *store = store_new(loop, &options);

    run_until(loop, is_ready, store);
    assert_string_equal(store_why_not(store), "");
    return store;
}

static void assert_promise(const char *server_options, enum durability durability, bool waits)
{
    struct redis_fixture server;
    struct store *store;

    redis_fixture_start(&server, server_options);
    store = open_store(redis_fixture_address(&server));
    assert_int_equal(store_durability(store), durability);
    assert_int_equal(store_needs_waitaof(store), waits);
    store_free(&store);
    redis_fixture_stop(&server);
}

static void test_promises(void **state)
{
    (void)state;
    assert_promise(ALWAYS, DURABILITY_FSYNC, false);
    assert_promise(ALWAYS " --no-appendfsync-on-rewrite yes", DURABILITY_RELAXED, false);
    assert_promise("--appendonly no --appendfsync always", DURABILITY_RELAXED, false);
    assert_promise("--appendonly yes --appendfsync no", DURABILITY_RELAXED, false);
    assert_promise(ALWAYS " --maxmemory-policy allkeys-lru", DURABILITY_FSYNC, false);
}

#define INFO(version, more)                                                                        \
    "# Server\r\nredis_version:" version "\r\nrole:master\r\nmaxmemory_policy:noeviction\r\n" more
#define CONFIG(fsync)                                                                              \
    "*6\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n$11\r\nappendfsync\r\n+" fsync                        \
    "\r\n$25\r\nno-appendfsync-on-rewrite\r\n$2\r\nno\r\n"
#define META                                                                                       \
    {                                                                                              \
        "HMGET MR:META", "*2\r\n$1\r\n4\r\n$1\r\n1\r\n"                                            \
    }

/* In wire form; the text must stay below a hundred bytes and above nine. */
static char info_wire[160];

static const char *as_bulk(const char *text)
{
    snprintf(info_wire, sizeof info_wire, "$%zu\r\n%s\r\n", strlen(text), text);
    return info_wire;
}

static void assert_fake_promise(const char *info, const char *config, enum durability durability,
                                bool waits)
{
    const struct fake_answer answers[] = {
        {"INFO", as_bulk(info)}, {"CONFIG GET", config}, META, {NULL, NULL}};
    struct fake_redis fake;
    struct store *store;

    fake_redis_start(&fake, answers);
    store = open_store(fake_redis_address(&fake));
    assert_int_equal(store_durability(store), durability);
    assert_int_equal(store_needs_waitaof(store), waits);
    store_free(&store);
    fake_redis_stop(&fake);
}

static void test_promises_by_version(void **state)
{
    static const char denied[] = "-NOPERM this user has no permissions to run config|get\r\n";

    (void)state;
    assert_fake_promise(INFO("7.0.15", ""), CONFIG("everysec"), DURABILITY_RELAXED, false);
    assert_fake_promise(INFO("7.2.0", ""), CONFIG("everysec"), DURABILITY_FSYNC, true);
    assert_fake_promise(INFO("8.10.1", ""), CONFIG("everysec"), DURABILITY_FSYNC, true);
    assert_fake_promise(INFO("7.2.0", ""), CONFIG("always"), DURABILITY_FSYNC, false);
    assert_fake_promise(INFO("7.2.0", ""), CONFIG("no"), DURABILITY_RELAXED, false);
    assert_fake_promise(INFO("7.2.0", ""), denied, DURABILITY_RELAXED, false);
    assert_fake_promise(INFO("7.2.0", ""), "*0\r\n", DURABILITY_RELAXED, false);
}

static void test_ready(void **state)
{
    struct redis_fixture server;
    struct store *store;
    struct store_options options;
    int called = 0;

    (void)state;
    redis_fixture_start(&server, ALWAYS);
    redis_fixture_kill(&server);
    options = options_for(redis_fixture_address(&server));
    store = store_new(loop, &options);
    store_on_ready(store, count, &called);
    run_turns(loop, 20);
    assert_false(store_is_ready(store));
    assert_string_not_equal(store_why_not(store), "");
    redis_fixture_restart(&server, ALWAYS);
    run_until_count(loop, &called, 1);
    assert_true(store_is_ready(store));
    assert_int_equal(store_partitions(store), 4);
    assert_int_equal(store_address(store)->port, server.port);
    assert_string_equal(redis_fixture_ask(&server, "HGET mr:meta partitions"), "4");
    assert_string_equal(redis_fixture_ask(&server, "HGET mr:meta format"), "1");
    store_on_ready(store, count, &called);
    assert_int_equal(called, 1);
    run_until_count(loop, &called, 2);
    /* Down and up again: not told a second time. */
    redis_fixture_restart(&server, ALWAYS);
    while (store_is_ready(store))
        run_turns(loop, 1);
    run_until(loop, is_ready, store);
    run_turns(loop, 5);
    assert_int_equal(called, 2);
    store_free(&store);
    redis_fixture_stop(&server);
}

static void test_replica(void **state)
{
    struct redis_fixture server;
    struct store_options options;
    struct store *store;

    (void)state;
    redis_fixture_start(&server, ALWAYS);
    redis_fixture_ask(&server, "REPLICAOF 127.0.0.1 1");
    options = options_for(redis_fixture_address(&server));
    store = store_new(loop, &options);
    while (strstr(store_why_not(store), "replica") == NULL)
        run_turns(loop, 1);
    assert_false(store_is_ready(store));
    redis_fixture_ask(&server, "REPLICAOF NO ONE");
    run_until(loop, is_ready, store);
    store_free(&store);
    redis_fixture_stop(&server);
}

static bool is_relaxed(void *self)
{
    return store_is_ready(self) && store_durability(self) == DURABILITY_RELAXED;
}

static bool is_fsync(void *self)
{
    return store_is_ready(self) && store_durability(self) == DURABILITY_FSYNC;
}

static void test_changed_while_running(void **state)
{
    struct redis_fixture server;
    struct store *store;

    (void)state;
    redis_fixture_start(&server, ALWAYS);
    store = open_store(redis_fixture_address(&server));
    assert_int_equal(store_durability(store), DURABILITY_FSYNC);
    redis_fixture_ask(&server, "CONFIG SET appendfsync no");
    redis_fixture_ask(&server, "CLIENT KILL TYPE normal");
    run_until(loop, is_relaxed, store);
    redis_fixture_ask(&server, "DEL mr:meta");
    redis_fixture_ask(&server, "CLIENT KILL TYPE normal");
    while (strcmp(redis_fixture_ask(&server, "HGET mr:meta partitions"), "4") != 0)
        run_turns(loop, 1);
    store_free(&store);
    redis_fixture_stop(&server);
}

/* How often Redis was asked for its settings. */
static long checks_of(const struct redis_fixture *server)
{
    static const char name[] = "cmdstat_config|get:calls=";
    const char *at = strstr(redis_fixture_ask(server, "INFO commandstats"), name);

    assert_non_null(at);
    return strtol(at + strlen(name), NULL, 10);
}

/* What is promised is not known from the loss of a connection, this one or another, until Redis was asked since. */
static void test_doubts(void **state)
{
    struct redis_fixture server;
    struct store *store;
    bool is_never_fsync;
    int64_t start_mono_ms;
    long asked;

    (void)state;
    redis_fixture_start(&server, ALWAYS);
    store = open_store(redis_fixture_address(&server));
    redis_fixture_pause(&server);
    store_doubt(store);
    run_turns(loop, 20);
    assert_true(is_relaxed(store));
    redis_fixture_resume(&server);
    run_until(loop, is_fsync, store);
    asked = checks_of(&server);
    redis_fixture_pause(&server);
    store_doubt(store);
    run_turns(loop, 20); /* asked */
    store_doubt(store);  /* that answer may be of before */
    redis_fixture_resume(&server);
    start_mono_ms = clock_mono_ms();
    run_until(loop, is_fsync, store);
    assert_int_equal(checks_of(&server), asked + 2);
    assert_true(clock_mono_ms() - start_mono_ms < 3000); /* not in its own time */
    redis_fixture_kill(&server);
    while (store_is_ready(store))
        run_turns(loop, 1);
    assert_int_equal(store_durability(store), DURABILITY_RELAXED);
    redis_fixture_restart(&server, "--appendonly yes --appendfsync no");
    for (is_never_fsync = true; !store_is_ready(store);) {
        is_never_fsync = is_never_fsync && store_durability(store) == DURABILITY_RELAXED;
        run_turns(loop, 1);
    }
    assert_true(is_never_fsync && is_relaxed(store));
    store_free(&store);
    redis_fixture_stop(&server);
}

/* Nothing is lost, and nobody tells: found out by asking. */
static void test_changed_in_silence(void **state)
{
    struct redis_fixture server;
    struct store *store;

    (void)state;
    redis_fixture_start(&server, ALWAYS);
    store = open_store(redis_fixture_address(&server));
    redis_fixture_ask(&server, "CONFIG SET appendonly no");
    run_until(loop, is_relaxed, store);
    redis_fixture_ask(&server, "CONFIG SET appendonly yes");
    run_until(loop, is_fsync, store);
    store_free(&store);
    redis_fixture_stop(&server);
}

/* Full, but for new data only: what is there can still be worked off. */
static void test_full(void **state)
{
    struct redis_fixture server;
    struct store *store;

    (void)state;
    redis_fixture_start(&server, ALWAYS);
    store = open_store(redis_fixture_address(&server));
    store_free(&store);
    redis_fixture_ask(&server, "CONFIG SET maxmemory 1");
    store = open_store(redis_fixture_address(&server));
    store_free(&store);
    redis_fixture_stop(&server);
}

/* Runs a store in a process of its own, which must end with EX_CONFIG and a line that has the words. */
static void assert_refused(const struct store_options *options, const char *const *words)
{
    char text[4096] = {0};
    size_t len = 0;
    ssize_t got;
    int ends[2], status;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct loop *own = loop_new();
        struct store *store;
        alarm(20);
        log_set_fd(ends[1]);
        store = store_new(own, options);
        loop_run(own);
        store_free(&store);
        _exit(0);
    }
    close(ends[1]);
    while ((got = read(ends[0], text + len, sizeof text - 1 - len)) > 0)
        len += (size_t)got;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != EX_CONFIG)
        fail_msg("status %d: %s", status, text);
    for (; *words != NULL; words++)
        if (strstr(text, *words) == NULL)
            fail_msg("no '%s' in: %s", *words, text);
}

static void test_refused(void **state)
{
    struct redis_fixture server;
    struct store_options options;
    struct store *store;

    (void)state;
    redis_fixture_start(&server, ALWAYS);
    store = open_store(redis_fixture_address(&server));
    store_free(&store);
    options = options_for(redis_fixture_address(&server));
    options.partitions = 16;
    assert_refused(&options, (const char *[]){"store.refused", " 4 partitions", " 16 ", NULL});
    redis_fixture_ask(&server, "HSET mr:meta format 2");
    options.partitions = 4;
    assert_refused(&options, (const char *[]){"format 2", "format 1", NULL});
    redis_fixture_ask(&server, "HSET mr:meta format 1");
    options.is_production = true;
    redis_fixture_ask(&server, "CONFIG SET appendfsync no");
    assert_refused(&options, (const char *[]){"durability fsync", "appendfsync always", NULL});
    redis_fixture_ask(&server, "CONFIG SET appendfsync always maxmemory-policy volatile-ttl");
    assert_refused(&options, (const char *[]){"volatile-ttl", "noeviction", NULL});
    redis_fixture_stop(&server);
}

static void test_too_old(void **state)
{
    const struct fake_answer answers[] = {{"INFO", as_bulk(INFO("6.2.14", ""))},
                                          {"SCRIPT LOAD", "-ERR Error compiling script\r\n"},
                                          {"CONFIG GET", "-ERR wrong number of arguments\r\n"},
                                          {NULL, NULL}};
    struct store_options options;
    struct fake_redis fake;

    (void)state;
    fake_redis_start(&fake, answers);
    options = options_for(fake_redis_address(&fake));
    assert_refused(&options, (const char *[]){"6.2", "7.0", NULL});
    fake_redis_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_promises, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_promises_by_version, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_ready, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_replica, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_changed_while_running, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_doubts, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_changed_in_silence, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_full, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_refused, seen_setup, seen_teardown),
        cmocka_unit_test_setup_teardown(test_too_old, seen_setup, seen_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
