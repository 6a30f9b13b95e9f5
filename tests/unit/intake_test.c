/*
 * intake_test.c - from the log of events to the stream of deliveries, and how it ends
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "io/service_private.h"
#include "intake_fixture.h"
#include "loop_fixture.h"
#include "processor/metrics.h"

/* The reason in the record of the only event. */
static const char *skipped(struct world *world)
{
    return stage_eval(&world->stage, "local k = redis.call('KEYS', 'mr:{0}:event:*')"
                                     " return redis.call('HGET', k[#k], 'skipped') or ''");
}

static void events_become_deliveries(void **state)
{
    (void)state;
    struct world *world = open_world("", 1000);
    put_endpoint(world, ORG, "ep_1", "[\"a.*\"]", "0");
    put_endpoint(world, ORG, "ep_2", "[\"*\"]", "0");
    put_endpoint(world, "org_2", "ep_3", "[\"*\"]", "0");
    log_event_of(world, ORG, "a.b", 300);
    log_event_of(world, "org_2", "a.b", 50);
    log_event_of(world, ORG, "c", 10);
    intake_start(world->intake);
    await_processed(world);
    assert_int_equal(ready_count(world), 300 * 2 + 50 + 10);
    assert_int_equal(ready_of(world, ORG), 610);
    assert_int_equal(overtaken(world), 0);
    assert_int_equal(ready_of(world, "org_2"), 50);
    while (consumer_held(intake_consumer(world->intake)) > 0) /* the last answer is on its way */
        run_turns(world->stage.loop, 1);
    close_world(world);
}

static void goes_on_with_a_window_of_one(void **state)
{
    (void)state;
    struct world *world = open_world("", 1);
    put_endpoint(world, ORG, "ep_1", "[\"*\"]", "0");
    log_event_of(world, ORG, "a", 30);
    intake_start(world->intake);
    await_processed(world);
    assert_int_equal(ready_count(world), 30);
    close_world(world);
}

static void says_why_nobody_gets_an_event(void **state)
{
    (void)state;
    struct world *world = open_world("", 1000);
    put_endpoint(world, "org_2", "ep_2", "[\"a\"]", "1");
    intake_start(world->intake);
    log_event_of(world, ORG, "a", 1);
    await_processed(world);
    assert_string_equal(skipped(world), "no_subscriber");
    stage_eval(&world->stage, "return redis.call('DEL', redis.call('KEYS', 'mr:{0}:event:*')[1])");
    log_event_of(world, "org_2", "a", 1);
    await_processed(world);
    assert_string_equal(skipped(world), "endpoint_disabled");
    stage_eval(&world->stage, "return redis.call('DEL', redis.call('KEYS', 'mr:{0}:event:*')[1])");
    put_endpoint(world, "org_3", "ep_3", "[\"a\"]", "1");
    put_endpoint(world, "org_3", "ep_4", "[\"a\"]", "0");
    stage_eval(&world->stage, "return redis.call('HSET', 'mr:{0}:endpoint:ep_4', 'filter',"
                              " '{\"exists\":{\"/n\":true}}')");
    log_event_of(world, "org_3", "a", 1);
    await_processed(world);
    assert_string_equal(skipped(world), "filtered");
    assert_int_equal(org_stat(world, ORG, "skipped") + org_stat(world, "org_2", "skipped"), 2);
    close_world(world);
}

#define TYPE_AND_DATA ", 'type', 'a', 'data', '1'"

/* Each of these ends as skipped instead of coming back for ever, and keeps nothing back. */
/* The change and the event come on two connections: this one is still to be told of the change. */
static void an_event_finds_the_endpoint_that_was_made_before_it(void **state)
{
    struct redis_fixture other;
    (void)state;
    redis_fixture_start(&other, "");
    struct redis_address teller = redis_fixture_address(&other);
    struct world *world = open_untold_world("", 100, &teller);
    intake_start(world->intake);
    log_event_of(world, "org_1", "a.b", 1);
    await_processed(world);
    assert_int_equal(org_stat(world, "org_1", "skipped"), 1); /* and its endpoints are known */
    put_endpoint(world, "org_1", "ep_1", "[\"*\"]", "0");
    stage_eval(&world->stage, "return redis.call('XADD', 'mr:config', '*', 'kind', 'endpoint', "
                              "'id', 'ep_1', 'org', 'org_1', 'action', 'created')");
    log_event_of(world, "org_1", "a.b", 1);
    await_processed(world);
    assert_int_equal(ready_count(world), 1);
    close_world(world);
    redis_fixture_stop(&other);
}

