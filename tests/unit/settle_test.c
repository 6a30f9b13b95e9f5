/*
 * settle_test.c - which ends go to Redis together, and what they say of the request
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "dispatcher/metrics.h"
#include "dispatcher/settle.h"
#include "holder_fixture.h"
#include "io/consumer_private.h"
#include "io/service_private.h"
#include "loop_fixture.h"
#include "stage_fixture.h"

#define ENTRIES 200
#define TRACE_ID "0af7651916cd43dd8448eb211c80319c"
#define TRACE "00-" TRACE_ID "-b7ad6b7169203331-01"
#define FEW 63 /* not worth a call of their own while another is under way */

struct world {
    struct stage stage;
    struct consumer *consumer;
    struct due *due;
    struct delivery_owner owner;
    struct stream_id entries[ENTRIES];
    int given, ended;
};

static void on_end(struct delivery *delivery, void *self)
{
    struct world *world = self;
    world->ended++;
    consumer_release(world->consumer, delivery->entry);
    delivery_free(&delivery);
}

static void on_judged(struct delivery *delivery, bool may_start, void *self)
{
    (void)delivery, (void)self;
    assert_false(may_start);
}

/* All entries are this consumer's. */
static struct world *open_world(void)
{
    struct world *world = calloc(1, sizeof *world);
    log_set_fd(-1);
    stage_open(&world->stage, STAGE_DURABLE, 1);
    stage_eval(&world->stage,
               "redis.call('XGROUP', 'CREATE', 'mr:{0}:deliveries', 'dispatcher', '0', 'MKSTREAM')"
               " for i = 1, 200 do redis.call('XADD', 'mr:{0}:deliveries', '1-' .. i, 'n', i) end");
    world->due = due_new(world->stage.loop, world->stage.redis, 0);
    world->consumer = holder_new(&world->stage, KEY_DELIVERIES, GROUP_DISPATCHER, "d1");
    holder_read(&world->stage, world->consumer, ENTRIES);
    struct settle_options options = {.consumer = world->consumer, .due = world->due};
    world->owner = (struct delivery_owner){
        .on_end = on_end,
        .on_judged = on_judged,
        .self = world,
        .settle = settle_new(world->stage.loop, world->stage.redis, &options)};
    return world;
}

static void close_world(struct world *world)
{
    stage_free_store(&world->stage);
    settle_free(&world->owner.settle);
    consumer_free(&world->consumer);
    due_free(&world->due);
    stage_close(&world->stage);
    free(world);
}

/* As it was read: without a request, for its trace tells it. */
static struct delivery *next_delivery(struct world *world)
{
    static const struct delivery_fields fields = {
        .event = SLICE("evt_00000000000000000001"),
        .endpoint = SLICE("ep_00000000000000000001"),
        .org = SLICE("org_00000000000000000001"),
        .attempt = 1,
        .trace = SLICE(TRACE),
    };
    struct stream_id entry = {1, (uint64_t)++world->given};
    struct delivery *delivery = delivery_new(entry, &fields, &world->owner);
    delivery->result = (struct delivery_result){.outcome = OUTCOME_DELIVERED,
                                                .reason = "",
                                                .error = "",
                                                .status = 200,
                                                .is_attempted = true};
    return delivery;
}

/* Each in a turn of its own. */
static void end_some(struct world *world, int count)
{
    while (count-- > 0) {
        struct delivery *delivery = next_delivery(world);
        delivery_move(delivery, DELIVERY_RUNNING);
        settle_add(delivery);
        run_turns(world->stage.loop, 1);
    }
}

/* How many calls Redis got while it said nothing, and what came of them by the time when all have ended. */
static long long calls_until_all_ended(struct world *world)
{
    redis_fixture_resume(&world->stage.server);
    run_until_count(world->stage.loop, &world->ended, world->given);
    assert_int_equal(stage_number(&world->stage, "return redis.call('XLEN', 'mr:{0}:deliveries')"),
                     ENTRIES - world->given);
    return stage_calls(&world->stage, "evalsha");
}

