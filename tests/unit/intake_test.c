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

#include "io/service_private.h"
#include "loop_fixture.h"
#include "model/keys.h"
#include "processor/intake.h"
#include "processor/metrics.h"
#include "stage_fixture.h"

#define ORG "org_1"

struct world {
    struct stage stage;
    struct catalog *catalog;
    struct intake *intake;
    int drained;
};

static struct world *open_world(const char *options, size_t events_max)
{
    struct world *world = calloc(1, sizeof *world);
    stage_open(&world->stage, options, 1);
    struct catalog_options catalog = {.organizations_max = 100, .ttl_ms = 3600000};
    world->catalog = catalog_new(world->stage.loop, world->stage.store, &catalog);
    struct intake_options intake = {.partition = 0,
                                    .consumer_name = "p1",
                                    .lease_ms = 900,
                                    .events_max = events_max,
                                    .bytes_max = 1 << 20,
                                    .claims_max = 3,
                                    .inline_max = 4096};
    world->intake = intake_new(world->stage.loop, world->stage.store, world->catalog, &intake);
    return world;
}

static void close_world(struct world *world)
{
    stage_free_store(&world->stage);
    intake_free(&world->intake);
    catalog_free(&world->catalog);
    stage_close(&world->stage);
    free(world);
}

static void put_endpoint(struct world *world, const char *org, const char *id, const char *types,
                         const char *disabled)
{
    redis_fixture_ask(&world->stage.server, "HSET mr:{0}:endpoint:%s event_types %s disabled %s",
                      id, types, disabled);
    redis_fixture_ask(&world->stage.server, "ZADD %s 0 %s",
                      stage_key(key_endpoints(0, slice_of(org))), id);
}

static void log_event_of(struct world *world, const char *org, const char *type, int count)
{
    char script[512];
    snprintf(script, sizeof script,
             "for i = 1, %d do redis.call('XADD', 'mr:{0}:events', '*', 'org', '%s', 'type', '%s',"
             " 'key', '', 'dedup', '', 'trace', '', 'request', '', 'ct', 'application/json',"
             " 'time', '2026-01-01T00:00:00.000Z', 'after', '', 'data', '{}') end",
             count, org, type);
    stage_eval(&world->stage, script);
}

static bool all_is_processed(void *self)
{
    return stage_number(self, "local g = redis.pcall('XINFO', 'GROUPS', 'mr:{0}:events')[1]"
                              " return g and g[6] + (g[12] or 1) or -1") == 0;
}

static void await_processed(struct world *world)
{
    run_until(world->stage.loop, all_is_processed, &world->stage);
}

static long long stat(struct world *world, const char *org, const char *name)
{
    char script[256];
    snprintf(script, sizeof script,
             "return tonumber(redis.call('HGET', 'mr:{0}:stats:%s', '%s') or 0)", org, name);
    return stage_number(&world->stage, script);
}

static long long ready(struct world *world)
{
    return stage_number(&world->stage, "return redis.call('XLEN', 'mr:{0}:deliveries')");
}

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
    assert_int_equal(ready(world), 300 * 2 + 50 + 10);
    assert_int_equal(stat(world, ORG, "events"), 310);
    assert_int_equal(stat(world, ORG, "deliveries"), 610);
    assert_int_equal(stat(world, "org_2", "deliveries"), 50);
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
    assert_int_equal(ready(world), 30);
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
    assert_int_equal(stat(world, ORG, "skipped") + stat(world, "org_2", "skipped"), 2);
    close_world(world);
}

/* Each of these ends as skipped instead of coming back for ever, and keeps nothing back. */
static void what_is_no_event_ends(void **state)
{
    static const char *const entries[] = {
        "'n', '1'",
        "'org', '', 'type', 'a', 'trace', '', 'request', '', 'time', '', 'after', '', 'data', ''",
        "'org', '" ORG "', 'type', 'a b', 'trace', '', 'request', '', 'time', '', 'after', '',"
        " 'data', ''",
        "'org', string.rep('o', 100), 'type', 'a', 'trace', '', 'request', '', 'time', '',"
        " 'after', '', 'data', ''",
        "'org', '" ORG "', 'type', 'a', 'trace', string.rep('t', 100), 'request', '', 'time', '',"
        " 'after', '', 'data', ''",
        "'org', '" ORG "', 'type', 'a', 'trace', '', 'request', string.rep('r', 200), 'time', '',"
        " 'after', '', 'data', ''",
        "'org', '" ORG "', 'type', 'a', 'trace', '', 'request', '', 'time', '', 'after', 'inf',"
        " 'data', ''",
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
    assert_int_equal(ready(world), 0);
    log_event_of(world, ORG, "a", 1);
    await_processed(world);
    assert_int_equal(ready(world), 1);
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
    intake_start(world->intake);
    await_processed(world);
    assert_int_equal(ready(world), 1); /* its third claim; the other's was the fourth */
    assert_int_equal(stat(world, ORG, "skipped"), 1);
    assert_string_equal(
        stage_eval(&world->stage,
                   "for _, k in ipairs(redis.call('KEYS', 'mr:{0}:event:*')) do"
                   " local why = redis.call('HGET', k, 'skipped') if why then return why end end"),
        "claims_exceeded");
    close_world(world);
}

static void waits_for_a_catalog_that_cannot_be_loaded(void **state)
{
    (void)state;
    struct world *world = open_world("", 1000);
    const char *list = stage_key(key_endpoints(0, SLICE(ORG)));
    redis_fixture_ask(&world->stage.server, "SET %s text", list);
    put_endpoint(world, "org_2", "ep_2", "[\"*\"]", "0");
    intake_start(world->intake);
    log_event_of(world, ORG, "a", 5);
    log_event_of(world, "org_2", "a", 5);
    while (ready(world) < 5) /* the others go on */
        run_turns(world->stage.loop, 10);
    assert_int_equal(consumer_held(intake_consumer(world->intake)), 5);
    redis_fixture_ask(&world->stage.server, "DEL %s", stage_key(key_endpoints(0, SLICE(ORG))));
    put_endpoint(world, ORG, "ep_1", "[\"*\"]", "0");
    await_processed(world);
    assert_int_equal(ready(world), 10);
    close_world(world);
}

static void on_drained(void *self)
{
    struct world *world = self;
    world->drained++;
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
    assert_int_equal(ready(world), stat(world, ORG, "events"));
    close_world(world);
}

/* Past its grace time a service frees all, whatever is under way: a catalog, a fan-out, a read. */
static void ends_in_the_middle_of_anything(void **state)
{
    (void)state;
    for (int turns = 1; turns < 40; turns += 2) {
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
        cmocka_unit_test(what_is_no_event_ends),
        cmocka_unit_test(what_kills_those_who_try_is_given_up),
        cmocka_unit_test(waits_for_a_catalog_that_cannot_be_loaded),
        cmocka_unit_test(drains_what_it_holds_and_leaves),
        cmocka_unit_test(ends_in_the_middle_of_anything),
    };
    service_metrics_start(&definition, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
