/*
 * publish_test.c - every event is answered once, in order, and only when its promise holds
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "fake_redis_fixture.h"
#include "ingest/publish.h"
#include "loop_fixture.h"
#include "stage_fixture.h"

#define ITEMS_MAX 1500
#define ID_SIZE (EVENT_ID_LEN + 1)

struct world {
    struct stage stage;
    struct publisher *publisher;
    struct hook_event events[ITEMS_MAX];
    struct publish_item items[ITEMS_MAX];
    enum status status[ITEMS_MAX];
    enum publish_word word[ITEMS_MAX];
    enum durability durability[ITEMS_MAX];
    char id[ITEMS_MAX][ID_SIZE];
    char dedup[ITEMS_MAX][32];
    int times[ITEMS_MAX], order[ITEMS_MAX];
    int answers;
};

static bool is_up(void *self)
{
    return publisher_is_up(self);
}

static int calls;

static void observe(const char *what, int64_t us, enum status status,
                    const struct redis_reply *reply)
{
    (void)us, (void)status, (void)reply;
    calls += strcmp(what, "publish") == 0;
}

static void start(struct world *world, int64_t max_depth)
{
    struct publisher_options options = {
        .max_depth = max_depth, .dedup_window_ms = 60000, .client_name = "test"};
    world->publisher = publisher_new(world->stage.loop, world->stage.store, &options);
    run_until(world->stage.loop, is_up, world->publisher);
    calls = 0;
    redis_set_observer(observe);
}

static struct world *open_world(const char *options, uint32_t partitions, int64_t max_depth)
{
    struct world *world = calloc(1, sizeof *world);
    stage_open(&world->stage, options, partitions);
    start(world, max_depth);
    return world;
}

static void close_world(struct world *world)
{
    redis_set_observer(NULL);
    stage_free_store(&world->stage);
    publisher_free(&world->publisher);
    stage_close(&world->stage);
    free(world);
}

static void answered(struct publish_item *item, enum status status, enum publish_word word,
                     const char *id, enum durability durability)
{
    struct world *world = item->self;
    size_t index = (size_t)(item - world->items);
    world->times[index]++;
    world->status[index] = status;
    world->word[index] = word;
    world->durability[index] = durability;
    snprintf(world->id[index], ID_SIZE, "%s", id);
    world->order[world->answers++] = (int)index;
}

static const struct rate_limit unlimited[RATES];

static void add_limited(struct world *world, int index, const char *org, const char *dedup,
                        struct slice data, const struct rate_limit *limits)
{
    snprintf(world->dedup[index], sizeof world->dedup[index], "%s", dedup);
    world->events[index] = (struct hook_event){.type = SLICE("a.b"),
                                               .data = data,
                                               .dedup_id = slice_of(world->dedup[index]),
                                               .occurred_at_ms = -1,
                                               .deliver_at_ms = -1,
                                               .delay_ms = -1};
    world->items[index] = (struct publish_item){.org = slice_of(org),
                                                .trace = SLICE("trace"),
                                                .request = SLICE("req"),
                                                .limits = limits,
                                                .event = &world->events[index],
                                                .answered = answered,
                                                .self = world};
    publisher_add(world->publisher, &world->items[index]);
}

static void add(struct world *world, int index, const char *org, const char *dedup,
                struct slice data)
{
    add_limited(world, index, org, dedup, data, unlimited);
}

static void add_plain(struct world *world, int from, int to)
{
    for (int i = from; i < to; i++)
        add(world, i, "org_1", "", SLICE("{}"));
}

static void await(struct world *world, int answers)
{
    run_until_count(world->stage.loop, &world->answers, answers);
    assert_int_equal(world->answers, answers);
    for (int i = 0; i < answers; i++)
        assert_int_equal(world->times[world->order[i]], 1);
}

static long long logged(const struct world *world, const char *partition)
{
    char script[128];
    snprintf(script, sizeof script, "return redis.call('XLEN', 'mr:{%s}:events')", partition);
    return stage_number(&world->stage, script);
}

static void a_turn_goes_in_batches_and_is_answered_in_order(void **state)
{
    (void)state;
    struct world *world = open_world("", 1, 1000000);
    add_plain(world, 0, 450);
    assert_int_equal(world->answers, 0);
    await(world, 450);
    assert_int_equal(calls, 3);
    assert_int_equal(logged(world, "0"), 450);
    for (int i = 0; i < 450; i++) {
        assert_int_equal(world->order[i], i);
        assert_int_equal(world->status[i], STATUS_OK);
        assert_int_equal(world->word[i], PUBLISH_ACCEPTED);
        assert_true(i == 0 || strcmp(world->id[i - 1], world->id[i]) < 0);
    }
    close_world(world);
}

static void repeats_are_told_the_first_id(void **state)
{
    (void)state;
    struct world *world = open_world("", 1, 1000000);
    add(world, 0, "org_1", "d1", SLICE("{}"));
    add(world, 1, "org_1", "d1", SLICE("{}"));
    add(world, 2, "org_1", "d1", SLICE("[]"));
    add(world, 3, "org_2", "d1", SLICE("{}"));
    add(world, 4, "org_1", "", SLICE("{}"));
    await(world, 5);
    add(world, 5, "org_1", "d1", SLICE("{}"));
    await(world, 6);
    static const enum publish_word words[] = {PUBLISH_ACCEPTED, PUBLISH_DUPLICATE,
                                              PUBLISH_MISMATCH, PUBLISH_ACCEPTED,
                                              PUBLISH_ACCEPTED, PUBLISH_DUPLICATE};
    for (int i = 0; i < 6; i++)
        assert_int_equal(world->word[i], words[i]);
    assert_string_equal(world->id[1], world->id[0]);
    assert_string_equal(world->id[2], world->id[0]);
    assert_string_equal(world->id[5], world->id[0]);
    assert_string_not_equal(world->id[3], world->id[0]);
    assert_int_equal(logged(world, "0"), 3);
    close_world(world);
}

static void a_full_backlog_refuses_new_ones_only(void **state)
{
    (void)state;
    struct world *world = open_world("", 1, 3);
    add(world, 0, "org_1", "d1", SLICE("{}"));
    add_plain(world, 1, 5);
    add(world, 5, "org_1", "d1", SLICE("{}"));
    await(world, 6);
    assert_int_equal(world->word[2], PUBLISH_ACCEPTED);
    assert_int_equal(world->word[3], PUBLISH_FULL);
    assert_int_equal(world->word[4], PUBLISH_FULL);
    assert_string_equal(world->id[4], "");
    assert_int_equal(world->word[5], PUBLISH_DUPLICATE);
    close_world(world);
}

static void assert_rate(const struct world *world, int index, size_t which, int64_t remaining)
{
    const struct rate_state *rate = &world->items[index].rates[which];
    assert_true(rate->is_known);
    assert_int_equal(rate->remaining, remaining);
    assert_true(rate->reset_ms > 0);
    assert_int_equal(rate->retry_ms > 0, remaining == 0);
}

/* Two keys of one organization, and another organization without limits, in the same turn. */
static void clients_of_one_batch_have_their_own_limits(void **state)
{
    static const struct rate_limit org = {{"org_1", 5}, 1, 5};
    static const struct rate_limit key = {{"key_1", 5}, 1, 2};
    const struct rate_limit first[RATES] = {[RATE_ORG] = org, [RATE_KEY] = key};
    const struct rate_limit second[RATES] = {[RATE_ORG] = org};
    static const enum publish_word words[] = {PUBLISH_ACCEPTED, PUBLISH_ACCEPTED, PUBLISH_LIMITED,
                                              PUBLISH_ACCEPTED, PUBLISH_ACCEPTED, PUBLISH_ACCEPTED,
                                              PUBLISH_LIMITED,  PUBLISH_ACCEPTED, PUBLISH_LIMITED};
    (void)state;
    struct world *world = open_world("", 1, 1000000);
    for (int i = 0; i < 3; i++)
        add_limited(world, i, "org_1", "", SLICE("{}"), first);
    for (int i = 3; i < 7; i++)
        add_limited(world, i, "org_1", "", SLICE("{}"), second);
    add(world, 7, "org_2", "", SLICE("{}"));
    add_limited(world, 8, "org_1", "", SLICE("{}"), first);
    await(world, 9);
    assert_int_equal(calls, 1);
    for (int i = 0; i < 9; i++) {
        assert_int_equal(world->status[i], STATUS_OK);
        assert_int_equal(world->word[i], words[i]);
        assert_int_equal(strlen(world->id[i]), words[i] == PUBLISH_LIMITED ? 0 : EVENT_ID_LEN);
    }
    for (int i = 0; i < 3; i++)
        assert_rate(world, i, RATE_KEY, 0);
    for (int i = 0; i < 7; i++)
        assert_rate(world, i, RATE_ORG, 0);
    assert_false(world->items[3].rates[RATE_KEY].is_known);
    assert_false(world->items[7].rates[RATE_ORG].is_known);
    assert_int_equal(logged(world, "0"), 6);
    close_world(world);
}

