/*
 * fanout_test.c - each endpoint of each event gets exactly one delivery, whatever happens meanwhile
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "holder_fixture.h"
#include "io/consumer_private.h"
#include "loop_fixture.h"
#include "processor/fanout.h"
#include "stage_fixture.h"

#define CONSUMER "p1"
#define ENDPOINT_SIZE 25

struct world {
    struct stage stage;
    struct consumer *consumer;
    struct due *due;
    struct fanout *fanout;
    struct work *works; /* not ended yet, linked by older */
    int ended, done, refused;
    long long first_ms; /* ids of the entries: <first_ms>-0, -1, … */
};

static int calls;            /* of the script, answered */
static int stop_after_calls; /* then the loop stops: a crash between two calls */
static struct loop *stopping;

static void observe(const char *what, int64_t us, enum status status,
                    const struct redis_reply *reply)
{
    (void)us, (void)status, (void)reply;
    if (strcmp(what, "fanout") == 0 && ++calls == stop_after_calls)
        loop_stop(stopping);
}

static void end_work(struct world *world, struct work *work)
{
    struct work **at = &world->works;
    while (*at != work)
        at = &(*at)->older;
    *at = work->older;
    for (size_t i = 0; i < work->endpoints_count; i++)
        free((void *)(uintptr_t)work->endpoints[i]);
    work_free(&work);
}

static void on_end(struct work *work, enum fanout_end end, void *self)
{
    struct world *world = self;
    *(end == FANOUT_DONE ? &world->done : &world->refused) += 1;
    world->ended++;
    consumer_release(world->consumer, work->entry);
    end_work(world, work);
}

static void start_fanout(struct world *world)
{
    world->consumer = holder_new(&world->stage, KEY_EVENTS, GROUP_PROCESSOR, CONSUMER);
    world->due = due_new(world->stage.loop, world->stage.redis, 0);
    struct fanout_options options = {.partition = 0,
                                     .consumer = world->consumer,
                                     .inline_max = 200,
                                     .due = world->due,
                                     .on_end = on_end,
                                     .self = world};
    world->fanout = fanout_new(world->stage.loop, world->stage.redis, &options);
    stopping = world->stage.loop;
    calls = stop_after_calls = 0;
    redis_set_observer(observe);
}

static struct world *open_world(const char *options)
{
    struct world *world = calloc(1, sizeof *world);
    stage_open(&world->stage, options, 1);
    redis_fixture_ask(&world->stage.server, "XGROUP CREATE mr:{0}:events processor 0 MKSTREAM");
    world->first_ms = clock_wall_ms();
    start_fanout(world);
    return world;
}

static void close_world(struct world *world)
{
    redis_set_observer(NULL);
    stage_free_store(&world->stage);
    fanout_free(&world->fanout);
    consumer_free(&world->consumer);
    due_free(&world->due);
    while (world->works)
        end_work(world, world->works);
    stage_close(&world->stage);
    free(world);
}

/* So many events, read by this consumer. */
static void log_events(struct world *world, int count, const char *consumer)
{
    char script[512];
    snprintf(script, sizeof script,
             "for i = 0, %d do redis.call('XADD', 'mr:{0}:events', '%lld-' .. i, 'n', i) end",
             count - 1, world->first_ms);
    stage_eval(&world->stage, script);
    if (strcmp(consumer, CONSUMER) == 0)
        holder_read(&world->stage, world->consumer, count);
    else
        redis_fixture_ask(&world->stage.server,
                          "XREADGROUP GROUP processor %s STREAMS mr:{0}:events >", consumer);
}

static struct work *work_of(struct world *world, int index, const char *data, const char *after)
{
    struct slice fields[] = {SLICE("org"),     SLICE("org_1"),  SLICE("type"),  SLICE("a.b"),
                             SLICE("key"),     SLICE(""),       SLICE("trace"), SLICE("trace"),
                             SLICE("request"), SLICE("req"),    SLICE("time"),  SLICE("time"),
                             SLICE("after"),   slice_of(after), SLICE("to"),    SLICE(""),
                             SLICE("data"),    slice_of(data)};
    struct stream_id entry = {(uint64_t)world->first_ms, (uint64_t)index};
    struct work *work = work_new(entry, 0, fields, sizeof fields / sizeof fields[0]);
    assert_non_null(work);
    work->older = world->works;
    world->works = work;
    return work;
}

