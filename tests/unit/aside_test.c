/*
 * aside_test.c - an organization whose endpoints cannot be told keeps its events and nobody else's
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
#include "intake_fixture.h"
#include "io/service_private.h"
#include "loop_fixture.h"
#include "model/keys.h"
#include "processor/metrics.h"

static void breaks(struct world *world, const char *org)
{
    redis_fixture_ask(&world->stage.server, "SET %s text",
                      stage_key(key_of_id(0, KEY_ORG_ENDPOINTS, slice_of(org))));
}

static void repair(struct world *world, const char *org, const char *id)
{
    redis_fixture_ask(&world->stage.server, "DEL %s",
                      stage_key(key_of_id(0, KEY_ORG_ENDPOINTS, slice_of(org))));
    put_endpoint(world, org, id, "[\"*\"]", "0");
}

static void announce(struct world *world, const char *org)
{
    struct config_change change = {.flush = org == NULL,
                                   .kind = SLICE("endpoint"),
                                   .id = SLICE("ep_1"),
                                   .org = slice_of(org),
                                   .action = SLICE("changed")};
    catalog_apply(world->catalog, &change);
    intake_config_changed(world->intake, &change);
}

static void await_aside(struct world *world, size_t count)
{
    int64_t limit_mono_ms = clock_mono_ms() + 10000;
    while (intake_aside(world->intake) != count) {
        assert_true(clock_mono_ms() < limit_mono_ms);
        run_turns(world->stage.loop, 1);
    }
}

/* An organization with events of which more than half the room could be taken, and one that is
 * well. */
static struct world *open_broken_world(int count, int64_t aside_retry_ms)
{
    struct world *world = open_world_with("", 10, aside_retry_ms);
    breaks(world, ORG);
    put_endpoint(world, "org_2", "ep_2", "[\"*\"]", "0");
    log_event_of(world, ORG, "a", count);
    intake_start(world->intake);
    return world;
}

static void others_go_on(void **state)
{
    (void)state;
    struct world *world = open_broken_world(25, 3600000);
    await_aside(world, 25);
    log_event_of(world, "org_2", "a", 30);
    while (ready_count(world) < 30)
        run_turns(world->stage.loop, 10);
    assert_int_equal(ready_of(world, "org_2"), 30);
    while (consumer_held(intake_consumer(world->intake)) > 25) /* the last answer is on its way */
        run_turns(world->stage.loop, 1);
    assert_false(intake_is_stuck(world->intake, 0));
    close_world(world);
}

/* The ids of events in the order of their deliveries are those of the log. */
static bool are_in_order(const struct world *world)
{
    return stage_number(&world->stage,
                        "local last = '' for _, e in ipairs(redis.call('XRANGE',"
                        " 'mr:{0}:deliveries', '-', '+')) do"
                        " local event = e[2][2]:match('^%S+')"
                        " if event <= last then return 0 end last = event end return 1") == 1;
}

static void come_back_when_a_change_is_announced(void **state)
{
    (void)state;
    struct world *world = open_broken_world(25, 3600000);
    await_aside(world, 25);
    announce(world, ORG); /* and it is as before */
    run_turns(world->stage.loop, 50);
    assert_int_equal(intake_aside(world->intake), 25);
    repair(world, ORG, "ep_1");
    announce(world, "org_2");
    run_turns(world->stage.loop, 50);
    assert_int_equal(intake_aside(world->intake), 25);
    announce(world, ORG);
    await_processed(world);
    assert_int_equal(intake_aside(world->intake), 0);
    assert_int_equal(ready_of(world, ORG), 25);
    assert_true(are_in_order(world));
    close_world(world);
}

static void come_back_after_a_gap_in_the_changes(void **state)
{
    (void)state;
    struct world *world = open_broken_world(5, 3600000);
    breaks(world, "org_3");
    log_event_of(world, "org_3", "a", 5);
    await_aside(world, 10);
    repair(world, ORG, "ep_1");
    repair(world, "org_3", "ep_3");
    announce(world, NULL);
    await_processed(world);
    assert_int_equal(ready_count(world), 10);
    close_world(world);
}

static void come_back_by_themselves_after_a_while(void **state)
{
    (void)state;
    struct world *world = open_broken_world(25, 100);
    await_aside(world, 25);
    repair(world, ORG, "ep_1");
    await_processed(world);
    assert_int_equal(ready_of(world, ORG), 25);
    close_world(world);
}

