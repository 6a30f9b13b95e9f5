/*
 * retention_test.c - what is old goes, and nothing that anyone still needs
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "io/service_private.h"
#include "loop_fixture.h"
#include "model/keys.h"
#include "processor/metrics.h"
#include "processor/retention.h"
#include "stage_fixture.h"

#define RETENTION_MS 1000
#define HOUR_MS 3600000LL

struct world {
    struct stage stage;
    struct retention *retention;
    long long old_ms; /* entries <old_ms>-0, -1, … */
};

static struct world *open_world_with(const char *options, int64_t age_ms, int64_t bytes_max)
{
    struct retention_options retention = {.age_ms = age_ms, .bytes_max = bytes_max};
    struct world *world = calloc(1, sizeof *world);
    stage_open(&world->stage, options, 1);
    world->retention = retention_new(world->stage.loop, world->stage.redis, 0, &retention);
    world->old_ms = clock_wall_ms() - HOUR_MS;
    redis_fixture_ask(&world->stage.server, "XGROUP CREATE mr:{0}:events processor 0 MKSTREAM");
    return world;
}

static struct world *open_world(const char *options)
{
    return open_world_with(options, RETENTION_MS, 0);
}

static void close_world(struct world *world)
{
    stage_free_store(&world->stage);
    retention_free(&world->retention);
    stage_close(&world->stage);
    free(world);
}

/* So many old events with their records, all of them processed. */
static void log_old_from(struct world *world, int from, int count, int data_len)
{
    char script[512];
    snprintf(script, sizeof script,
             "for i = %d, %d do redis.call('XADD', 'mr:{0}:events', '%lld-' .. i,"
             " 'data', string.rep('x', %d)) end"
             " local e = redis.call('XREADGROUP', 'GROUP', 'processor', 'p', 'STREAMS',"
             " 'mr:{0}:events', '>')[1][2]"
             " for i = 1, #e do redis.call('XACK', 'mr:{0}:events', 'processor', e[i][1]) end",
             from, from + count - 1, world->old_ms, data_len);
    stage_eval(&world->stage, script);
    for (int i = from; i < from + count; i++) {
        char id[EVENT_ID_LEN + 1];
        event_id_format((struct event_id){{(uint64_t)world->old_ms, (uint64_t)i}, 0}, id);
        redis_fixture_ask(&world->stage.server, "HSET mr:{0}:event:%s ep_1 delivered", id);
    }
}

static void log_old(struct world *world, int count, int data_len)
{
    log_old_from(world, 0, count, data_len);
}

static void set_record(struct world *world, int index, const char *state)
{
    char id[EVENT_ID_LEN + 1];
    event_id_format((struct event_id){{(uint64_t)world->old_ms, (uint64_t)index}, 0}, id);
    redis_fixture_ask(&world->stage.server, "HSET mr:{0}:event:%s ep_2 %s", id, state);
}

static long long events(const struct world *world)
{
    return stage_number(&world->stage, "return redis.call('XLEN', 'mr:{0}:events')");
}

static long long records(const struct world *world)
{
    return stage_number(&world->stage, "return #redis.call('KEYS', 'mr:{0}:event:*')");
}

static long long first(const struct world *world)
{
    return stage_number(&world->stage,
                        "return redis.call('XRANGE', 'mr:{0}:events', '-', '+', 'COUNT',"
                        " 1)[1][1]:match('-(%d+)')");
}

/* A step of the script was made and it is at rest again. */
struct rest {
    struct world *world;
    long long calls;
    int64_t since_mono_ms;
};

static bool is_resting(void *self)
{
    struct rest *rest = self;
    long long trims = stage_calls(&rest->world->stage, "xtrim");
    long long calls = trims + stage_calls(&rest->world->stage, "evalsha");
    if (calls != rest->calls) {
        rest->calls = calls;
        rest->since_mono_ms = clock_mono_ms();
    }
    return trims > 0 && clock_mono_ms() - rest->since_mono_ms > 200;
}

