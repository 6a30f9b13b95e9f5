/*
 * due_test.c - waiting deliveries become ready at their time, and not by asking often
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
#include "fake_redis_fixture.h"
#include "io/due.h"
#include "loop_fixture.h"
#include "stage_fixture.h"

struct world {
    struct stage stage;
    struct due *due;
};

static struct world *open_world(const char *options)
{
    struct world *world = calloc(1, sizeof *world);
    stage_open(&world->stage, options, 1);
    world->due = due_new(world->stage.loop, world->stage.redis, 0);
    return world;
}

static void close_world(struct world *world)
{
    stage_free_store(&world->stage);
    due_free(&world->due);
    stage_close(&world->stage);
    free(world);
}

#define ENDPOINT "00000000000000000001"

/* So many deliveries become due so many ms from Redis's now. Returns that time, which is in the
 * names of their organizations too. */
static int64_t put(struct world *world, int count, int64_t in_ms)
{
    char script[1024];
    snprintf(script, sizeof script,
             "local t = redis.call('TIME')"
             " local at = string.format('%%.0f', t[1] * 1000 + math.floor(t[2] / 1000) + %lld)"
             " for i = 1, %d do local event = at .. string.format('%%07d', i)"
             "  redis.call('HSET', 'mr:{0}:event:evt_' .. event, 'ep_" ENDPOINT "',"
             "   'waiting backoff ' .. at .. ' 2 0 org_' .. at .. ' - - 1 503 1 1-1')"
             "  redis.call('ZADD', 'mr:{0}:due', at, 'dlv_' .. event .. '" ENDPOINT "')"
             " end return at",
             (long long)in_ms, count);
    return stage_number(&world->stage, script);
}

static long long ready(const struct world *world)
{
    return stage_number(&world->stage, "return redis.call('XLEN', 'mr:{0}:deliveries')");
}

static bool is_promoted(void *self)
{
    const struct world *world = self;
    return ready(world) > 0;
}

static void hint(struct world *world, int64_t at_ms)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)at_ms);
    due_hint(world->due, slice_of(text));
}

/* When the last one became ready, after it was due. */
static long long late_ms(const struct world *world)
{
    return stage_number(
        &world->stage,
        "local e = redis.call('XREVRANGE', 'mr:{0}:deliveries', '+', '-', 'COUNT', 1)[1]"
        " return tonumber(e[1]:match('%d+')) - tonumber(e[2][2]:match('org_(%d+)'))");
}

static void promotes_at_the_time(void **state)
{
    (void)state;
    struct world *world = open_world("");
    put(world, 1, 300);
    due_start(world->due); /* finds the time at once */
    run_until(world->stage.loop, is_promoted, world);
    assert_int_equal(ready(world), 1);
    assert_in_range(late_ms(world), 0, 50);
    assert_true(stage_calls(&world->stage, "evalsha") <= 4);
    close_world(world);
}

static bool has_two_orphans(void *self)
{
    const struct world *world = self;
    return due_orphans(world->due) == 2;
}

static void members_without_a_delivery_are_counted(void **state)
{
    (void)state;
    struct world *world = open_world("");
    put(world, 1, 0);
    stage_eval(&world->stage, "redis.call('ZADD', 'mr:{0}:due', 1, 'dlv_gone', 2, 'dlv_lost')"
                              " return ''");
    log_set_fd(-1);
    due_start(world->due);
    run_until(world->stage.loop, has_two_orphans, world);
    assert_int_equal(ready(world), 1);
    close_world(world);
}

static void an_earlier_time_moves_the_timer(void **state)
{
    (void)state;
    struct world *world = open_world("");
    put(world, 1, 60000);
    due_start(world->due);
    run_turns(world->stage.loop, 50);
    int64_t at_ms = put(world, 1, 200);
    hint(world, at_ms + 30000); /* later than what is known by then: nothing */
    hint(world, at_ms);
    due_hint(world->due, slice_of("")); /* none known */
    due_hint(world->due, slice_of("soon"));
    run_until(world->stage.loop, is_promoted, world);
    assert_in_range(late_ms(world), 0, 50);
    assert_int_equal(ready(world), 1);
    close_world(world);
}

static void the_sweep_finds_what_nobody_told(void **state)
{
    (void)state;
    struct world *world = open_world("");
    due_start(world->due);
    run_turns(world->stage.loop, 50);
    put(world, 1, 0);
    run_until(world->stage.loop, is_promoted, world); /* within six seconds */
    close_world(world);
}

/* What somebody else made due is found at once, also while a look at what is due is under way. */
static void looks_when_it_is_woken(void **state)
{
    (void)state;
    struct world *world = open_world("");
    due_start(world->due);
    run_turns(world->stage.loop, 50);
    for (int is_under_way = 0; is_under_way < 2; is_under_way++) {
        long long before = ready(world);
        int64_t start_mono_ms = clock_mono_ms();
        if (is_under_way)
            due_wake(world->due);
        run_turns(world->stage.loop, is_under_way); /* sent, and not answered */
        put(world, 1, is_under_way ? 50 : 0);
        due_wake(world->due);
        while (ready(world) == before)
            run_turns(world->stage.loop, 1);
        assert_true(clock_mono_ms() - start_mono_ms < 1000);
    }
    close_world(world);
}

#define RECORD "mr:{0}:event:evt_00000000000000000001"