/* The state is in Redis: what one call took, the next one misses; repeats count, too. */
static void limits_hold_from_call_to_call(void **state)
{
    static const struct rate_limit limits[RATES] = {[RATE_KEY] = {{"key_1", 5}, 1, 3}};
    (void)state;
    struct world *world = open_world("", 1, 1000000);
    for (int i = 0; i < 4; i++) {
        add_limited(world, i, "org_1", "d1", SLICE("{}"), limits);
        await(world, i + 1);
        assert_rate(world, i, RATE_KEY, i < 3 ? 2 - i : 0);
        assert_int_equal(world->word[i], i == 0  ? PUBLISH_ACCEPTED
                                         : i < 3 ? PUBLISH_DUPLICATE
                                                 : PUBLISH_LIMITED);
    }
    assert_int_equal(calls, 4);
    assert_in_range(world->items[3].rates[RATE_KEY].retry_ms, 1, 1000);
    assert_in_range(world->items[3].rates[RATE_KEY].reset_ms, 2001, 3000);
    close_world(world);
}

static void each_partition_has_calls_of_its_own(void **state)
{
    char org[ITEMS_MAX][16];
    (void)state;
    struct world *world = open_world("", 4, 1000000);
    for (int i = 0; i < 40; i++) {
        snprintf(org[i], sizeof org[i], "org_%d", i);
        add(world, i, org[i], "", SLICE("{}"));
    }
    await(world, 40);
    assert_int_equal(calls, 4);
    long long total = 0;
    for (int i = 0; i < 4; i++) {
        char partition[4];
        snprintf(partition, sizeof partition, "%d", i);
        assert_true(logged(world, partition) > 0);
        total += logged(world, partition);
    }
    assert_int_equal(total, 40);
    for (int i = 0; i < 40; i++) {
        struct event_id id;
        assert_int_equal(event_id_parse(slice_of(world->id[i]), &id), STATUS_OK);
        assert_int_equal(id.partition, partition_of(slice_of(org[i]), 4));
    }
    close_world(world);
}