static void come_back_with_the_next_that_is_known(void **state)
{
    (void)state;
    struct world *world = open_broken_world(25, 3600000);
    await_aside(world, 25);
    repair(world, ORG, "ep_1");
    log_event_of(world, ORG, "a", 1);
    await_processed(world);
    assert_int_equal(ready_of(world, ORG), 26);
    close_world(world);
}

/* Past four times the room the whole partition waits, and says so. */
static void are_bounded_in_number(void **state)
{
    (void)state;
    struct world *world = open_broken_world(100, 3600000);
    while (!intake_is_stuck(world->intake, 3600000))
        run_turns(world->stage.loop, 1);
    run_turns(world->stage.loop, 100);
    assert_in_range(intake_aside(world->intake), 40, 50);
    repair(world, ORG, "ep_1");
    announce(world, ORG);
    await_processed(world);
    assert_false(intake_is_stuck(world->intake, 3600000));
    assert_int_equal(ready_of(world, ORG), 100);
    close_world(world);
}

static void are_bounded_in_bytes(void **state)
{
    (void)state;
    struct world *world = open_world("", 1000);
    breaks(world, ORG);
    for (int i = 0; i < 20; i++)
        log_data_of(world, ORG, "a", 1, 600000);
    intake_start(world->intake);
    while (!intake_is_stuck(world->intake, 3600000))
        run_turns(world->stage.loop, 1);
    run_turns(world->stage.loop, 100);
    assert_in_range(intake_aside(world->intake), 7, 20);
    repair(world, ORG, "ep_1");
    announce(world, ORG);
    await_processed(world);
    assert_int_equal(ready_of(world, ORG), 20);
    close_world(world);
}

static void keep_their_leases(void **state)
{
    (void)state;
    struct world *world = open_broken_world(5, 3600000);
    await_aside(world, 5);
    int64_t until_mono_ms = clock_mono_ms() + 2000; /* two leases */
    while (clock_mono_ms() < until_mono_ms) {
        run_turns(world->stage.loop, 1);
        assert_true(stage_number(&world->stage, "return redis.call('XPENDING', 'mr:{0}:events',"
                                                " 'processor', '-', '+', 1)[1][3]") < 900);
    }
    close_world(world);
}

/* Somebody else has them by now: what is done for them here is refused. */
static void are_not_delivered_for_another(void **state)
{
    (void)state;
    struct world *world = open_broken_world(5, 3600000);
    await_aside(world, 5);
    stage_eval(&world->stage, "for _, e in ipairs(redis.call('XRANGE', 'mr:{0}:events', '-', '+'))"
                              " do redis.call('XCLAIM', 'mr:{0}:events', 'processor', 'thief', 0,"
                              " e[1]) end");
    repair(world, ORG, "ep_1");
    announce(world, ORG);
    while (consumer_held(intake_consumer(world->intake)) > 0)
        run_turns(world->stage.loop, 1);
    assert_int_equal(ready_count(world), 0);
    close_world(world);
}

static void are_left_to_others_at_the_end(void **state)
{
    (void)state;
    struct world *world = open_broken_world(5, 3600000);
    await_aside(world, 5);
    intake_drain(world->intake, on_drained, world);
    run_until_count(world->stage.loop, &world->drained, 1);
    assert_int_equal(stage_number(&world->stage, "return redis.call('XPENDING', 'mr:{0}:events',"
                                                 " 'processor')[1]"),
                     5);
    close_world(world);
}

static void may_end_while_they_are_asked_for(void **state)
{
    (void)state;
    struct world *world = open_broken_world(5, 3600000);
    await_aside(world, 5);
    hold_up_store(world);
    announce(world, NULL);
    run_turns(world->stage.loop, 5);
    close_world(world);
}

int main(void)
{
    static const struct service_definition definition = {.name = "processor",
                                                         .metrics = processor_metrics,
                                                         .metrics_count = PROCESSOR_METRICS_COUNT};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(others_go_on),
        cmocka_unit_test(come_back_when_a_change_is_announced),
        cmocka_unit_test(come_back_after_a_gap_in_the_changes),
        cmocka_unit_test(come_back_by_themselves_after_a_while),
        cmocka_unit_test(come_back_with_the_next_that_is_known),
        cmocka_unit_test(are_bounded_in_number),
        cmocka_unit_test(are_bounded_in_bytes),
        cmocka_unit_test(keep_their_leases),
        cmocka_unit_test(are_not_delivered_for_another),
        cmocka_unit_test(are_left_to_others_at_the_end),
        cmocka_unit_test(may_end_while_they_are_asked_for),
    };
    service_metrics_start(&definition, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