static void check_calls(int ends, long long calls)
{
    struct world *world = open_world();
    redis_fixture_pause(&world->stage.server);
    end_some(world, ends);
    assert_int_equal(calls_until_all_ended(world), calls);
    close_world(world);
}

static void one_alone_goes_at_once(void **state)
{
    (void)state;
    check_calls(1, 1);
}

static void while_a_call_is_under_way_the_next_gather(void **state)
{
    (void)state;
    check_calls(1 + FEW, 2);
}

static void enough_of_them_go_beside_it(void **state)
{
    (void)state;
    check_calls(1 + 2 * (FEW + 1) + 5, 4);
}

static void what_is_waited_for_goes_beside_it(void **state)
{
    (void)state;
    struct world *world = open_world();
    redis_fixture_pause(&world->stage.server);
    end_some(world, 3);
    struct delivery *ordered = next_delivery(world);
    ordered->is_ordered = true;
    delivery_move(ordered, DELIVERY_RUNNING);
    settle_add(ordered);
    run_turns(world->stage.loop, 1);
    end_some(world, 3);
    settle_unattempted(next_delivery(world), OUTCOME_LATE, "rate_limit", 0);
    run_turns(world->stage.loop, 1);
    end_some(world, 3);
    redis_fixture_resume(&world->stage.server);
    run_until_count(world->stage.loop, &world->ended, world->given);
    /* the first, with the ordered one, with the late one, the last three; and the ordered one's lane */
    assert_int_equal(stage_calls(&world->stage, "evalsha"), 5);
    close_world(world);
}

static void all_go_together_when_redis_is_back(void **state)
{
    (void)state;
    struct world *world = open_world();
    redis_fixture_pause(&world->stage.server);
    end_some(world, 1 + FEW);
    redis_fixture_kill(&world->stage.server);
    stage_await_down(&world->stage);
    end_some(world, 20);
    assert_int_equal(world->ended, 0);
    redis_fixture_restart(&world->stage.server, STAGE_DURABLE);
    run_until_count(world->stage.loop, &world->ended, world->given);
    close_world(world);
}

static void end_as(struct world *world, enum outcome outcome)
{
    struct delivery *delivery = next_delivery(world);
    assert_true(slice_is(delivery->fields.request, "req_" TRACE_ID));
    delivery->result.outcome = outcome;
    delivery->result.error = "server_error";
    delivery->result.reason = outcome == OUTCOME_DEAD ? "retries_exhausted" : "backoff";
    delivery_move(delivery, DELIVERY_RUNNING);
    settle_add(delivery);
    run_until_count(world->stage.loop, &world->ended, world->given);
}

static void what_the_trace_tells_waits_untold_and_dies_told(void **state)
{
    (void)state;
    struct world *world = open_world();
    end_as(world, OUTCOME_RETRY);
    assert_non_null(strstr(redis_fixture_ask(&world->stage.server,
                                             "HGET mr:{0}:event:evt_00000000000000000001 %s",
                                             "ep_00000000000000000001"),
                           " " TRACE " - "));
    end_as(world, OUTCOME_DEAD);
    assert_string_equal(
        stage_eval(&world->stage,
                   "local letter = redis.call('XRANGE', 'mr:{0}:dlq', '-', '+')[1][2]"
                   " return letter[#letter - 1] .. ' ' .. letter[#letter]"),
        "request req_" TRACE_ID);
    close_world(world);
}

/* Every other of forty entries in one call, after something has happened: how often the script asked what is pending. */
static long long looks_after(void (*happen)(struct world *, struct delivery *))
{
    struct world *world = open_world();
    struct delivery *deliveries[20];
    for (int i = 0; i < 20; i++) {
        deliveries[i] = next_delivery(world);
        world->given++;
        delivery_move(deliveries[i], DELIVERY_RUNNING);
    }
    happen(world, deliveries[7]);
    for (int i = 0; i < 20; i++) {
        settle_add(deliveries[i]);
    }
    run_until_count(world->stage.loop, &world->ended, 20);
    long long looks = stage_calls(&world->stage, "xpending");
    close_world(world);
    return looks;
}

