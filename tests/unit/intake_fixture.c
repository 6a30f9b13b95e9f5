/*
 * intake_fixture.c - events of organizations go in, what became of them is asked of Redis
 */
#include "intake_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "loop_fixture.h"
#include "model/keys.h"

static void on_change(const struct config_change *change, void *self)
{
    struct world *world = self;
    catalog_apply(world->catalog, change);
}

static struct world *make_world(const char *options, size_t events_max, int64_t aside_retry_ms,
                                const struct redis_address *teller)
{
    struct world *world = calloc(1, sizeof *world);
    stage_open(&world->stage, options, 1);
    struct catalog_options catalog = {.organizations_max = 100, .ttl_ms = 3600000};
    world->catalog = catalog_new(world->stage.loop, world->stage.store, &catalog);
    struct redis_address own = redis_fixture_address(&world->stage.server);
    world->feed =
        config_feed_new(world->stage.loop, teller ? teller : &own, "feed", on_change, world);
    world->pace = pace_new();
    struct intake_options intake = {.partition = 0,
                                    .consumer_name = "p1",
                                    .feed = world->feed,
                                    .pace = world->pace,
                                    .lease_ms = 900,
                                    .events_max = events_max,
                                    .bytes_max = 1 << 20,
                                    .claims_max = 3,
                                    .inline_max = 4096,
                                    .aside_retry_ms = aside_retry_ms};
    world->intake = intake_new(world->stage.loop, world->stage.store, world->catalog, &intake);
    return world;
}

struct world *open_world_with(const char *options, size_t events_max, int64_t aside_retry_ms)
{
    return make_world(options, events_max, aside_retry_ms, NULL);
}

struct world *open_world(const char *options, size_t events_max)
{
    return make_world(options, events_max, 3600000, NULL);
}

struct world *open_untold_world(const char *options, size_t events_max,
                                const struct redis_address *teller)
{
    return make_world(options, events_max, 3600000, teller);
}

void close_world(struct world *world)
{
    stage_free_store(&world->stage);
    config_feed_free(&world->feed);
    intake_free(&world->intake);
    pace_free(&world->pace);
    catalog_free(&world->catalog);
    stage_close(&world->stage);
    free(world);
}

void put_endpoint(struct world *world, const char *org, const char *id, const char *types,
                  const char *disabled)
{
    redis_fixture_ask(&world->stage.server,
                      "HSET mr:{0}:endpoint:%s event_types %s disabled %s filter %s", id, types,
                      disabled, "");
    redis_fixture_ask(&world->stage.server, "ZADD %s 0 %s",
                      stage_key(key_of_id(0, KEY_ORG_ENDPOINTS, slice_of(org))), id);
}

void log_data_of(struct world *world, const char *org, const char *type, int count, int data_len)
{
    char script[512];
    snprintf(script, sizeof script,
             "for i = 1, %d do redis.call('XADD', 'mr:{0}:events', '*', 'org', '%s', 'type', '%s',"
             " 'trace', '', 'data', string.rep('1', %d)) end",
             count, org, type, data_len);
    stage_eval(&world->stage, script);
}

void log_event_of(struct world *world, const char *org, const char *type, int count)
{
    log_data_of(world, org, type, count, 2);
}

static bool all_is_processed(void *self)
{
    return stage_number(self, "local g = redis.pcall('XINFO', 'GROUPS', 'mr:{0}:events')[1]"
                              " return g and g[6] + (g[12] or 1) or -1") == 0;
}

void await_processed(struct world *world)
{
    run_until(world->stage.loop, all_is_processed, &world->stage);
}

long long org_stat(struct world *world, const char *org, const char *name)
{
    char script[256];
    snprintf(script, sizeof script,
             "return tonumber(redis.call('HGET', 'mr:{0}:stats', '%s:%s') or 0)", org, name);
    return stage_number(&world->stage, script);
}

long long ready_of(struct world *world, const char *org)
{
    char script[256];
    snprintf(script, sizeof script,
             "local n = 0 for _, e in ipairs(redis.call('XRANGE', 'mr:{0}:deliveries', '-', '+'))"
             " do n = n + (e[2][2]:match('^%%S+ %%S+ (%%S+)') == '%s' and 1 or 0) end return n",
             org);
    return stage_number(&world->stage, script);
}

long long overtaken(struct world *world)
{
    return stage_number(
        &world->stage, "local n, latest = 0, {}"
                       " for _, e in ipairs(redis.call('XRANGE', 'mr:{0}:deliveries', '-', '+')) do"
                       " local event, endpoint = e[2][2]:match('^(%S+) (%S+)')"
                       " local is_behind = event < (latest[endpoint] or '')"
                       " n = n + (is_behind and 1 or 0)"
                       " latest[endpoint] = is_behind and latest[endpoint] or event end return n");
}

long long ready_count(struct world *world)
{
    return stage_number(&world->stage, "return redis.call('XLEN', 'mr:{0}:deliveries')");
}

void hold_up_store(struct world *world)
{
    redis_sendf(world->stage.redis, NULL, NULL, "BLPOP none 9");
}

void lose_held_up_store(struct world *world)
{
    const char *clients = redis_fixture_ask(&world->stage.server, "CLIENT LIST TYPE normal");
    const char *held_up = strstr(clients, "cmd=blpop"), *id = NULL;
    must(held_up != NULL);
    for (const char *at = clients; (at = strstr(at, "id=")) && at < held_up; at += strlen("id="))
        id = at == clients || at[-1] == '\n' ? at + strlen("id=") : id;
    must(id != NULL);
    redis_fixture_ask(&world->stage.server, "CLIENT KILL ID %lld", atoll(id));
}

void let_store_go_on(struct world *world)
{
    redis_fixture_ask(&world->stage.server, "LPUSH none 1");
}

void on_drained(void *self)
{
    struct world *world = self;
    world->drained++;
}
