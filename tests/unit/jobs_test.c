/*
 * jobs_test.c - every job that is due is stepped to its end, and one that cannot be stepped holds up no other
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop_fixture.h"
#include "processor/jobs.h"
#include "stage_fixture.h"

#define HOUR_MS 3600000LL
#define SET_BACK_MS 5000
#define HASH "00000000000000000000000000000000000000000000000000000000000000aa"

struct world {
    struct stage stage;
    struct jobs *jobs;
};

static struct world *open_world(int64_t retention_ms)
{
    struct world *world = calloc(1, sizeof *world);
    log_set_fd(-1);
    stage_open(&world->stage, "", 1);
    world->jobs = jobs_new(world->stage.loop, world->stage.redis, 0, retention_ms);
    return world;
}

static void close_world(struct world *world)
{
    stage_free_store(&world->stage);
    jobs_free(&world->jobs);
    stage_close(&world->stage);
    free(world);
}

/* As job_create.lua does it, an hour ago. */
static void make_job(struct world *world, const char *id, const char *kind)
{
    long long at = clock_wall_ms() - HOUR_MS;
    redis_fixture_ask(&world->stage.server,
                      "HSET mr:{0}:job:%s id %s kind %s org org_1 state running cursor %s done 0 "
                      "skipped 0 created_at %lld endpoint %s type %s reason %s since_ms %s "
                      "until_ms %s",
                      id, id, kind, "", at, "", "", "", "", "");
    redis_fixture_ask(&world->stage.server, "ZADD mr:{0}:jobs %lld %s", at, id);
}

static const char *field_of(const struct world *world, const char *id, const char *field)
{
    return redis_fixture_ask(&world->stage.server, "HGET mr:{0}:job:%s %s", id, field);
}

static long long number(const struct world *world, const char *verb, const char *key)
{
    return strtoll(redis_fixture_ask(&world->stage.server, "%s %s", verb, key), NULL, 10);
}

struct goal {
    struct world *world;
    const char *id;
};

static bool is_done(void *self)
{
    const struct goal *goal = self;
    return strcmp(field_of(goal->world, goal->id, "state"), "done") == 0;
}

static void await_done(struct world *world, const char *id)
{
    struct goal goal = {world, id};
    run_until(world->stage.loop, is_done, &goal);
}

/* Dead letters of the last hour, without records. */
static void make_letters(struct world *world, int count)
{
    char script[512];
    snprintf(
        script, sizeof script,
        "for i = 1, %d do local id = redis.call('XADD', 'mr:{0}:dlq', '%lld-' .. i, 'event',"
        " 'e', 'endpoint', 'p', 'org', 'org_1', 'reason', 'r')"
        " redis.call('XADD', 'mr:{0}:dlq:org_1', id, 'delivery', 'dlv_' .. string.rep('0', 40))"
        " end",
        count, clock_wall_ms() - 2 * HOUR_MS);
    stage_eval(&world->stage, script);
}

static void a_job_goes_on_until_it_is_done(void **state)
{
    (void)state;
    struct world *world = open_world(HOUR_MS);
    make_letters(world, 450); /* two hundred a step */
    make_job(world, "job_1", "purge");
    jobs_start(world->jobs);
    await_done(world, "job_1");
    assert_string_equal(field_of(world, "job_1", "done"), "450");
    assert_int_equal(number(world, "XLEN", "mr:{0}:dlq"), 0);
    assert_int_equal(number(world, "XLEN", "mr:{0}:dlq:org_1"), 0);
    close_world(world);
}

/* Those that are due have their turn in each round, also when they are more than a round steps. */
static void all_that_are_due_are_stepped(void **state)
{
    char id[16];
    (void)state;
    struct world *world = open_world(HOUR_MS);
    for (int i = 0; i < 40; i++) {
        snprintf(id, sizeof id, "job_%d", i);
        make_job(world, id, "release");
    }
    jobs_start(world->jobs);
    for (int i = 0; i < 40; i++) {
        snprintf(id, sizeof id, "job_%d", i);
        await_done(world, id);
    }
    close_world(world);
}

static bool has_asked(void *self)
{
    struct world *world = self;
    return stage_calls(&world->stage, "zrange") > 0;
}

static void a_change_wakes_it(void **state)
{
    static const struct config_change made = {.kind = SLICE("job"), .id = SLICE("job_1")},
                                      other = {.kind = SLICE("key"), .id = SLICE("key_1")},
                                      flush = {.flush = true};
    (void)state;
    struct world *world = open_world(HOUR_MS);
    jobs_config_changed(world->jobs, &made); /* not started yet */
    jobs_start(world->jobs);
    run_until(world->stage.loop, has_asked, world);
    run_turns(world->stage.loop, 20);
    long long asked = stage_calls(&world->stage, "zrange");
    make_job(world, "job_1", "release");
    jobs_config_changed(world->jobs, &other);
    run_turns(world->stage.loop, 20);
    assert_int_equal(stage_calls(&world->stage, "zrange"), asked);
    int64_t began_mono_ms = clock_mono_ms();
    jobs_config_changed(world->jobs, &made);
    await_done(world, "job_1");
    make_job(world, "job_2", "release");
    jobs_config_changed(world->jobs, &flush);
    await_done(world, "job_2");
    assert_true(clock_mono_ms() - began_mono_ms < 3000); /* no sweep did it */
    close_world(world);
}

