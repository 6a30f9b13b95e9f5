/*
 * auth_test.c - who may do what, and how often Redis is asked for it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/random.h"
#include "call_fixture.h"
#include "ingest/auth.h"
#include "ingest/metrics.h"
#include "io/service_private.h"
#include "loop_fixture.h"
#include "model/api_key.h"
#include "stage_fixture.h"

#define ADMIN_TOKEN "the-admin's-own-token"

static const struct route open_route = {.scope = NULL};
static const struct route any_key = {.scope = ""};
static const struct route write_events = {.scope = "events:write"};
static const struct route write_keys = {.scope = "keys:write", .admin_too = true};
static const struct route admin_only = {.scope = "admin", .admin_too = true};

struct world {
    struct stage stage;
    struct auth *auth;
    int answers;
    enum auth_verdict verdict; /* the last one */
    char org[64], key_id[64];
    char key[API_KEY_LEN + 1], header[128], hash[API_KEY_HASH_LEN + 1];
};

static struct world *answering; /* a verdict's callback gets nothing but its call */

static struct world *open_world(const char *options, const char *admin_token)
{
    struct world *world = calloc(1, sizeof *world);
    stage_open(&world->stage, options, 1);
    struct auth_options auth = {
        .admin_token = admin_token, .keys_max = 100, .ttl_ms = 3600000, .negative_ttl_ms = 3600000};
    world->auth = auth_new(world->stage.loop, world->stage.store, &auth);
    answering = world;
    return world;
}

static void close_world(struct world *world)
{
    stage_free_store(&world->stage);
    auth_free(&world->auth);
    stage_close(&world->stage);
    free(world);
}

/* A key in its right form, and the header that presents it. */
static void make_key(struct world *world)
{
    uint8_t random[64];
    do
        random_bytes(random, sizeof random);
    while (!api_key_make(random, sizeof random, world->key));
    api_key_hash(slice_of(world->key), world->hash);
    snprintf(world->header, sizeof world->header, "Bearer %s", world->key);
}

static void put_key(struct world *world, const char *scopes, const char *expires_at)
{
    make_key(world);
    redis_fixture_ask(&world->stage.server,
                      "HSET %s id key_1 org org_1 name n scopes %s created_at 1 expires_at %s",
                      stage_key(key_api_key(slice_of(world->hash))), scopes, expires_at);
}

static void on_verdict(enum auth_verdict verdict, struct call *call)
{
    answering->answers++;
    answering->verdict = verdict;
    snprintf(answering->org, sizeof answering->org, "%.*s", (int)call->principal.org.len,
             call->principal.org.at);
    snprintf(answering->key_id, sizeof answering->key_id, "%.*s", (int)call->principal.key_id.len,
             call->principal.key_id.at);
    struct call_fixture *fixture =
        (struct call_fixture *)(void *)((char *)call - offsetof(struct call_fixture, call));
    call_fixture_end(fixture);
}

/* At once, or loaded. */
static enum auth_verdict judge(struct world *world, const struct route *route, const char *name,
                               const char *value)
{
    const char *const headers[] = {name, value, NULL};
    struct call_fixture fixture;
    int before = world->answers;
    call_fixture_start(&fixture, route, headers);
    enum auth_verdict verdict = auth_check(world->auth, &fixture.call);
    if (verdict != AUTH_LATER) {
        on_verdict(verdict, &fixture.call);
        return verdict;
    }
    auth_resolve(world->auth, &fixture.call, on_verdict);
    assert_int_equal(world->answers, before);
    run_until_count(world->stage.loop, &world->answers, before + 1);
    assert_int_not_equal(world->verdict, AUTH_LATER);
    return world->verdict;
}

static enum auth_verdict judge_key(struct world *world, const struct route *route)
{
    return judge(world, route, "Authorization", world->header);
}

static void a_key_does_what_its_scopes_allow(void **state)
{
    (void)state;
    struct world *world = open_world("", ADMIN_TOKEN);
    put_key(world, "events:write", "");
    assert_int_equal(judge_key(world, &write_events), AUTH_GRANTED);
    assert_string_equal(world->org, "org_1");
    assert_string_equal(world->key_id, "key_1");
    assert_int_equal(judge_key(world, &any_key), AUTH_GRANTED);
    assert_int_equal(judge_key(world, &write_keys), AUTH_NO_SCOPE);
    assert_int_equal(judge_key(world, &admin_only), AUTH_NO_SCOPE);
    assert_int_equal(judge(world, &write_events, "x-api-key", world->key), AUTH_GRANTED);
    assert_int_equal(stage_calls(&world->stage, "hgetall"), 1); /* asked once for all of these */
    put_key(world, "*", "");
    assert_int_equal(judge_key(world, &write_keys), AUTH_GRANTED);
    assert_int_equal(judge_key(world, &admin_only), AUTH_NO_SCOPE);
    close_world(world);
}