static void large_events_do_not_share_a_call(void **state)
{
    enum { LARGE = 12 << 20 };
    (void)state;
    struct world *world = open_world("", 1, 1000000);
    char *large = malloc(LARGE);
    memset(large, '1', LARGE);
    add_plain(world, 0, 2);
    add(world, 2, "org_1", "", (struct slice){large, LARGE});
    add_plain(world, 3, 4);
    add(world, 4, "org_1", "", (struct slice){large, LARGE});
    await(world, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(world->status[i], STATUS_OK);
    assert_int_equal(calls, 4);
    assert_int_equal(logged(world, "0"), 5);
    free(large);
    close_world(world);
}

/* Each is answered once: OK when the answer came before, else UNSURE for what was sent and DOWN for
 * what was not. What was accepted is in the log. */
static void a_killed_redis_leaves_no_one_waiting(void **state)
{
    (void)state;
    struct world *world = open_world(STAGE_DURABLE, 1, 1000000);
    int count[STATUS_CANCELLED + 1] = {0};
    add_plain(world, 0, 600);
    redis_fixture_pause(&world->stage.server);
    run_turns(world->stage.loop, 20); /* sent, and nothing comes back */
    assert_int_equal(world->answers, 0);
    redis_fixture_kill(&world->stage.server);
    await(world, 600);
    for (int i = 0; i < 600; i++)
        assert_int_equal(world->status[i], STATUS_UNSURE);
    add_plain(world, 600, 700);
    await(world, 700);
    for (int i = 600; i < 700; i++)
        assert_int_equal(world->status[i], STATUS_DOWN);
    assert_false(publisher_is_up(world->publisher));
    redis_fixture_restart(&world->stage.server, STAGE_DURABLE);
    run_until(world->stage.loop, is_up, world->publisher);
    add_plain(world, 700, 710);
    await(world, 710);
    for (int i = 0; i < 710; i++)
        count[world->status[i]]++;
    assert_int_equal(count[STATUS_OK], 10);
    close_world(world);
}

static void the_end_answers_all(void **state)
{
    (void)state;
    struct world *world = open_world("", 2, 1000000);
    add_plain(world, 0, 5);
    redis_fixture_pause(&world->stage.server);
    run_turns(world->stage.loop, 10);
    add_plain(world, 5, 8); /* of this turn: not sent yet */
    stage_free_store(&world->stage);
    publisher_free(&world->publisher);
    assert_int_equal(world->answers, 8);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(world->times[i], 1);
        assert_int_equal(world->status[i], i < 5 ? STATUS_UNSURE : STATUS_DOWN);
    }
    redis_fixture_resume(&world->stage.server);
    close_world(world);
}