static void run(struct world *world)
{
    struct rest rest = {.world = world};
    retention_start(world->retention);
    run_until(world->stage.loop, is_resting, &rest);
}

static void old_events_go_with_their_records(void **state)
{
    (void)state;
    struct world *world = open_world("");
    log_old(world, 350, 10);
    char script[128];
    snprintf(script, sizeof script, "return redis.call('XADD', 'mr:{0}:events', '%lld-0', 'n', 1)",
             world->old_ms + 2 * HOUR_MS);
    stage_eval(&world->stage, script);
    stage_eval(&world->stage, "local e = redis.call('XREADGROUP', 'GROUP', 'processor', 'p',"
                              " 'STREAMS', 'mr:{0}:events', '>')[1][2]"
                              " redis.call('XACK', 'mr:{0}:events', 'processor', e[1][1])");
    run(world);
    assert_int_equal(events(world), 1); /* it is not old yet */
    assert_int_equal(records(world), 0);
    assert_true(stage_calls(&world->stage, "evalsha") < 12);
    close_world(world);
}

/* What waits for weeks keeps itself, and nothing of anybody else. */
static void passes_over_what_waits(void **state)
{
    (void)state;
    struct world *world = open_world("");
    log_old(world, 330, 10);
    set_record(world, 0, "pending 0");
    set_record(world, 212, "pending 2 503 1700000000000 ");
    run(world);
    assert_int_equal(events(world), 3); /* and the last that was read, for the lag's sake */
    assert_int_equal(first(world), 0);
    assert_int_equal(records(world), 3);
    assert_int_equal(stage_number(&world->stage, "return redis.call('XINFO', 'GROUPS',"
                                                 " 'mr:{0}:events')[1][12] or -1"),
                     0);
    close_world(world);
}

/* So many more that are old, unread. */
static void log_unread(struct world *world, int from, int to)
{
    char script[256];
    snprintf(script, sizeof script,
             "for i = %d, %d do redis.call('XADD', 'mr:{0}:events', '%lld-' .. i, 'n', i) end",
             from, to, world->old_ms);
    stage_eval(&world->stage, script);
}

static long long bytes(const struct world *world)
{
    return stage_number(&world->stage, "return redis.call('MEMORY', 'USAGE', 'mr:{0}:events')");
}

/* Young as they are; what is needed stays, and no more goes than has to. */
static void the_oldest_go_when_there_are_too_many_bytes(void **state)
{
    (void)state;
    struct world *world = open_world_with("", 100 * HOUR_MS, 800 * 1000);
    log_old(world, 800, 2000);
    set_record(world, 3, "pending 0");
    log_unread(world, 800, 809);
    assert_true(bytes(world) > 1600 * 1000);
    run(world);
    assert_true(bytes(world) <= 800 * 1000);
    assert_true(events(world) > 200);
    assert_int_equal(first(world), 3);
    close_world(world);
}

static void unread_events_stay_whatever_their_bytes(void **state)
{
    (void)state;
    struct world *world = open_world_with("", 100 * HOUR_MS, 1000);
    log_old(world, 5, 2000);
    log_unread(world, 5, 300);
    run(world);
    assert_int_equal(first(world), 5);
    assert_int_equal(events(world), 296);
    close_world(world);
}

static void passes_over_what_is_pending(void **state)
{
    (void)state;
    struct world *world = open_world("");
    log_old(world, 15, 10);
    log_unread(world, 15, 29);
    stage_eval(&world->stage,
               "local function read(count) return redis.call('XREADGROUP', 'GROUP', 'processor',"
               " 'p', 'COUNT', count, 'STREAMS', 'mr:{0}:events', '>')[1][2] end"
               " read(5) for _, e in ipairs(read(10)) do"
               " redis.call('XACK', 'mr:{0}:events', 'processor', e[1]) end");
    run(world);
    assert_int_equal(first(world), 15);
    assert_int_equal(events(world), 6);
    close_world(world);
}