/* Endpoints ep_00…<from> to ep_00…<to - 1>, but one. */
static void set_endpoints(struct work *work, int from, int to, int without)
{
    work->endpoints = calloc((size_t)(to - from), sizeof *work->endpoints);
    for (int i = from; i < to; i++) {
        if (i == without)
            continue;
        char *id = malloc(ENDPOINT_SIZE);
        snprintf(id, ENDPOINT_SIZE, "ep_%020d", i);
        work->endpoints[work->endpoints_count++] = id;
    }
}

static void add_event(struct world *world, int index, int endpoints)
{
    struct work *work = work_of(world, index, "{}", "");
    set_endpoints(work, 0, endpoints, -1);
    fanout_add(world->fanout, work);
}

static long long length(const struct world *world, const char *command, const char *key)
{
    char script[128];
    snprintf(script, sizeof script, "return redis.call('%s', 'mr:{0}:%s')", command, key);
    return stage_number(&world->stage, script);
}

/* How many pairs of event and endpoint have a delivery; fails when one has two. */
static long long pairs(const struct world *world)
{
    long long count = stage_number(
        &world->stage, "local seen, n = {}, 0"
                       " for _, e in ipairs(redis.call('XRANGE', 'mr:{0}:deliveries', '-', '+')) do"
                       "  local pair = e[2][2]:match('^%S+ %S+')"
                       "  if seen[pair] then return 'twice: ' .. pair end"
                       "  seen[pair], n = true, n + 1"
                       " end return n");
    assert_int_equal(length(world, "XLEN", "deliveries"), count);
    return count;
}

static long long pending(const struct world *world)
{
    return stage_number(&world->stage,
                        "return redis.call('XPENDING', 'mr:{0}:events', 'processor')[1]");
}

static void assert_nothing_left(const struct world *world)
{
    assert_int_equal(pending(world), 0);
    assert_int_equal(length(world, "EXISTS", "cursors"), 0);
}

static void many_small_events_share_a_call(void **state)
{
    (void)state;
    struct world *world = open_world("");
    log_events(world, 450, CONSUMER);
    for (int i = 449; i >= 300; i--) /* in no order */
        add_event(world, i, 1);
    for (int i = 0; i < 300; i++)
        add_event(world, i, 1);
    assert_int_equal(world->done, 0);
    run_until_count(world->stage.loop, &world->done, 450);
    assert_int_equal(calls, 3);
    assert_int_equal(pairs(world), 450);
    assert_nothing_left(world);
    close_world(world);
}

static long long marks(const struct world *world, int chars)
{
    char script[192];
    snprintf(script, sizeof script,
             "local n = 0"
             " for _, mark in ipairs(redis.call('ZRANGE', 'mr:{0}:history:ep_%020d', 0, -1)) do"
             "  n = n + (#mark == %d and 1 or 0)"
             " end return n",
             0, chars);
    return stage_number(&world->stage, script);
}