/* Of the connection with this name. */
static const char *client_id(const struct world *world, const char *name)
{
    static char id[24];
    char wanted[64];
    snprintf(wanted, sizeof wanted, " name=%s ", name);
    const char *list = redis_fixture_ask(&world->stage.server, "CLIENT LIST");
    const char *at = strstr(list, wanted);
    assert_non_null(at);
    while (at > list && at[-1] != '\n')
        at--;
    assert_int_equal(sscanf(at, "id=%23[0-9]", id), 1);
    return id;
}

static struct world *open_durable_world(void)
{
    struct world *world = calloc(1, sizeof *world);
    stage_open(&world->stage, STAGE_DURABLE, 1);
    stage_free_store(&world->stage);
    struct store_options options = {.address = redis_fixture_address(&world->stage.server),
                                    .client_name = "store",
                                    .partitions = 1,
                                    .durability = DURABILITY_FSYNC};
    world->stage.store = store_new(world->stage.loop, &options);
    stage_await_up(&world->stage);
    start(world, 1000000);
    return world;
}

static bool is_fsync(void *self)
{
    return store_durability(self) == DURABILITY_FSYNC;
}

/* The publisher's own connection is lost, and the store's is not: by the time there is another one Redis may promise less. */
static void an_accept_says_what_was_known_when_it_was_sent(void **state)
{
    (void)state;
    struct world *world = open_durable_world();
    add_plain(world, 0, 1);
    await(world, 1);
    assert_int_equal(world->durability[0], DURABILITY_FSYNC);
    redis_fixture_ask(&world->stage.server, "CONFIG SET appendfsync no");
    redis_fixture_ask(&world->stage.server, "CLIENT KILL ID %s",
                      client_id(world, "test")); /* nobody has told the store */
    while (publisher_is_up(world->publisher))
        run_turns(world->stage.loop, 1);
    run_until(world->stage.loop, is_up, world->publisher);
    add_plain(world, 1, 2);
    await(world, 2);
    assert_int_equal(world->status[1], STATUS_OK);
    assert_int_equal(world->durability[1], DURABILITY_RELAXED);
    redis_fixture_ask(&world->stage.server, "CONFIG SET appendfsync always");
    run_until(world->stage.loop, is_fsync, world->stage.store);
    redis_fixture_pause(&world->stage.server);
    add_plain(world, 2, 3);
    run_turns(world->stage.loop, 20); /* sent */
    store_doubt(world->stage.store);
    redis_fixture_resume(&world->stage.server);
    await(world, 3);
    assert_int_equal(world->durability[2], DURABILITY_FSYNC);
    close_world(world);
}

#define INFO                                                                                       \
    "$73\r\n# Server\r\nredis_version:7.4.0\r\nrole:master\r\nmaxmemory_policy:noeviction\r\n\r\n"
#define CONFIG                                                                                     \
    "*6\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n$11\r\nappendfsync\r\n$8\r\neverysec"                 \
    "\r\n$25\r\nno-appendfsync-on-rewrite\r\n$2\r\nno\r\n"

/* A Redis that syncs once a second, so that an accept waits for WAITAOF. */
static struct world *open_syncing_world(struct fake_redis *fake, const char *first_call,
                                        const char *synced)
{
    const struct fake_answer answers[] = {
        {"INFO", INFO},
        {"CONFIG GET", CONFIG},
        {"HMGET MR:META", "*2\r\n$1\r\n1\r\n$1\r\n1\r\n"},
        {"EVALSHA", first_call},
        {"EVALSHA", "*2\r\n$8\r\naccepted\r\n$15\r\n1700000000000-7\r\n"},
        {"WAITAOF", synced},
        {NULL, NULL}};
    struct world *world = calloc(1, sizeof *world);
    log_set_fd(-1);
    fake_redis_start(fake, answers);
    world->stage.loop = loop_new();
    struct store_options options = {.address = fake_redis_address(fake),
                                    .client_name = "test",
                                    .partitions = 1,
                                    .durability = DURABILITY_FSYNC};
    world->stage.store = store_new(world->stage.loop, &options);
    stage_await_up(&world->stage);
    assert_true(store_needs_waitaof(world->stage.store));
    start(world, 1000);
    return world;
}

