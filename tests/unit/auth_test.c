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
    struct account_book *book;
    struct auth *auth;
    int answers;
    enum auth_verdict verdict; /* the last one */
    char org[64], key_id[64], limiters[RATES][64];
    struct rate_limit limits[RATES]; /* their ids are in limiters */
    char key[API_KEY_LEN + 1], header[128], hash[API_KEY_HASH_LEN + 1];
};

static struct world *answering; /* a verdict's callback gets nothing but its call */

static struct world *open_world(const char *options, const char *admin_token)
{
    struct world *world = calloc(1, sizeof *world);
    stage_open(&world->stage, options, 1);
    struct account_book_options book = {.max = 100, .ttl_ms = 3600000, .negative_ttl_ms = 3600000};
    struct auth_options auth = {.admin_token = admin_token, .rate = {1000, 2000}};
    world->book = account_book_new(world->stage.loop, world->stage.store, &book);
    world->auth = auth_new(world->book, &auth);
    redis_fixture_ask(&world->stage.server, "HSET mr:org:org_1 id org_1 name o");
    answering = world;
    return world;
}

static void close_world(struct world *world)
{
    stage_free_store(&world->stage);
    account_book_free(&world->book);
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
    for (size_t i = 0; i < RATES; i++) {
        answering->limits[i] = call->principal.limits[i];
        assert_int_equal(slice_to_text(call->principal.limits[i].id, answering->limiters[i],
                                       sizeof answering->limiters[i]),
                         STATUS_OK);
    }
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
    assert_int_equal(stage_calls(&world->stage, "hgetall"), 2); /* asked once for all of these */
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
    account_book_apply(world->book, &other);
    assert_int_equal(judge_key(world, &write_events), AUTH_GRANTED);
    account_book_apply(world->book, &change);
    assert_int_equal(judge_key(world, &write_events), AUTH_BAD_KEY);
    redis_fixture_ask(&world->stage.server, "HSET %s id k org org_1 scopes * expires_at %s",
                      stage_key(key_api_key(slice_of(world->hash))), "");
    account_book_apply(world->book, &flush);
    assert_int_equal(judge_key(world, &write_events), AUTH_GRANTED);
    close_world(world);
}

static void announce_organization(struct world *world)
{
    struct config_change change = {
        .kind = SLICE("org"), .id = SLICE("org_1"), .org = SLICE("org_1")};
    account_book_apply(world->book, &change);
}

static void a_key_counts_as_long_as_its_organization(void **state)
{
    (void)state;
    struct world *world = open_world("", ADMIN_TOKEN);
    put_key(world, "*", "");
    assert_int_equal(judge_key(world, &write_events), AUTH_GRANTED);
    redis_fixture_ask(&world->stage.server, "HSET mr:org:org_1 deleted_at 1700000000000");
    announce_organization(world);
    assert_int_equal(judge_key(world, &write_events), AUTH_BAD_KEY);
    assert_string_equal(world->org, "");
    assert_int_equal(judge_key(world, &write_events), AUTH_BAD_KEY); /* remembered */
    assert_int_equal(stage_calls(&world->stage, "hgetall"), 3);
    redis_fixture_ask(&world->stage.server, "HSET mr:org:org_1 deleted_at %s",
                      "x"); /* unreadable */
    announce_organization(world);
    assert_int_equal(judge_key(world, &write_events), AUTH_BAD_KEY);
    redis_fixture_ask(&world->stage.server, "DEL mr:org:org_1");
    announce_organization(world);
    assert_int_equal(judge_key(world, &write_events), AUTH_BAD_KEY);
    redis_fixture_ask(&world->stage.server, "HSET mr:org:org_1 id org_1 name o");
    announce_organization(world);
    assert_int_equal(judge_key(world, &write_events), AUTH_GRANTED);
    close_world(world);
}

static void assert_limits(struct world *world, int64_t org_burst, int64_t key_burst)
{
    judge_key(world, &write_events);
    assert_int_equal(world->verdict, AUTH_GRANTED);
    assert_true(slice_is(slice_of(world->limiters[RATE_ORG]), "org_1"));
    assert_true(slice_is(slice_of(world->limiters[RATE_KEY]), "key_1"));
    assert_int_equal(world->limits[RATE_ORG].burst, org_burst);
    assert_int_equal(world->limits[RATE_KEY].burst, key_burst);
}