/* The lane of an ordered endpoint, with one delivery. */
static void lets_lanes_go_behind_what_was_sent(void **state)
{
    (void)state;
    struct world *world = open_world("");
    const struct slice endpoint = SLICE("ep_" ENDPOINT);
    stage_eval(&world->stage,
               "redis.call('XGROUP', 'CREATE', 'mr:{0}:events', 'processor', '1-0', 'MKSTREAM')"
               " redis.call('HSET', 'mr:{0}:endpoint:ep_" ENDPOINT "', 'org', 'o', 'ordered', 1)"
               " redis.call('HSET', '" RECORD "', 'ep_" ENDPOINT "',"
               "  'waiting ordering - 1 0 o - - 0') return ''");
    redis_sendf(world->stage.redis, NULL, NULL, "ZADD mr:{0}:lane:ep_" ENDPOINT " 0 %s",
                "dlv_00000000000000000001" ENDPOINT);
    due_release(world->due, &endpoint, 1);
    while (ready(world) == 0)
        run_turns(world->stage.loop, 1);
    assert_string_equal(stage_eval(&world->stage,
                                   "return redis.call('HGET', 'mr:{0}:turn:ep_" ENDPOINT
                                   "', 'delivery')"),
                        "dlv_00000000000000000001" ENDPOINT);
    close_world(world);
}

static bool all_are_promoted(void *self)
{
    const struct world *world = self;
    return ready(world) == 1000;
}

static void a_thousand_at_once_go_in_bounded_calls(void **state)
{
    (void)state;
    struct world *world = open_world("");
    put(world, 1000, 0);
    long long before = stage_calls(&world->stage, "evalsha");
    int64_t start_mono_ms = clock_mono_ms();
    due_start(world->due);
    run_until(world->stage.loop, all_are_promoted, world);
    assert_true(clock_mono_ms() - start_mono_ms < 3000); /* no sweep between them */
    run_turns(world->stage.loop, 50);
    assert_in_range(stage_calls(&world->stage, "evalsha") - before, 5, 6);
    close_world(world);
}

static int promotes;

static void observe(const char *what, int64_t us, enum status status,
                    const struct redis_reply *reply)
{
    (void)us, (void)status, (void)reply;
    promotes += strcmp(what, "promote") == 0;
}

struct span {
    int64_t until_mono_ms;
};

static bool is_over(void *self)
{
    const struct span *span = self;
    return clock_mono_ms() >= span->until_mono_ms;
}

static bool is_up(void *self)
{
    return redis_is_up(self);
}

/* Redis's clock is this much ahead of ours, and something is due there in 400 ms, time and again. */
static int promotes_in_two_seconds(int64_t ahead_ms)
{
    char answer[128];
    long long now_ms = clock_wall_ms() + ahead_ms;
    snprintf(answer, sizeof answer, "*4\r\n:0\r\n$13\r\n%lld\r\n:0\r\n$13\r\n%lld\r\n",
             now_ms + 400, now_ms);
    const struct fake_answer answers[] = {{"EVALSHA", answer}, {NULL, NULL}};
    struct fake_redis fake;
    struct loop *loop = loop_new();
    log_set_fd(-1);
    fake_redis_start(&fake, answers);
    struct redis_options options = {.address = fake_redis_address(&fake),
                                    .client_name = "test",
                                    .connect_timeout_ms = 2000,
                                    .reply_timeout_ms = 2000};
    struct redis *redis = redis_new(loop, &options);
    run_until(loop, is_up, redis);
    struct due *due = due_new(loop, redis, 0);
    promotes = 0;
    redis_set_observer(observe);
    due_start(due);
    struct span span = {clock_mono_ms() + 2000};
    run_until(loop, is_over, &span);
    redis_set_observer(NULL);
    redis_free(&redis);
    due_free(&due);
    loop_free(&loop);
    fake_redis_stop(&fake);
    return promotes;
}

static void another_clock_costs_no_calls(void **state)
{
    (void)state;
    assert_in_range(promotes_in_two_seconds(0), 4, 6);
    assert_in_range(promotes_in_two_seconds(-3600000), 4, 6);
    assert_in_range(promotes_in_two_seconds(3600000), 4, 6);
}

static void waits_for_a_redis_that_is_down(void **state)
{
    (void)state;
    struct world *world = open_world(STAGE_DURABLE);
    put(world, 3, 100);
    redis_fixture_kill(&world->stage.server);
    stage_await_down(&world->stage);
    due_start(world->due);
    run_turns(world->stage.loop, 200);
    redis_fixture_restart(&world->stage.server, STAGE_DURABLE);
    stage_await_up(&world->stage);
    int64_t start_mono_ms = clock_mono_ms();
    run_until(world->stage.loop, is_promoted, world);
    assert_true(clock_mono_ms() - start_mono_ms < 2000);
    assert_int_equal(ready(world), 3);
    close_world(world);
}

static void does_nothing_after_its_stop(void **state)
{
    (void)state;
    struct world *world = open_world("");
    int64_t at_ms = put(world, 1, 100);
    due_start(world->due);
    run_turns(world->stage.loop, 30);
    due_stop(world->due);
    long long before = stage_calls(&world->stage, "evalsha");
    hint(world, at_ms - 50);
    struct span span = {clock_mono_ms() + 300};
    run_until(world->stage.loop, is_over, &span);
    assert_int_equal(stage_calls(&world->stage, "evalsha"), before);
    due_start(world->due);
    run_until(world->stage.loop, is_promoted, world);
    close_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promotes_at_the_time),
        cmocka_unit_test(members_without_a_delivery_are_counted),
        cmocka_unit_test(an_earlier_time_moves_the_timer),
        cmocka_unit_test(the_sweep_finds_what_nobody_told),
        cmocka_unit_test(looks_when_it_is_woken),
        cmocka_unit_test(lets_lanes_go_behind_what_was_sent),
        cmocka_unit_test(a_thousand_at_once_go_in_bounded_calls),
        cmocka_unit_test(another_clock_costs_no_calls),
        cmocka_unit_test(waits_for_a_redis_that_is_down),
        cmocka_unit_test(does_nothing_after_its_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