static void close_syncing_world(struct world *world, struct fake_redis *fake)
{
    redis_set_observer(NULL);
    stage_free_store(&world->stage);
    publisher_free(&world->publisher);
    loop_free(&world->stage.loop);
    fake_redis_stop(fake);
    free(world);
}

static void an_accept_waits_for_the_sync(void **state)
{
    static const struct {
        const char *synced;
        enum status status;
    } cases[] = {
        {"*2\r\n:1\r\n:0\r\n", STATUS_OK},
        {"*2\r\n:0\r\n:0\r\n", STATUS_UNSURE}, /* not in time */
        {"-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n",
         STATUS_UNSURE},
        {"close", STATUS_UNSURE}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake_redis fake;
        struct world *world = open_syncing_world(
            &fake, "*2\r\n$8\r\naccepted\r\n$15\r\n1700000000000-7\r\n", cases[i].synced);
        add_plain(world, 0, 1);
        await(world, 1);
        assert_int_equal(world->status[0], cases[i].status);
        if (cases[i].status == STATUS_OK)
            assert_int_equal(world->durability[0], DURABILITY_FSYNC);
        close_syncing_world(world, &fake);
    }
}

/* Redis has forgotten the script: the call is made again, behind the WAITAOF of its turn. */
static void a_call_made_again_is_synced_too(void **state)
{
    struct fake_redis fake;
    (void)state;
    struct world *world = open_syncing_world(
        &fake, "once -NOSCRIPT No matching script. Please use EVAL.\r\n", "*2\r\n:1\r\n:0\r\n");
    add_plain(world, 0, 1);
    await(world, 1);
    assert_int_equal(world->status[0], STATUS_OK);
    assert_int_equal(world->word[0], PUBLISH_ACCEPTED);
    assert_int_equal(calls, 2);
    close_syncing_world(world, &fake);
}

/* Words without the numbers of the limiter they were asked with: what was done is not known. */
static void an_answer_without_its_numbers_is_none(void **state)
{
    static const struct rate_limit limits[RATES] = {[RATE_ORG] = {{"org_1", 5}, 1, 3}};
    struct fake_redis fake;
    (void)state;
    log_set_fd(-1);
    struct world *world = open_syncing_world(
        &fake, "*2\r\n$8\r\naccepted\r\n$15\r\n1700000000000-7\r\n", "*2\r\n:1\r\n:0\r\n");
    add_limited(world, 0, "org_1", "", SLICE("{}"), limits);
    await(world, 1);
    assert_int_equal(world->status[0], STATUS_UNSURE);
    close_syncing_world(world, &fake);
}

static void the_end_answers_what_waits_for_a_sync(void **state)
{
    struct fake_redis fake;
    (void)state;
    struct world *world =
        open_syncing_world(&fake, "*2\r\n$8\r\naccepted\r\n$15\r\n1700000000000-7\r\n", "");
    add_plain(world, 0, 1);
    run_until_count(world->stage.loop, &calls, 1);
    run_turns(world->stage.loop, 5);
    assert_int_equal(world->answers, 0);
    publisher_free(&world->publisher);
    assert_int_equal(world->answers, 1);
    assert_int_equal(world->status[0], STATUS_UNSURE);
    close_syncing_world(world, &fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_goes_in_batches_and_is_answered_in_order),
        cmocka_unit_test(repeats_are_told_the_first_id),
        cmocka_unit_test(a_full_backlog_refuses_new_ones_only),
        cmocka_unit_test(clients_of_one_batch_have_their_own_limits),
        cmocka_unit_test(limits_hold_from_call_to_call),
        cmocka_unit_test(each_partition_has_calls_of_its_own),
        cmocka_unit_test(large_events_do_not_share_a_call),
        cmocka_unit_test(a_killed_redis_leaves_no_one_waiting),
        cmocka_unit_test(the_end_answers_all),
        cmocka_unit_test(an_accept_says_what_was_known_when_it_was_sent),
        cmocka_unit_test(an_accept_waits_for_the_sync),
        cmocka_unit_test(a_call_made_again_is_synced_too),
        cmocka_unit_test(an_answer_without_its_numbers_is_none),
        cmocka_unit_test(the_end_answers_what_waits_for_a_sync),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
