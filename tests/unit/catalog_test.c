/*
 * catalog_test.c - what is known of an organization's endpoints, from the records in Redis
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "loop_fixture.h"
#include "model/keys.h"
#include "processor/catalog.h"
#include "stage_fixture.h"

#define ORG "org_01234567890123456789"

struct world {
    struct stage stage;
    struct catalog *catalog;
    int answers;
    enum status status;
    size_t found; /* by the type order.paid, in the last answer */
    bool any_gated;
    char matched[512]; /* their ids */
};

static struct world *open_world(const char *options)
{
    struct world *world = calloc(1, sizeof *world);
    stage_open(&world->stage, options, 4);
    struct catalog_options catalog = {.organizations_max = 100, .ttl_ms = 3600000};
    world->catalog = catalog_new(world->stage.loop, world->stage.store, &catalog);
    return world;
}

static void close_world(struct world *world)
{
    stage_free_store(&world->stage);
    catalog_free(&world->catalog);
    stage_close(&world->stage);
    free(world);
}

static uint32_t partition(void)
{
    return partition_of(SLICE(ORG), 4);
}

static void list(struct world *world, const char *id)
{
    redis_fixture_ask(&world->stage.server, "ZADD %s 0 %s",
                      stage_key(key_of_id(partition(), KEY_ORG_ENDPOINTS, SLICE(ORG))), id);
}

static void put_filtered(struct world *world, const char *id, const char *types, const char *filter)
{
    redis_fixture_ask(&world->stage.server, "HSET %s event_types %s disabled 0 filter %s",
                      stage_key(key_of_id(partition(), KEY_ENDPOINT, slice_of(id))), types, filter);
    list(world, id);
}

static void put(struct world *world, const char *id, const char *types, const char *disabled)
{
    put_filtered(world, id, types, "");
    redis_fixture_ask(&world->stage.server, "HSET %s disabled %s",
                      stage_key(key_of_id(partition(), KEY_ENDPOINT, slice_of(id))), disabled);
}

static void on_catalog(enum status status, struct cache_value *value, void *self)
{
    struct world *world = self;
    world->answers++;
    world->status = status;
    world->matched[0] = '\0';
    if (!value)
        return;
    struct filter_event event = {.type = SLICE("order.paid"), .data = SLICE("{\"total\":5}")};
    struct match_result result = match_index_find(catalog_index(value), &event);
    filter_event_fini(&event);
    size_t len = 0;
    world->found = result.count;
    for (size_t i = 0; i < result.count && len < sizeof world->matched; i++)
        len += (size_t)snprintf(world->matched + len, sizeof world->matched - len, "%s%s",
                                i ? " " : "", result.ids[i]);
    world->any_gated = result.any_gated;
    free(result.ids);
    cache_release(&value);
}

static enum status get(struct world *world)
{
    int before = world->answers;
    catalog_get(world->catalog, SLICE(ORG), on_catalog, world);
    assert_int_equal(world->answers, before);
    run_until_count(world->stage.loop, &world->answers, before + 1);
    return world->status;
}

static void change(struct world *world, const char *kind, const char *org)
{
    struct config_change change = {.flush = kind == NULL,
                                   .kind = slice_of(kind),
                                   .id = SLICE("ep_1"),
                                   .org = slice_of(org),
                                   .action = SLICE("changed")};
    catalog_apply(world->catalog, &change);
}