static void what_is_no_key_is_refused_before_any_look_up(void **state)
{
    static const char *const headers[][2] = {
        {"Authorization", "Bearer "},
        {"Authorization", "Basic dXNlcjpwYXNz"},
        {"Authorization", ""},
        {"X-API-Key", ""},
        {"Other", "x"},
    };
    (void)state;
    struct world *world = open_world("", ADMIN_TOKEN);
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        assert_int_equal(judge(world, &write_events, headers[i][0], headers[i][1]), AUTH_NO_KEY);
    assert_int_equal(judge(world, &open_route, "Other", "x"), AUTH_GRANTED);
    make_key(world);
    world->header[strlen(world->header) - 1] ^= 1; /* its checksum */
    assert_int_equal(judge_key(world, &write_events), AUTH_BAD_KEY);
    assert_int_equal(judge(world, &write_events, "Authorization", "Bearer mr_live_short"),
                     AUTH_BAD_KEY);
    assert_int_equal(stage_calls(&world->stage, "hgetall"), 0);
    close_world(world);
}

static void unknown_and_expired_keys_are_bad(void **state)
{
    char at_ms[24];
    (void)state;
    struct world *world = open_world("", ADMIN_TOKEN);
    make_key(world);
    assert_int_equal(judge_key(world, &write_events), AUTH_BAD_KEY);
    assert_int_equal(judge_key(world, &write_events), AUTH_BAD_KEY); /* remembered */
    assert_int_equal(stage_calls(&world->stage, "hgetall"), 1);
    put_key(world, "*", "1700000000000");
    assert_int_equal(judge_key(world, &write_events), AUTH_BAD_KEY);
    put_key(world, "*", "soon"); /* unreadable: fails closed */
    assert_int_equal(judge_key(world, &write_events), AUTH_BAD_KEY);
    snprintf(at_ms, sizeof at_ms, "%lld", (long long)clock_wall_ms() + 300);
    put_key(world, "*", at_ms);
    assert_int_equal(judge_key(world, &write_events), AUTH_GRANTED);
    while (judge_key(world, &write_events) == AUTH_GRANTED) /* from the cache, by its own time */
        run_turns(world->stage.loop, 10);
    assert_true(clock_wall_ms() >= strtoll(at_ms, NULL, 10));
    assert_string_equal(world->org, ""); /* nobody */
    close_world(world);
}

static void a_change_is_obeyed_at_once(void **state)
{
    (void)state;
    struct world *world = open_world("", ADMIN_TOKEN);
    put_key(world, "*", "");
    struct config_change change = {.kind = SLICE("key"),
                                   .id = slice_of(world->hash),
                                   .org = SLICE("org_1"),
                                   .action = SLICE("removed")};
    struct config_change other = {.kind = SLICE("endpoint"), .id = slice_of(world->hash)};
    struct config_change flush = {.flush = true};
    assert_int_equal(judge_key(world, &write_events), AUTH_GRANTED);
    redis_fixture_ask(&world->stage.server, "DEL %s",
                      stage_key(key_api_key(slice_of(world->hash))));
    auth_apply(world->auth, &other);
    assert_int_equal(judge_key(world, &write_events), AUTH_GRANTED);
    auth_apply(world->auth, &change);
    assert_int_equal(judge_key(world, &write_events), AUTH_BAD_KEY);
    redis_fixture_ask(&world->stage.server, "HSET %s id k org o scopes * expires_at %s",
                      stage_key(key_api_key(slice_of(world->hash))), "");
    auth_apply(world->auth, &flush);
    assert_int_equal(judge_key(world, &write_events), AUTH_GRANTED);
    close_world(world);
}