static void what_is_no_event_ends(void **state)
{
    static const char *const entries[] = {
        "'n', '1'",
        "'org', '" ORG "', 'type', 'a', 'trace', ''",
        "'org', ''" TYPE_AND_DATA,
        "'org', '" ORG "', 'type', 'a b', 'data', '1'",
        "'org', string.rep('o', 100)" TYPE_AND_DATA,
        "'org', '" ORG " x'" TYPE_AND_DATA,
        "'trace', 'a b', 'org', '" ORG "'" TYPE_AND_DATA,
        "'request', 'a\\n', 'org', '" ORG "'" TYPE_AND_DATA,
        "'trace', string.rep('t', 100), 'org', '" ORG "'" TYPE_AND_DATA,
        "'request', string.rep('r', 200), 'org', '" ORG "'" TYPE_AND_DATA,
        "'time', string.rep('2', 100), 'org', '" ORG "'" TYPE_AND_DATA,
        "'after', 'inf', 'org', '" ORG "'" TYPE_AND_DATA,
    };
    char script[512];
    (void)state;
    struct world *world = open_world("", 1000);
    put_endpoint(world, ORG, "ep_1", "[\"*\"]", "0");
    intake_start(world->intake);
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        snprintf(script, sizeof script, "return redis.call('XADD', 'mr:{0}:events', '*', %s)",
                 entries[i]);
        stage_eval(&world->stage, script);
        await_processed(world);
        assert_string_equal(skipped(world), "unreadable");
        stage_eval(&world->stage,
                   "return redis.call('DEL', redis.call('KEYS', 'mr:{0}:event:*')[1])");
    }
    assert_int_equal(ready_count(world), 0);
    log_event_of(world, ORG, "a", 1);
    await_processed(world);
    assert_int_equal(ready_count(world), 1);
    close_world(world);
}

static void marks_are_as_wide_as_events_are_apart(void **state)
{
    (void)state;
    struct world *world = open_world("", 1000);
    put_endpoint(world, ORG, "ep_1", "[\"*\"]", "0");
    stage_eval(&world->stage,
               "for _, ms in ipairs({1000000, 1001000, 1001001}) do"
               " redis.call('XADD', 'mr:{0}:events', ms .. '-0', 'org', '" ORG "'" TYPE_AND_DATA ")"
               " end return 1");
    intake_start(world->intake);
    await_processed(world);
    assert_string_equal(
        stage_eval(&world->stage,
                   "local widths = {}"
                   " for i, mark in ipairs(redis.call('ZRANGE', 'mr:{0}:history:ep_1', 0, -1)) do"
                   " widths[i] = #mark end return table.concat(widths, ' ')"),
        "11 13 13"); /* the second event's before the others that lie in it */
    close_world(world);
}

static void what_kills_those_who_try_is_given_up(void **state)
{
    (void)state;
    struct world *world = open_world("", 1000);
    put_endpoint(world, ORG, "ep_1", "[\"*\"]", "0");
    log_event_of(world, ORG, "a", 2);
    stage_eval(&world->stage,
               "redis.call('XGROUP', 'CREATE', 'mr:{0}:events', 'processor', '0')"
               " local e = redis.call('XREADGROUP', 'GROUP', 'processor', 'dead', 'STREAMS',"
               "  'mr:{0}:events', '>')[1][2]"
               " for i, claims in ipairs({2, 3}) do redis.call('XCLAIM', 'mr:{0}:events',"
               "  'processor', 'dead', 0, e[i][1], 'IDLE', 60000, 'RETRYCOUNT', claims) end");
    uint64_t skipped_before = metric_counter(METRIC_EVENTS, EVENTS_SKIPPED);
    intake_start(world->intake);
    await_processed(world);
    while (consumer_held(intake_consumer(world->intake)) > 0) /* the last answer is on its way */
        run_turns(world->stage.loop, 1);
    assert_int_equal(metric_counter(METRIC_EVENTS, EVENTS_GIVEN_UP), 1);
    assert_int_equal(metric_counter(METRIC_EVENTS, EVENTS_SKIPPED), skipped_before);
    assert_int_equal(ready_count(world), 1); /* its third claim; the other's was the fourth */
    assert_int_equal(org_stat(world, ORG, "skipped"), 1);
    assert_string_equal(
        stage_eval(&world->stage,
                   "for _, k in ipairs(redis.call('KEYS', 'mr:{0}:event:*')) do"
                   " local why = redis.call('HGET', k, 'skipped') if why then return why end end"),
        "claims_exceeded");
    close_world(world);
}