static void loads_and_keeps_until_told(void **state)
{
    (void)state;
    struct world *world = open_world("");
    assert_int_equal(get(world), STATUS_OK);
    assert_int_equal(world->found, 0); /* an organization without endpoints is one too */
    put(world, "ep_2", "[\"order.*\",\"user.created\"]", "0");
    put(world, "ep_1", "[\"*\"]", "0");
    put(world, "ep_3", "[\"order.paid\"]", "1");
    put(world, "ep_4", "[\"user.*\"]", "0");
    assert_int_equal(get(world), STATUS_OK);
    assert_int_equal(world->found, 0); /* nobody has told */
    change(world, "endpoint", "org_another");
    change(world, "key", ORG);
    assert_int_equal(get(world), STATUS_OK);
    assert_int_equal(world->found, 0);
    change(world, "endpoint", ORG);
    assert_int_equal(get(world), STATUS_OK);
    assert_string_equal(world->matched, "ep_1 ep_2");
    put(world, "ep_1", "[\"*\"]", "1");
    change(world, "org", ORG);
    assert_int_equal(get(world), STATUS_OK);
    assert_string_equal(world->matched, "ep_2");
    put(world, "ep_1", "[\"*\"]", "0");
    change(world, NULL, "");
    assert_int_equal(get(world), STATUS_OK);
    assert_string_equal(world->matched, "ep_1 ep_2");
    close_world(world);
}

static void is_there_at_once_when_it_is_known(void **state)
{
    struct cache_value *value = NULL;
    (void)state;
    struct world *world = open_world("");
    put(world, "ep_1", "[\"*\"]", "0");
    assert_int_equal(catalog_peek(world->catalog, SLICE(ORG), &value), STATUS_DOWN);
    get(world);
    assert_int_equal(catalog_peek(world->catalog, SLICE(ORG), &value), STATUS_OK);
    change(world, NULL, "");
    on_catalog(STATUS_OK, value, world); /* ours until we release it */
    assert_string_equal(world->matched, "ep_1");
    close_world(world);
}

static void what_is_gone_or_unreadable_is_left_out(void **state)
{
    (void)state;
    struct world *world = open_world("");
    put(world, "ep_1", "[\"*\"]", "0");
    list(world, "ep_deleted_since_it_was_listed");
    list(world, "ep_2");
    put(world, "ep_3", "nonsense", "0");
    put(world, "ep_4", "[]", "0");
    put(world, "ep_5", "[1]", "0");
    put(world, "ep_6", "[\"*\",\"a b\"]", "0");
    put(world, "ep_7", "{\"order.paid\":1}", "0");
    redis_fixture_ask(&world->stage.server, "SET %s text",
                      stage_key(key_of_id(partition(), KEY_ENDPOINT, SLICE("ep_8"))));
    list(world, "ep_8");
    put(world, "ep_9", "[\"*\"]", "0");
    put_filtered(world, "ep_a", "[\"*\"]", "nonsense");
    put_filtered(world, "ep_b", "[\"*\"]", "[]");
    put_filtered(world, "ep_c", "[\"*\"]", "{\"sql\":\"true\"}");
    redis_fixture_ask(&world->stage.server, "HSET %s event_types [\"*\"] disabled 0",
                      stage_key(key_of_id(partition(), KEY_ENDPOINT, SLICE("ep_d"))));
    list(world, "ep_d");
    assert_int_equal(get(world), STATUS_OK);
    assert_string_equal(world->matched, "ep_1 ep_9");
    close_world(world);
}

static void filters_come_with_their_endpoints(void **state)
{
    (void)state;
    struct world *world = open_world("");
    put_filtered(world, "ep_1", "[\"*\"]", "{\"exact\":{\"/total\":5.0}}");
    put_filtered(world, "ep_2", "[\"*\"]", "{\"exact\":{\"/total\":6}}");
    put(world, "ep_3", "[\"*\"]", "0");
    assert_int_equal(get(world), STATUS_OK);
    assert_string_equal(world->matched, "ep_1 ep_3");
    put_filtered(world, "ep_2", "[\"*\"]", "");
    change(world, "endpoint", ORG);
    assert_int_equal(get(world), STATUS_OK);
    assert_string_equal(world->matched, "ep_1 ep_2 ep_3");
    close_world(world);
}

static void gate_ep_2(struct world *world, const char *field, const char *value, bool any_gated)
{
    redis_fixture_ask(&world->stage.server, "HSET %s %s %s",
                      stage_key(key_of_id(partition(), KEY_ENDPOINT, SLICE("ep_2"))), field, value);
    change(world, "endpoint", ORG);
    assert_int_equal(get(world), STATUS_OK);
    assert_int_equal(world->any_gated, any_gated);
    assert_string_equal(world->matched, "ep_1 ep_2");
}