static void the_admin_has_routes_of_its_own(void **state)
{
    (void)state;
    struct world *world = open_world("", ADMIN_TOKEN);
    const char *bearer = "bearer " ADMIN_TOKEN;
    assert_int_equal(judge(world, &admin_only, "Authorization", bearer), AUTH_GRANTED);
    assert_int_equal(judge(world, &write_keys, "Authorization", bearer), AUTH_GRANTED);
    assert_int_equal(judge(world, &write_events, "Authorization", bearer), AUTH_NO_SCOPE);
    assert_int_equal(judge(world, &admin_only, "Authorization", "Bearer the-admin's-own-toke"),
                     AUTH_BAD_KEY);
    close_world(world);
    world = open_world("", ""); /* closed */
    assert_int_equal(judge(world, &admin_only, "Authorization", "Bearer x"), AUTH_BAD_KEY);
    assert_int_equal(judge(world, &admin_only, "Authorization", "Bearer "), AUTH_NO_KEY);
    close_world(world);
}

static void many_who_ask_at_once_ask_redis_once(void **state)
{
    struct call_fixture *fixtures = calloc(200, sizeof *fixtures);
    (void)state;
    struct world *world = open_world("", ADMIN_TOKEN);
    put_key(world, "*", "");
    const char *const headers[] = {"Authorization", world->header, NULL};
    for (int i = 0; i < 200; i++) {
        call_fixture_start(&fixtures[i], &write_events, headers);
        assert_int_equal(auth_check(world->auth, &fixtures[i].call), AUTH_LATER);
        auth_resolve(world->auth, &fixtures[i].call, on_verdict);
    }
    run_until_count(world->stage.loop, &world->answers, 200);
    assert_int_equal(world->verdict, AUTH_GRANTED);
    assert_int_equal(stage_calls(&world->stage, "hgetall"), 1);
    close_world(world);
    free(fixtures);
}

/* Many more than are kept, of keys that are right in form. */
static void forged_keys_drive_out_no_real_one(void **state)
{
    char real[sizeof((struct world *)0)->header];
    (void)state;
    struct world *world = open_world("", ADMIN_TOKEN);
    put_key(world, "*", "");
    memcpy(real, world->header, sizeof real);
    assert_int_equal(judge_key(world, &write_events), AUTH_GRANTED);
    for (int i = 0; i < 150; i++) {
        make_key(world);
        assert_int_equal(judge_key(world, &write_events), AUTH_BAD_KEY);
    }
    assert_int_equal(judge_key(world, &write_events), AUTH_BAD_KEY); /* the last is remembered */
    assert_int_equal(judge(world, &write_events, "Authorization", real), AUTH_GRANTED);
    assert_int_equal(stage_calls(&world->stage, "hgetall"), 151);
    close_world(world);
}

static void a_redis_that_is_down_is_not_a_bad_key(void **state)
{
    struct call_fixture fixture;
    (void)state;
    struct world *world = open_world(STAGE_DURABLE, ADMIN_TOKEN);
    put_key(world, "*", "");
    redis_fixture_kill(&world->stage.server);
    stage_await_down(&world->stage);
    assert_int_equal(judge_key(world, &write_events), AUTH_STORE_DOWN);
    redis_fixture_restart(&world->stage.server, STAGE_DURABLE);
    stage_await_up(&world->stage);
    assert_int_equal(judge_key(world, &write_events), AUTH_GRANTED);
    put_key(world, "*", "");
    const char *const headers[] = {"Authorization", world->header, NULL};
    call_fixture_start(&fixture, &write_events, headers);
    assert_int_equal(auth_check(world->auth, &fixture.call), AUTH_LATER);
    int before = world->answers;
    auth_resolve(world->auth, &fixture.call, on_verdict);
    stage_free_store(&world->stage);
    auth_free(&world->auth);
    assert_int_equal(world->answers, before + 1);
    assert_int_equal(world->verdict, AUTH_STORE_DOWN);
    close_world(world);
}

int main(void)
{
    static const struct service_definition definition = {
        .name = "ingest", .metrics = ingest_metrics, .metrics_count = INGEST_METRICS_COUNT};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_does_what_its_scopes_allow),
        cmocka_unit_test(what_is_no_key_is_refused_before_any_look_up),
        cmocka_unit_test(unknown_and_expired_keys_are_bad),
        cmocka_unit_test(a_change_is_obeyed_at_once),
        cmocka_unit_test(the_admin_has_routes_of_its_own),
        cmocka_unit_test(many_who_ask_at_once_ask_redis_once),
        cmocka_unit_test(forged_keys_drive_out_no_real_one),
        cmocka_unit_test(a_redis_that_is_down_is_not_a_bad_key),
    };
    service_metrics_start(&definition, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