static void stops_at_what_is_unread(void **state)
{
    (void)state;
    struct world *world = open_world("");
    log_old(world, 15, 10);
    log_unread(world, 15, 29);
    run(world);
    assert_int_equal(first(world), 15);
    assert_int_equal(events(world), 15);
    close_world(world);
}

/* More than a connection takes as one answer: none of it comes over the wire. */
static void large_events_go_in_small_steps(void **state)
{
    (void)state;
    struct world *world = open_world("");
    for (int at = 0; at < 90; at += 30)
        log_old_from(world, at, 30, 1000000);
    run(world);
    assert_int_equal(events(world), 0);
    assert_int_equal(records(world), 0);
    assert_true(stage_calls(&world->stage, "evalsha") >= 45); /* a mebibyte each, about */
    assert_true(redis_is_up(world->stage.redis));
    close_world(world);
}

static long long length(const struct world *world, const char *key)
{
    char script[128];
    snprintf(script, sizeof script, "return redis.call('XLEN', 'mr:{0}:%s')", key);
    return stage_number(&world->stage, script);
}

/* Of attempts whole nodes of a hundred: a part of one may stay for a while. */
static void attempts_and_dead_letters_go_by_age(void **state)
{
    char script[512];
    (void)state;
    struct world *world = open_world("");
    snprintf(script, sizeof script,
             "for i = 1, 5000 do redis.call('XADD', 'mr:{0}:attempts', '%lld-' .. i, 'n', i)"
             " redis.call('XADD', 'mr:{0}:dlq', '%lld-' .. i, 'n', i) end"
             " for i = 1, 150 do redis.call('XADD', 'mr:{0}:attempts', '%lld-' .. i, 'n', i)"
             " redis.call('XADD', 'mr:{0}:dlq', '%lld-' .. i, 'n', i) end",
             world->old_ms, world->old_ms, world->old_ms + 2 * HOUR_MS,
             world->old_ms + 2 * HOUR_MS);
    stage_eval(&world->stage, script);
    run(world);
    assert_in_range(length(world, "attempts"), 150, 250);
    assert_int_equal(length(world, "dlq"), 150);
    close_world(world);
}

static bool is_empty(void *self)
{
    return events(self) == 0;
}

static void waits_for_a_redis_that_is_down(void **state)
{
    (void)state;
    struct world *world = open_world(STAGE_DURABLE);
    log_old(world, 20, 10);
    retention_start(world->retention);
    retention_stop(world->retention);
    run_turns(world->stage.loop, 1500);
    assert_int_equal(events(world), 20);
    redis_fixture_kill(&world->stage.server);
    stage_await_down(&world->stage);
    retention_start(world->retention);
    redis_fixture_restart(&world->stage.server, STAGE_DURABLE);
    stage_await_up(&world->stage);
    retention_start(world->retention); /* once a minute is too long for a test */
    run_until(world->stage.loop, is_empty, world);
    close_world(world);
}

int main(void)
{
    static const struct service_definition definition = {.name = "processor",
                                                         .metrics = processor_metrics,
                                                         .metrics_count = PROCESSOR_METRICS_COUNT};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_events_go_with_their_records),
        cmocka_unit_test(passes_over_what_waits),
        cmocka_unit_test(the_oldest_go_when_there_are_too_many_bytes),
        cmocka_unit_test(unread_events_stay_whatever_their_bytes),
        cmocka_unit_test(passes_over_what_is_pending),
        cmocka_unit_test(stops_at_what_is_unread),
        cmocka_unit_test(large_events_go_in_small_steps),
        cmocka_unit_test(attempts_and_dead_letters_go_by_age),
        cmocka_unit_test(waits_for_a_redis_that_is_down),
    };
    service_metrics_start(&definition, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