static void hold(struct world *world, int count)
{
    while (consumer_held(intake_consumer(world->intake)) < (size_t)count)
        run_turns(world->stage.loop, 1);
}

/* Held up behind the question that goes before a match: 300. Behind the last of a load: 300 more. */
static void hold_on_both_ways(struct world *world)
{
    hold_up_store(world);
    log_event_of(world, ORG, "a", 300);
    hold(world, 300);
    let_store_go_on(world);
    while (catalog_size(world->catalog) == 0)
        run_turns(world->stage.loop, 1);
    hold_up_store(world);
    log_event_of(world, ORG, "a", 300);
    hold(world, 600);
}

static void check_order(struct world *world, int count)
{
    await_processed(world);
    assert_int_equal(ready_count(world), count);
    assert_int_equal(overtaken(world), 0);
    close_world(world);
}

/* The store's connection is lost before the question is answered; others are read meanwhile. */
static void later_events_do_not_overtake_those_that_ask_again(void **state)
{
    (void)state;
    struct world *world = open_world("", 1000);
    put_endpoint(world, ORG, "ep_1", "[\"*\"]", "0");
    intake_start(world->intake);
    hold_up_store(world);
    log_event_of(world, ORG, "a", 300);
    hold(world, 300);
    lose_held_up_store(world);
    for (int is_up = 0; is_up < 2; is_up++) /* down, and up again */
        while (redis_is_up(world->stage.redis) != is_up)
            run_turns(world->stage.loop, 1);
    log_event_of(world, ORG, "a", 300);
    check_order(world, 600);
}

static void check_order_after(void (*end_of_hold)(struct world *world))
{
    struct world *world = open_world("", 1000);
    put_endpoint(world, ORG, "ep_1", "[\"*\"]", "0");
    intake_start(world->intake);
    hold_on_both_ways(world);
    end_of_hold(world);
    check_order(world, 600);
}

/* The last answer of a load and the word that later events may be matched come in one turn. */
static void later_events_do_not_overtake_those_that_wait_for_a_load(void **state)
{
    (void)state;
    check_order_after(let_store_go_on);
}

static void lose_all_connections(struct world *world)
{
    redis_fixture_ask(&world->stage.server, "CLIENT KILL TYPE normal");
}

/* The same, and neither comes. */
static void all_ask_again_in_their_order(void **state)
{
    (void)state;
    check_order_after(lose_all_connections);
}

static bool is_stuck(void *self)
{
    const struct world *world = self;
    return intake_is_stuck(world->intake, 300);
}

static bool is_through(void *self)
{
    const struct world *world = self;
    return !intake_is_stuck(world->intake, 0);
}

static void knows_when_nothing_ends(void **state)
{
    (void)state;
    struct world *world = open_world("", 1000);
    put_endpoint(world, ORG, "ep_1", "[\"*\"]", "0");
    intake_start(world->intake);
    int64_t until_mono_ms = clock_mono_ms() + 400; /* idle is not stuck */
    while (clock_mono_ms() < until_mono_ms) {
        run_turns(world->stage.loop, 1);
        assert_false(is_stuck(world));
    }
    hold_up_store(world);
    log_event_of(world, ORG, "a", 5);
    while (consumer_held(intake_consumer(world->intake)) < 5)
        run_turns(world->stage.loop, 1);
    assert_false(is_stuck(world)); /* not yet */
    run_until(world->stage.loop, is_stuck, world);
    redis_fixture_ask(&world->stage.server, "RPUSH none 1");
    await_processed(world);
    run_until(world->stage.loop, is_through, world);
    close_world(world);
}

