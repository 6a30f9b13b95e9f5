/*
 * configure_test.c - whoever is told that a record is written may count on every process to learn of it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "call_fixture.h"
#include "fake_redis_fixture.h"
#include "ingest/configure.h"
#include "loop_fixture.h"
#include "stage_fixture.h"

#define META                                                                                       \
    {"INFO", "$54\r\nredis_version:7.0.0\r\nrole:master\r\nmaxmemory_policy:a\r\n\r\n"},           \
        {"CONFIG GET", "*0\r\n"},                                                                  \
    {                                                                                              \
        "HMGET MR:META", "*2\r\n$1\r\n1\r\n$1\r\n1\r\n"                                            \
    }
#define WRITTEN                                                                                    \
    {                                                                                              \
        "EVALSHA", "once +written\r\n"                                                             \
    }
#define AUDITED                                                                                    \
    {                                                                                              \
        "XADD MR:{0}:AUDIT", "$3\r\n1-1\r\n"                                                       \
    }
#define FULL "-OOM command not allowed when used memory > 'maxmemory'.\r\n"

struct world {
    struct fake_redis fake;
    struct loop *loop;
    struct store *store;
    struct configurer *configurer;
    struct call_fixture who;
    int answers;
    enum status status;
};

static const char *const no_headers[] = {NULL};

static bool is_ready(void *self)
{
    return store_is_ready(self);
}

static struct world *open_world(const struct fake_answer *answers)
{
    struct world *world = calloc(1, sizeof *world);
    log_set_fd(-1);
    fake_redis_start(&world->fake, answers);
    world->loop = loop_new();
    struct store_options options = {
        .address = fake_redis_address(&world->fake), .client_name = "test", .partitions = 1};
    world->store = store_new(world->loop, &options);
    run_until(world->loop, is_ready, world->store);
    world->configurer = configurer_new(world->loop, world->store);
    call_fixture_start(&world->who, NULL, no_headers);
    return world;
}

static void close_world(struct world *world)
{
    store_free(&world->store);
    configurer_free(&world->configurer);
    call_fixture_end(&world->who);
    loop_free(&world->loop);
    fake_redis_stop(&world->fake);
    free(world);
}

static void on_configured(enum status status, void *self)
{
    struct world *world = self;
    world->answers++;
    world->status = status;
}

static void write(struct world *world)
{
    const struct slice fields[] = {SLICE("id"), SLICE("org_1")};
    struct configure_change change = {.record = key_org(SLICE("org_1")),
                                      .rule = CONFIGURE_CREATE,
                                      .kind = "org",
                                      .id = SLICE("org_1"),
                                      .org = SLICE("org_1"),
                                      .action = "organization.created",
                                      .target = SLICE("org_1"),
                                      .call = &world->who.call};
    configure_write(world->configurer, &change, fields, 2, on_configured, world);
    assert_int_equal(world->answers, 0);
}

/* Written by what Redis says, and how it ends. */
static void refusals_are_told(void **state)
{
    static const struct {
        const char *answer;
        enum status status;
    } cases[] = {{"+exists\r\n", STATUS_INVALID},
                 {"+absent\r\n", STATUS_ABSENT},
                 {FULL, STATUS_DOWN},
                 {"close", STATUS_UNSURE},
                 {"+written\r\n", STATUS_OK}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct fake_answer answers[] = {
            META, AUDITED, {"EVALSHA", cases[i].answer}, {NULL, NULL}};
        struct world *world = open_world(answers);
        write(world);
        run_until_count(world->loop, &world->answers, 1);
        assert_int_equal(world->status, cases[i].status);
        close_world(world);
    }
}

static void an_announcement_is_repeated_until_it_is_in(void **state)
{
    static const struct fake_answer answers[] = {META,
                                                 AUDITED,
                                                 WRITTEN,
                                                 {"EVALSHA", "once " FULL},
                                                 {"EVALSHA", "once " FULL},
                                                 {"EVALSHA", "$3\r\n1-1\r\n"},
                                                 {NULL, NULL}};
    (void)state;
    struct world *world = open_world(answers);
    int64_t began_mono_ms = clock_mono_ms();
    write(world);
    run_until_count(world->loop, &world->answers, 1);
    assert_int_equal(world->status, STATUS_OK);
    assert_true(clock_mono_ms() - began_mono_ms >= 2 * 400); /* twice a little less than 500 ms */
    close_world(world);
}

static void after_ten_seconds_the_outcome_is_unknown(void **state)
{
    static const struct fake_answer answers[] = {
        META, AUDITED, WRITTEN, {"EVALSHA", FULL}, {NULL, NULL}};
    (void)state;
    struct world *world = open_world(answers);
    int64_t began_mono_ms = clock_mono_ms();
    write(world);
    run_until_count(world->loop, &world->answers, 1);
    assert_int_equal(world->status, STATUS_UNSURE);
    assert_true(clock_mono_ms() - began_mono_ms >= 10000);
    close_world(world);
}

static void on_pong(enum status status, const struct redis_reply *reply, void *self)
{
    int *pongs = self;
    (void)status, (void)reply;
    ++*pongs;
}

/* All that was sent so far: answers come in its order. */
static void await_answers(struct world *world)
{
    int pongs = 0;
    redis_sendf(store_redis(world->store), on_pong, &pongs, "PING");
    run_until_count(world->loop, &pongs, 1);
}

static void the_end_answers_those_who_wait(void **state)
{
    static const struct fake_answer refused[] = {
        META, AUDITED, WRITTEN, {"EVALSHA", FULL}, {NULL, NULL}};
    static const struct fake_answer silent[] = {
        META, AUDITED, WRITTEN, {"EVALSHA", ""}, {NULL, NULL}};
    (void)state;
    struct world *world = open_world(refused); /* to be announced again */
    write(world);
    await_answers(world); /* of the write */
    await_answers(world); /* of the announcement */
    store_free(&world->store);
    assert_int_equal(world->answers, 0);
    configurer_free(&world->configurer);
    assert_int_equal(world->answers, 1);
    assert_int_equal(world->status, STATUS_UNSURE);
    close_world(world);
    world = open_world(silent); /* being announced */
    write(world);
    run_turns(world->loop, 50);
    store_free(&world->store);
    assert_int_equal(world->answers, 1);
    assert_int_equal(world->status, STATUS_UNSURE);
    close_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_are_told),
        cmocka_unit_test(an_announcement_is_repeated_until_it_is_in),
        cmocka_unit_test(after_ten_seconds_the_outcome_is_unknown),
        cmocka_unit_test(the_end_answers_those_who_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