static void the_sweep_finds_what_nobody_told_of(void **state)
{
    (void)state;
    struct world *world = open_world(HOUR_MS);
    jobs_start(world->jobs);
    run_until(world->stage.loop, has_asked, world);
    run_turns(world->stage.loop, 20);
    make_job(world, "job_1", "release");
    await_done(world, "job_1");
    close_world(world);
}

static long long due_in_ms(const struct world *world, const char *id)
{
    return strtoll(redis_fixture_ask(&world->stage.server, "ZSCORE mr:{0}:jobs %s", id), NULL, 10) -
           clock_wall_ms();
}

static bool is_set_back(void *self)
{
    const struct goal *goal = self;
    return due_in_ms(goal->world, goal->id) > SET_BACK_MS / 2;
}

/* A kind of a later release, a job without a record, one whose step fails. */
static void what_cannot_be_stepped_is_set_back(void **state)
{
    static const char *const ids[] = {"job_1", "job_2", "job_3"};
    (void)state;
    struct world *world = open_world(HOUR_MS);
    make_job(world, ids[0], "of_tomorrow");
    make_job(world, ids[1], "release");
    redis_fixture_ask(&world->stage.server, "DEL mr:{0}:job:%s", ids[1]);
    make_job(world, ids[2], "purge");
    redis_fixture_ask(&world->stage.server, "SET mr:{0}:dlq x");
    make_job(world, "job_4", "release");
    jobs_start(world->jobs);
    await_done(world, "job_4");
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct goal goal = {world, ids[i]};
        run_until(world->stage.loop, is_set_back, &goal);
        assert_in_range(due_in_ms(world, ids[i]), 0, SET_BACK_MS);
    }
    redis_fixture_ask(&world->stage.server, "DEL mr:{0}:dlq");
    await_done(world, ids[2]); /* 5 s later */
    close_world(world);
}

static bool is_removed(void *self)
{
    struct world *world = self;
    return number(world, "EXISTS", "mr:{0}:job:job_1") == 0 &&
           number(world, "ZCARD", "mr:{0}:jobs") == 0;
}

static void a_finished_one_is_removed_after_its_time(void **state)
{
    (void)state;
    struct world *world = open_world(100);
    make_job(world, "job_1", "release");
    jobs_start(world->jobs);
    await_done(world, "job_1");
    run_until(world->stage.loop, is_removed, world);
    close_world(world);
}

/* What is in other slots is the processor's to delete. */
static void an_organization_is_forgotten_elsewhere_too(void **state)
{
    static const char *const gone[] = {"mr:key:" HASH, "mr:{0}:keys:org_1", "mr:{0}:rate:key_1",
                                       "mr:orgs", "mr:org:org_1"};
    (void)state;
    struct world *world = open_world(HOUR_MS);
    const struct redis_fixture *server = &world->stage.server;
    redis_fixture_ask(server, "SET mr:key:" HASH " x");
    redis_fixture_ask(server, "ZADD mr:{0}:keys:org_1 0 key_1:" HASH);
    redis_fixture_ask(server, "SET mr:{0}:rate:key_1 x");
    redis_fixture_ask(server, "ZADD mr:orgs 0 org_1");
    redis_fixture_ask(server, "SET mr:org:org_1 x");
    redis_fixture_ask(server, "SET mr:org:org_2 x");
    make_job(world, "job_1", "forget");
    jobs_start(world->jobs);
    run_until(world->stage.loop, is_removed, world);
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
        assert_int_equal(number(world, "EXISTS", gone[i]), 0);
    assert_int_equal(number(world, "EXISTS", "mr:org:org_2"), 1);
    assert_int_equal(number(world, "XLEN", "mr:config"), 1); /* the key's removal is announced */
    close_world(world);
}

static void goes_on_after_redis_was_away(void **state)
{
    (void)state;
    struct world *world = open_world(HOUR_MS);
    redis_fixture_kill(&world->stage.server);
    stage_await_down(&world->stage);
    jobs_start(world->jobs);
    run_turns(world->stage.loop, 20);
    redis_fixture_restart(&world->stage.server, "");
    make_job(world, "job_1", "release");
    await_done(world, "job_1");
    close_world(world);
}

static void a_stopped_one_steps_nothing(void **state)
{
    static const struct config_change made = {.kind = SLICE("job"), .id = SLICE("job_1")};
    (void)state;
    struct world *world = open_world(HOUR_MS);
    jobs_start(world->jobs);
    run_until(world->stage.loop, has_asked, world);
    run_turns(world->stage.loop, 20);
    jobs_stop(world->jobs);
    make_job(world, "job_1", "release");
    jobs_config_changed(world->jobs, &made);
    run_turns(world->stage.loop, 50);
    assert_string_equal(field_of(world, "job_1", "state"), "running");
    jobs_start(world->jobs);
    await_done(world, "job_1");
    close_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_goes_on_until_it_is_done),
        cmocka_unit_test(all_that_are_due_are_stepped),
        cmocka_unit_test(a_change_wakes_it),
        cmocka_unit_test(the_sweep_finds_what_nobody_told_of),
        cmocka_unit_test(what_cannot_be_stepped_is_set_back),
        cmocka_unit_test(a_finished_one_is_removed_after_its_time),
        cmocka_unit_test(an_organization_is_forgotten_elsewhere_too),
        cmocka_unit_test(goes_on_after_redis_was_away),
        cmocka_unit_test(a_stopped_one_steps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