static void nothing(struct world *world, struct delivery *delivery)
{
    (void)world, (void)delivery;
}

static void is_sent_again(struct world *world, struct delivery *delivery)
{
    (void)world;
    delivery->is_unsure = true;
}

static void is_lost(struct world *world, struct delivery *delivery)
{
    consumer_release(world->consumer, delivery->entry);
}

static void the_reader_is_lost(struct world *world, struct delivery *delivery)
{
    (void)delivery;
    redis_reconnect(world->consumer->reader);
}

static void the_other_connection_is_lost(struct world *world, struct delivery *delivery)
{
    (void)delivery;
    redis_reconnect(world->stage.redis);
    stage_await_up(&world->stage);
}

static void redis_is_another(struct world *world, struct delivery *delivery)
{
    (void)delivery;
    redis_fixture_ask(&world->stage.server, "SCRIPT FLUSH");
}

static void each_is_looked_at_unless_none_can_be_anothers(void **state)
{
    (void)state;
    assert_int_equal(looks_after(nothing), 1);
    assert_in_range(looks_after(is_sent_again), 10, 21);
    assert_in_range(looks_after(is_lost), 10, 21);
    assert_in_range(looks_after(the_reader_is_lost), 10, 21);
    assert_in_range(looks_after(the_other_connection_is_lost), 10, 21);
    assert_in_range(looks_after(redis_is_another), 10, 21);
}

/* A first call that was not answered may come after all. */
static void a_second_call_marks_what_it_repeats(void **state)
{
    (void)state;
    struct world *world = open_world();
    redis_fixture_pause(&world->stage.server);
    end_some(world, 1 + FEW + 1);
    redis_fixture_kill(&world->stage.server);
    stage_await_down(&world->stage);
    redis_fixture_restart(&world->stage.server, STAGE_DURABLE);
    run_until_count(world->stage.loop, &world->ended, world->given);
    assert_string_equal(redis_fixture_ask(&world->stage.server, "HGET mr:{0}:reclaimed dispatcher"),
                        "1-65");
    close_world(world);
}

/* Three calls: of one, of 64, and of every other of the rest, which Redis gets when 65 are settled. */
static void what_is_under_way_is_not_said_to_be_held(void **state)
{
    (void)state;
    struct world *world = open_world();
    redis_fixture_pause(&world->stage.server);
    end_some(world, 1 + FEW + 1);
    for (int i = 0; i < FEW + 1; i++) {
        end_some(world, 1);
        world->given++;
    }
    redis_fixture_resume(&world->stage.server);
    run_until_count(world->stage.loop, &world->ended, 1 + 2 * (FEW + 1));
    assert_int_equal(stage_calls(&world->stage, "evalsha"), 3);
    assert_int_equal(stage_calls(&world->stage, "xpending"), 3);
    close_world(world);
}

int main(void)
{
    static const struct service_definition definition = {.name = "dispatcher",
                                                         .metrics = dispatcher_metrics,
                                                         .metrics_count = DISPATCHER_METRICS_COUNT};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_alone_goes_at_once),
        cmocka_unit_test(while_a_call_is_under_way_the_next_gather),
        cmocka_unit_test(enough_of_them_go_beside_it),
        cmocka_unit_test(what_is_waited_for_goes_beside_it),
        cmocka_unit_test(all_go_together_when_redis_is_back),
        cmocka_unit_test(what_the_trace_tells_waits_untold_and_dies_told),
        cmocka_unit_test(each_is_looked_at_unless_none_can_be_anothers),
        cmocka_unit_test(a_second_call_marks_what_it_repeats),
        cmocka_unit_test(what_is_under_way_is_not_said_to_be_held),
    };
    service_metrics_start(&definition, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