static void drains_what_it_holds_and_leaves(void **state)
{
    (void)state;
    struct world *world = open_world("", 1000);
    put_endpoint(world, ORG, "ep_1", "[\"*\"]", "0");
    log_event_of(world, ORG, "a", 200);
    intake_start(world->intake);
    while (consumer_held(intake_consumer(world->intake)) == 0)
        run_turns(world->stage.loop, 1);
    intake_drain(world->intake, on_drained, world);
    run_until_count(world->stage.loop, &world->drained, 1);
    assert_int_equal(stage_number(&world->stage, "return redis.call('XPENDING', 'mr:{0}:events',"
                                                 " 'processor')[1]"),
                     0);
    assert_int_equal(stage_number(&world->stage, "return #redis.call('XINFO', 'CONSUMERS',"
                                                 " 'mr:{0}:events', 'processor')"),
                     0);
    assert_int_equal(ready_count(world),
                     stage_number(&world->stage,
                                  "return redis.call('XINFO', 'GROUPS', 'mr:{0}:events')[1][10]"));
    close_world(world);
}

static void ends_while_a_catalog_is_loaded(void **state)
{
    (void)state;
    struct world *world = open_world("", 1000);
    log_event_of(world, ORG, "a", 20);
    intake_start(world->intake);
    hold_up_store(world);
    while (consumer_held(intake_consumer(world->intake)) < 20)
        run_turns(world->stage.loop, 1);
    close_world(world);
}

static void ends_during_a_fan_out(void **state)
{
    struct cache_value *value = NULL;
    (void)state;
    struct world *world = open_world("", 1000);
    intake_start(world->intake);
    log_event_of(world, ORG, "a", 1);
    await_processed(world); /* the catalog is known now */
    assert_int_equal(catalog_peek(world->catalog, SLICE(ORG), &value), STATUS_OK);
    cache_release(&value);
    hold_up_store(world);
    log_event_of(world, ORG, "a", 20);
    while (consumer_held(intake_consumer(world->intake)) < 20)
        run_turns(world->stage.loop, 1);
    intake_drain(world->intake, on_drained, world);
    run_turns(world->stage.loop, 10);
    assert_int_equal(world->drained, 0);
    close_world(world);
}

/* Past its grace time a service frees all, whatever is under way. */
static void ends_in_the_middle_of_anything(void **state)
{
    (void)state;
    for (int turns = 1; turns < 20; turns += 2) {
        struct world *world = open_world("", 1000);
        put_endpoint(world, ORG, "ep_1", "[\"*\"]", "0");
        log_event_of(world, ORG, "a", 20);
        log_event_of(world, "org_2", "a", 20);
        intake_start(world->intake);
        run_turns(world->stage.loop, turns);
        if (turns % 4 == 1)
            intake_drain(world->intake, on_drained, world);
        close_world(world);
    }
}

int main(void)
{
    static const struct service_definition definition = {.name = "processor",
                                                         .metrics = processor_metrics,
                                                         .metrics_count = PROCESSOR_METRICS_COUNT};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_become_deliveries),
        cmocka_unit_test(goes_on_with_a_window_of_one),
        cmocka_unit_test(says_why_nobody_gets_an_event),
        cmocka_unit_test(an_event_finds_the_endpoint_that_was_made_before_it),
        cmocka_unit_test(what_is_no_event_ends),
        cmocka_unit_test(marks_are_as_wide_as_events_are_apart),
        cmocka_unit_test(what_kills_those_who_try_is_given_up),
        cmocka_unit_test(later_events_do_not_overtake_those_that_ask_again),
        cmocka_unit_test(later_events_do_not_overtake_those_that_wait_for_a_load),
        cmocka_unit_test(all_ask_again_in_their_order),
        cmocka_unit_test(knows_when_nothing_ends),
        cmocka_unit_test(drains_what_it_holds_and_leaves),
        cmocka_unit_test(ends_while_a_catalog_is_loaded),
        cmocka_unit_test(ends_during_a_fan_out),
        cmocka_unit_test(ends_in_the_middle_of_anything),
    };
    service_metrics_start(&definition, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