static void each_event_has_the_mark_that_it_says(void **state)
{
    (void)state;
    static const size_t chars[] = {11, 12, 13, EVENT_ID_LEN};
    struct world *world = open_world("");
    log_events(world, 4, CONSUMER);
    for (int i = 0; i < 4; i++) {
        struct work *work = work_of(world, i, "{}", i == 1 ? "1" : "");
        assert_int_equal(work->mark_chars, EVENT_ID_LEN);
        work->mark_chars = chars[i];
        set_endpoints(work, 0, 1, -1);
        fanout_add(world->fanout, work);
    }
    run_until_count(world->stage.loop, &world->done, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(marks(world, (int)chars[i]), 1);
    close_world(world);
}

static void a_wide_event_goes_in_parts(void **state)
{
    (void)state;
    struct world *world = open_world("");
    log_events(world, 3, CONSUMER);
    add_event(world, 0, 1);
    add_event(world, 1, 1000);
    add_event(world, 2, 1);
    run_until_count(world->stage.loop, &world->done, 3);
    assert_in_range(calls, 5, 7);
    assert_int_equal(pairs(world), 1002);
    assert_nothing_left(world);
    close_world(world);
}

/* A first life ends after so many calls, with its connection. Returns how many were written. */
static long long crash_after(struct world *world, int wanted_calls, int endpoints)
{
    struct work *work = work_of(world, 0, "{}", "");
    set_endpoints(work, 0, endpoints, -1);
    fanout_add(world->fanout, work);
    stop_after_calls = wanted_calls;
    loop_run(world->stage.loop);
    stage_free_store(&world->stage);
    fanout_free(&world->fanout);
    consumer_free(&world->consumer);
    due_free(&world->due);
    end_work(world, work);
    struct store_options options = {.address = redis_fixture_address(&world->stage.server),
                                    .client_name = "test",
                                    .partitions = 1,
                                    .durability = DURABILITY_RELAXED};
    world->stage.store = store_new(world->stage.loop, &options);
    world->stage.redis = store_redis(world->stage.store);
    stage_await_up(&world->stage);
    start_fanout(world);
    return pairs(world);
}

static void another_life_goes_on_behind_the_cursor(void **state)
{
    (void)state;
    struct world *world = open_world("");
    log_events(world, 1, CONSUMER);
    long long written = crash_after(world, 2, 1000);
    assert_in_range(written, 400, 600);
    assert_int_equal(pending(world), 1);
    add_event(world, 0, 1000);
    run_until_count(world->stage.loop, &world->done, 1);
    assert_int_equal(pairs(world), 1000);
    assert_nothing_left(world);
    close_world(world);
}

/* The endpoint that the cursor names was deleted between the two lives. */
static void the_endpoint_of_the_cursor_may_be_gone(void **state)
{
    (void)state;
    struct world *world = open_world("");
    log_events(world, 1, CONSUMER);
    long long written = crash_after(world, 2, 1000);
    struct work *work = work_of(world, 0, "{}", "");
    set_endpoints(work, 0, 1000, (int)written - 1);
    fanout_add(world->fanout, work);
    run_until_count(world->stage.loop, &world->done, 1);
    assert_int_equal(pairs(world), 1000);
    assert_nothing_left(world);
    close_world(world);
}

/* All that are left now come before it, or after it, or nobody wants the event any more. */
static void the_endpoints_may_be_others(void **state)
{
    static const int ranges[][2] = {{0, 100}, {900, 950}, {0, 0}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct world *world = open_world("");
        log_events(world, 1, CONSUMER);
        long long written = crash_after(world, 2, 1000);
        struct work *work = work_of(world, 0, "{}", "");
        set_endpoints(work, ranges[i][0], ranges[i][1], -1);
        if (work->endpoints_count == 0)
            work->skipped = "no_subscriber";
        fanout_add(world->fanout, work);
        run_until_count(world->stage.loop, &world->done, 1);
        assert_int_equal(pairs(world), written + (i == 1 ? 50 : 0));
        assert_nothing_left(world);
        close_world(world);
    }
}

static void what_is_somebody_elses_is_refused(void **state)
{
    (void)state;
    struct world *world = open_world("");
    log_events(world, 2, "another");
    add_event(world, 0, 3);
    add_event(world, 1, 300);
    run_until_count(world->stage.loop, &world->refused, 2);
    assert_int_equal(pairs(world), 0);
    assert_int_equal(pending(world), 2);
    close_world(world);
}

/* There are some 28 calls: more than the two that are waited for may be answered before each kill. */
static void each_is_done_once_when_redis_is_killed(void **state)
{
    (void)state;
    struct world *world = open_world(STAGE_DURABLE);
    log_events(world, 305, CONSUMER);
    for (int i = 0; i < 300; i++)
        add_event(world, i, 2);
    for (int i = 300; i < 305; i++)
        add_event(world, i, 1000);
    for (int round = 0; round < 3; round++) {
        stop_after_calls = calls + 2;
        loop_run(world->stage.loop);
        redis_fixture_restart(&world->stage.server, STAGE_DURABLE);
        stage_await_up(&world->stage);
    }
    stop_after_calls = 0;
    run_until_count(world->stage.loop, &world->ended, 305);
    assert_int_equal(pairs(world), 5600); /* a call whose answer was lost ends as refused */
    assert_nothing_left(world);
    close_world(world);
}

static void a_call_that_fails_is_made_again(void **state)
{
    (void)state;
    struct world *world = open_world("");
    log_events(world, 20, CONSUMER);
    redis_fixture_ask(&world->stage.server, "SET mr:{0}:cursors text");
    for (int i = 0; i < 20; i++)
        add_event(world, i, 2);
    run_until_count(world->stage.loop, &calls, 2);
    assert_int_equal(world->ended, 0);
    assert_int_equal(length(world, "XLEN", "deliveries"), 0); /* it fails before it writes */
    redis_fixture_ask(&world->stage.server, "DEL mr:{0}:cursors");
    run_until_count(world->stage.loop, &world->done, 20);
    assert_in_range(calls, 3, 4); /* not tried all the time */
    assert_int_equal(pairs(world), 40);
    assert_nothing_left(world);
    close_world(world);
}

/* Org, trace and request as the log has them; what has nothing to say is "-". */
static void what_is_empty_is_a_dash_in_the_line(void **state)
{
    struct slice bare[] = {SLICE("org"), SLICE("org_1"), SLICE("type"),
                           SLICE("a"),   SLICE("data"),  SLICE("1")};
    struct slice more[] = {SLICE("org"),     SLICE("org_1"), SLICE("type"),  SLICE("a"),
                           SLICE("request"), SLICE("req"),   SLICE("trace"), SLICE("trace"),
                           SLICE("data"),    SLICE("1")};
    char events[2][EVENT_ID_LEN + 1];
    (void)state;
    struct world *world = open_world("");
    log_events(world, 2, CONSUMER);
    for (int i = 0; i < 2; i++) {
        struct stream_id entry = {(uint64_t)world->first_ms, (uint64_t)i};
        struct work *work = i == 0 ? work_new(entry, 0, bare, sizeof bare / sizeof bare[0])
                                   : work_new(entry, 0, more, sizeof more / sizeof more[0]);
        memcpy(events[i], work->event_id, sizeof events[i]);
        work->older = world->works;
        world->works = work;
        set_endpoints(work, 0, 1, -1);
        fanout_add(world->fanout, work);
    }
    run_until_count(world->stage.loop, &world->done, 2);
    for (int i = 0; i < 2; i++) {
        char script[128], line[128];
        snprintf(script, sizeof script,
                 "return redis.call('XRANGE', 'mr:{0}:deliveries', '-', '+')[%d][2][2]", i + 1);
        snprintf(line, sizeof line, "%s ep_%020d org_1 %s", events[i], 0,
                 i == 0 ? "- -" : "trace req");
        assert_string_equal(stage_eval(&world->stage, script), line);
    }
    close_world(world);
}

static void a_time_and_a_body_go_with_it(void **state)
{
    char after[24], large[400];
    (void)state;
    struct world *world = open_world("");
    log_events(world, 3, CONSUMER);
    memset(large, '1', sizeof large);
    large[sizeof large - 1] = '\0';
    snprintf(after, sizeof after, "%lld", (long long)clock_wall_ms() + 60000);
    struct work *later = work_of(world, 0, "{}", after), *heavy = work_of(world, 1, large, "");
    struct work *light = work_of(world, 2, "{\"a\":1}", "");
    set_endpoints(later, 0, 2, -1);
    set_endpoints(heavy, 0, 1, -1);
    set_endpoints(light, 0, 1, -1);
    fanout_add(world->fanout, later);
    fanout_add(world->fanout, heavy);
    fanout_add(world->fanout, light);
    run_until_count(world->stage.loop, &world->done, 3);
    assert_int_equal(length(world, "XLEN", "deliveries"), 2);
    assert_int_equal(length(world, "ZCARD", "due"), 2);
    assert_string_equal(stage_eval(&world->stage, "return redis.call('ZRANGE', 'mr:{0}:due', 0, 0, "
                                                  "'WITHSCORES')[2]"),
                        after);
    assert_string_equal(
        stage_eval(&world->stage,
                   "return redis.call('XRANGE', 'mr:{0}:deliveries', '-', '+')[1][2][4]"),
        "");
    assert_non_null(
        strstr(stage_eval(&world->stage,
                          "return redis.call('XRANGE', 'mr:{0}:deliveries', '-', '+')[2][2][4]"),
               "\"data\":{\"a\":1}}"));
    close_world(world);
}

/* Every other event in one call, after something has happened: how often the script asked what is pending. */
static long long looks_after(void (*happen)(struct world *, struct work *))
{
    struct world *world = open_world("");
    log_events(world, 40, CONSUMER);
    for (int i = 0; i < 40; i += 2)
        add_event(world, i, 1);
    happen(world, world->works);
    run_until_count(world->stage.loop, &world->done, 20);
    long long looks = stage_calls(&world->stage, "xpending");
    close_world(world);
    return looks;
}

static void nothing(struct world *world, struct work *work)
{
    (void)world, (void)work;
}

static void is_sent_again(struct world *world, struct work *work)
{
    (void)world;
    work->is_unsure = true;
}

/* As a renewal found; intake does not ask to be told. */
static void is_lost(struct world *world, struct work *work)
{
    consumer_release(world->consumer, work->entry);
}

static void the_reader_is_lost(struct world *world, struct work *work)
{
    (void)work;
    redis_reconnect(world->consumer->reader);
}

static void each_is_looked_at_unless_none_can_be_anothers(void **state)
{
    (void)state;
    assert_int_equal(looks_after(nothing), 1);
    assert_in_range(looks_after(is_sent_again), 10, 21);
    assert_in_range(looks_after(is_lost), 10, 21);
    assert_in_range(looks_after(the_reader_is_lost), 10, 21);
}

/* The second call does not know what became of the first. */
static void what_failed_is_looked_at(void **state)
{
    (void)state;
    struct world *world = open_world("");
    log_events(world, 40, CONSUMER);
    redis_fixture_ask(&world->stage.server, "SET mr:{0}:cursors text");
    for (int i = 0; i < 40; i += 2)
        add_event(world, i, 1);
    run_until_count(world->stage.loop, &calls, 1);
    assert_int_equal(stage_calls(&world->stage, "xpending"), 1);
    redis_fixture_ask(&world->stage.server, "DEL mr:{0}:cursors");
    run_until_count(world->stage.loop, &world->done, 20);
    assert_in_range(stage_calls(&world->stage, "xpending"), 11, 22);
    close_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_small_events_share_a_call),
        cmocka_unit_test(each_event_has_the_mark_that_it_says),
        cmocka_unit_test(a_wide_event_goes_in_parts),
        cmocka_unit_test(another_life_goes_on_behind_the_cursor),
        cmocka_unit_test(the_endpoint_of_the_cursor_may_be_gone),
        cmocka_unit_test(the_endpoints_may_be_others),
        cmocka_unit_test(what_is_somebody_elses_is_refused),
        cmocka_unit_test(each_is_done_once_when_redis_is_killed),
        cmocka_unit_test(a_call_that_fails_is_made_again),
        cmocka_unit_test(what_is_empty_is_a_dash_in_the_line),
        cmocka_unit_test(a_time_and_a_body_go_with_it),
        cmocka_unit_test(each_is_looked_at_unless_none_can_be_anothers),
        cmocka_unit_test(what_failed_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