static void limits_are_the_organizations_and_the_keys(void **state)
{
    (void)state;
    struct world *world = open_world("", ADMIN_TOKEN);
    put_key(world, "*", "");
    assert_limits(world, 2000, 0); /* the setting's */
    redis_fixture_ask(&world->stage.server, "HSET mr:org:org_1 rate_per_second 5 rate_burst 6");
    announce_organization(world);
    assert_limits(world, 6, 0);
    put_key(world, "*", "");
    redis_fixture_ask(&world->stage.server, "HSET %s rate_per_second 7 rate_burst 8",
                      stage_key(key_api_key(slice_of(world->hash))));
    assert_limits(world, 6, 8);
    assert_int_equal(world->limits[RATE_ORG].per_second, 5);
    assert_int_equal(world->limits[RATE_KEY].per_second, 7);
    close_world(world);
}

static const char *last_used(struct world *world)
{
    char script[256];
    snprintf(script, sizeof script, "return redis.call('HGET', '%s', 'last_used_at') or 'never'",
             stage_key(key_api_key(slice_of(world->hash))));
    return stage_eval(&world->stage, script);
}

static bool is_noted(void *self)
{
    return strcmp(last_used(self), "never") != 0;
}

static void uses_are_noted_now_and_then(void **state)
{
    (void)state;
    struct world *world = open_world("", ADMIN_TOKEN);
    struct config_change flush = {.flush = true};
    put_key(world, "events:write", "");
    judge_key(world, &write_keys); /* refused: no use */
    assert_string_equal(last_used(world), "never");
    const int64_t began_at_ms = clock_wall_ms();
    judge_key(world, &write_events);
    run_until(world->stage.loop, is_noted, world);
    const int64_t noted_at_ms = strtoll(last_used(world), NULL, 10);
    assert_in_range(noted_at_ms, began_at_ms, clock_wall_ms());
    const long long calls = stage_calls(&world->stage, "evalsha");
    judge_key(world, &write_events);
    account_book_apply(world->book, &flush);
    judge_key(world, &write_events); /* as another process that reads the record */
    run_turns(world->stage.loop, 10);
    assert_int_equal(stage_calls(&world->stage, "evalsha"), calls);
    for (int minutes = 9; minutes <= 10; minutes++) {
        redis_fixture_ask(&world->stage.server, "HSET %s last_used_at %lld",
                          stage_key(key_api_key(slice_of(world->hash))),
                          (long long)noted_at_ms - minutes * 60000);
        account_book_apply(world->book, &flush);
        judge_key(world, &write_events);
        run_turns(world->stage.loop, 10);
        assert_int_equal(stage_calls(&world->stage, "evalsha"), calls + minutes - 9);
    }
    close_world(world);
}

static void a_use_makes_no_record(void **state)
{
    (void)state;
    struct world *world = open_world("", ADMIN_TOKEN);
    put_key(world, "events:write", "");
    judge_key(world, &write_keys); /* cached, not noted */
    redis_fixture_ask(&world->stage.server, "DEL %s",
                      stage_key(key_api_key(slice_of(world->hash))));
    const long long calls = stage_calls(&world->stage, "evalsha");
    assert_int_equal(judge_key(world, &write_events), AUTH_GRANTED);
    run_turns(world->stage.loop, 10);
    assert_int_equal(stage_calls(&world->stage, "evalsha"), calls + 1);
    assert_string_equal(last_used(world), "never");
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
    assert_int_equal(stage_calls(&world->stage, "hgetall"), 2); /* the key, its organization */
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
    assert_int_equal(stage_calls(&world->stage, "hgetall"), 152);
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
    account_book_free(&world->book);
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
        cmocka_unit_test(a_key_counts_as_long_as_its_organization),
        cmocka_unit_test(limits_are_the_organizations_and_the_keys),
        cmocka_unit_test(uses_are_noted_now_and_then),
        cmocka_unit_test(a_use_makes_no_record),
        cmocka_unit_test(the_admin_has_routes_of_its_own),
        cmocka_unit_test(many_who_ask_at_once_ask_redis_once),
        cmocka_unit_test(forged_keys_drive_out_no_real_one),
        cmocka_unit_test(a_redis_that_is_down_is_not_a_bad_key),
    };
    service_metrics_start(&definition, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