static void a_gate_comes_with_its_endpoint(void **state)
{
    (void)state;
    struct world *world = open_world("");
    put(world, "ep_1", "[\"*\"]", "0");
    put(world, "ep_2", "[\"*\"]", "0");
    assert_int_equal(get(world), STATUS_OK);
    assert_false(world->any_gated);
    gate_ep_2(world, "ordered", "0", false);
    gate_ep_2(world, "ordered", "1", true);
    gate_ep_2(world, "ordered", "0", false);
    gate_ep_2(world, "rate_per_second", "5", true);
    gate_ep_2(world, "rate_per_second", "", false);
    gate_ep_2(world, "paused", "1", true);
    put(world, "ep_2", "[\"*\"]", "1");
    change(world, "endpoint", ORG);
    assert_int_equal(get(world), STATUS_OK);
    assert_false(world->any_gated);
    assert_string_equal(world->matched, "ep_1");
    close_world(world);
}

static void loads_many_in_chunks(void **state)
{
    char script[1024];
    (void)state;
    struct world *world = open_world("");
    for (int count = 499; count <= 501; count++) {
        snprintf(script, sizeof script,
                 "redis.call('FLUSHALL') for i = 1, %d do local id = string.format('ep_%%06d', i)"
                 " redis.call('HSET', 'mr:{%u}:endpoint:' .. id, 'event_types', '[\"*\"]',"
                 " 'disabled', '0', 'filter', '') redis.call('ZADD', '%s', 0, id) end",
                 count, partition(),
                 stage_key(key_of_id(partition(), KEY_ORG_ENDPOINTS, SLICE(ORG))));
        stage_eval(&world->stage, script);
        change(world, NULL, "");
        assert_int_equal(get(world), STATUS_OK);
        assert_int_equal(world->found, count);
    }
    put(world, "ep_999999", "[\"*\"]", "0");
    change(world, NULL, "");
    get(world);
    assert_int_equal(world->found, 502);
    close_world(world);
}

static void tells_when_redis_is_down_and_loads_later(void **state)
{
    (void)state;
    struct world *world = open_world(STAGE_DURABLE);
    put(world, "ep_1", "[\"*\"]", "0");
    redis_fixture_kill(&world->stage.server);
    stage_await_down(&world->stage);
    assert_int_equal(get(world), STATUS_DOWN);
    redis_fixture_restart(&world->stage.server, STAGE_DURABLE);
    stage_await_up(&world->stage);
    assert_int_equal(get(world), STATUS_OK);
    assert_string_equal(world->matched, "ep_1");
    redis_fixture_ask(&world->stage.server, "SET %s text",
                      stage_key(key_of_id(partition(), KEY_ORG_ENDPOINTS, SLICE(ORG))));
    change(world, NULL, "");
    assert_int_equal(get(world), STATUS_FAILED); /* no list: never taken for an empty one */
    close_world(world);
}

static void a_load_under_way_is_told_at_the_end(void **state)
{
    (void)state;
    struct world *world = open_world("");
    put(world, "ep_1", "[\"*\"]", "0");
    for (int i = 0; i < 3; i++)
        catalog_get(world->catalog, SLICE(ORG), on_catalog, world);
    stage_free_store(&world->stage);
    catalog_free(&world->catalog);
    assert_int_equal(world->answers, 3);
    assert_int_equal(world->status, STATUS_CANCELLED);
    close_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_and_keeps_until_told),
        cmocka_unit_test(is_there_at_once_when_it_is_known),
        cmocka_unit_test(what_is_gone_or_unreadable_is_left_out),
        cmocka_unit_test(filters_come_with_their_endpoints),
        cmocka_unit_test(a_gate_comes_with_its_endpoint),
        cmocka_unit_test(loads_many_in_chunks),
        cmocka_unit_test(tells_when_redis_is_down_and_loads_later),
        cmocka_unit_test(a_load_under_way_is_told_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
