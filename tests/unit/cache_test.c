/*
 * cache_test.c - asked once, kept for a while, never kept stale
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "io/cache.h"

#define TICKETS 64

struct world {
    struct loop *loop;
    struct cache *cache;
    size_t loads, freed, answers;
    void *tickets[TICKETS];
    size_t results[8];
    enum status last_status;
    char last_value[32];
};

static void load(struct slice key, void *ticket, void *self)
{
    struct world *world = self;
    (void)key;
    assert_true(world->loads < TICKETS);
    world->tickets[world->loads++] = ticket;
}

static struct world *freeing; /* the free callback has no self */

static void free_value(void *value)
{
    freeing->freed++;
    free(value);
}

static void on_result(enum cache_result result, void *self)
{
    struct world *world = self;
    world->results[result]++;
}

static void on_answer(enum status status, struct cache_value *value, void *self)
{
    struct world *world = self;
    world->answers++;
    world->last_status = status;
    snprintf(world->last_value, sizeof world->last_value, "%s",
             value ? (char *)cache_value_of(value) : "");
    cache_release(&value);
}

static void stop(void *self)
{
    struct world *world = self;
    loop_stop(world->loop);
}

/* What was queued until now is delivered. */
static void turn(struct world *world)
{
    struct loop_timer *timer = loop_timer_new(world->loop, stop, world);
    loop_timer_start(timer, 0);
    loop_run(world->loop);
    loop_timer_free(&timer);
}

static struct world *open_world_apart(size_t max, size_t negative_max, int64_t ttl_ms,
                                      int64_t negative_ttl_ms)
{
    struct world *world = xcalloc(1, sizeof *world);
    world->loop = loop_new();
    struct cache_options options = {.max = max,
                                    .negative_max = negative_max,
                                    .ttl_ms = ttl_ms,
                                    .negative_ttl_ms = negative_ttl_ms,
                                    .load = load,
                                    .free_value = free_value,
                                    .on_result = on_result,
                                    .self = world};
    world->cache = cache_new(world->loop, &options);
    freeing = world;
    return world;
}

static struct world *open_world(size_t max, int64_t ttl_ms, int64_t negative_ttl_ms)
{
    return open_world_apart(max, 0, ttl_ms, negative_ttl_ms);
}

static void close_world(struct world *world)
{
    cache_free(&world->cache);
    loop_free(&world->loop);
    free(world);
}

static void get(struct world *world, const char *key)
{
    cache_get(world->cache, slice_of(key), on_answer, world);
}

static void answer_load(struct world *world, size_t index, const char *value)
{
    cache_loaded(world->cache, world->tickets[index], STATUS_OK, xstrdup(value));
}

static void asks_once_for_many_who_wait(void **state)
{
    (void)state;
    struct world *world = open_world(10, 60000, 60000);
    for (int i = 0; i < 200; i++)
        get(world, "k");
    assert_int_equal(world->loads, 1);
    assert_int_equal(world->answers, 0);
    answer_load(world, 0, "v");
    assert_int_equal(world->answers, 0); /* never before the call has returned */
    turn(world);
    assert_int_equal(world->answers, 200);
    assert_string_equal(world->last_value, "v");
    get(world, "k");
    turn(world);
    assert_int_equal(world->loads, 1);
    assert_int_equal(world->results[CACHE_MISS], 1);
    assert_int_equal(world->results[CACHE_JOINED], 199);
    assert_int_equal(world->results[CACHE_HIT], 1);
    close_world(world);
}

static void remembers_absence(void **state)
{
    (void)state;
    struct world *world = open_world(10, 60000, 60000);
    struct cache_value *value = NULL;
    get(world, "k");
    cache_loaded(world->cache, world->tickets[0], STATUS_ABSENT, NULL);
    turn(world);
    assert_int_equal(world->last_status, STATUS_ABSENT);
    assert_int_equal(cache_peek(world->cache, SLICE("k"), &value), STATUS_ABSENT);
    assert_int_equal(world->loads, 1);
    close_world(world);
}

static void a_failed_load_is_told_and_not_kept(void **state)
{
    (void)state;
    struct world *world = open_world(10, 60000, 60000);
    get(world, "k");
    cache_loaded(world->cache, world->tickets[0], STATUS_DOWN, NULL);
    turn(world);
    assert_int_equal(world->last_status, STATUS_DOWN);
    get(world, "k");
    assert_int_equal(world->loads, 2);
    answer_load(world, 1, "v");
    turn(world);
    assert_int_equal(world->last_status, STATUS_OK);
    close_world(world);
}

static void a_bust_while_loading_loads_again(void **state)
{
    (void)state;
    struct world *world = open_world(10, 60000, 60000);
    get(world, "k");
    cache_bust(world->cache, SLICE("k"));
    answer_load(world, 0, "stale");
    turn(world);
    assert_int_equal(world->answers, 0);
    assert_int_equal(world->loads, 2);
    answer_load(world, 1, "fresh");
    turn(world);
    assert_string_equal(world->last_value, "fresh");
    assert_int_equal(world->freed, 1);
    close_world(world);
}

/* Changes without end keep nobody waiting for ever, and nothing stale is kept. */
static void steady_changes_do_not_starve_those_who_wait(void **state)
{
    (void)state;
    struct world *world = open_world(10, 60000, 60000);
    struct cache_value *value = NULL;
    get(world, "k");
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(world->loads, i + 1);
        assert_int_equal(world->answers, 0);
        cache_bust(world->cache, SLICE("k"));
        answer_load(world, i, i == 3 ? "last" : "stale");
        turn(world);
    }
    assert_int_equal(world->loads, 4);
    assert_int_equal(world->answers, 1);
    assert_int_equal(world->last_status, STATUS_OK);
    assert_string_equal(world->last_value, "last");
    assert_int_equal(world->freed, 4);
    assert_int_equal(cache_peek(world->cache, SLICE("k"), &value), STATUS_DOWN);
    get(world, "k");
    cache_bust(world->cache, SLICE("k")); /* as patient as the first time */
    answer_load(world, 4, "stale");
    assert_int_equal(world->loads, 6);
    cache_bust(world->cache, SLICE("k"));
    cache_loaded(world->cache, world->tickets[5], STATUS_ABSENT, NULL);
    assert_int_equal(world->loads, 7);
    cache_loaded(world->cache, world->tickets[6], STATUS_ABSENT, NULL);
    turn(world);
    assert_int_equal(world->last_status, STATUS_ABSENT);
    assert_int_equal(cache_peek(world->cache, SLICE("k"), &value), STATUS_ABSENT);
    close_world(world);
}

static void a_bust_forgets_and_holders_keep_theirs(void **state)
{
    (void)state;
    struct world *world = open_world(10, 60000, 60000);
    struct cache_value *held = NULL, *none = NULL;
    get(world, "k");
    answer_load(world, 0, "v");
    turn(world);
    assert_int_equal(cache_peek(world->cache, SLICE("k"), &held), STATUS_OK);
    cache_bust(world->cache, SLICE("k"));
    assert_int_equal(cache_peek(world->cache, SLICE("k"), &none), STATUS_DOWN);
    assert_int_equal(world->freed, 0);
    assert_string_equal(cache_value_of(held), "v");
    cache_release(&held);
    assert_int_equal(world->freed, 1);
    close_world(world);
}

static void forgets_after_its_time(void **state)
{
    (void)state;
    struct world *world = open_world(10, 30, 30);
    get(world, "k");
    answer_load(world, 0, "v");
    int64_t start_mono_ms = clock_coarse_mono_ms();
    struct cache_value *value = NULL;
    while (cache_peek(world->cache, SLICE("k"), &value) == STATUS_OK) {
        cache_release(&value);
        assert_true(clock_coarse_mono_ms() - start_mono_ms < 5000);
    }
    assert_true(clock_coarse_mono_ms() - start_mono_ms >= 30);
    assert_int_equal(world->results[CACHE_EXPIRED], 1);
    close_world(world);
}

static void what_was_not_used_goes_first(void **state)
{
    (void)state;
    struct world *world = open_world(2, 60000, 60000);
    struct cache_value *value = NULL;
    get(world, "a");
    answer_load(world, 0, "1");
    get(world, "b");
    answer_load(world, 1, "2");
    assert_int_equal(cache_peek(world->cache, SLICE("a"), &value), STATUS_OK);
    cache_release(&value);
    get(world, "c");
    answer_load(world, 2, "3");
    assert_int_equal(cache_peek(world->cache, SLICE("b"), &value), STATUS_DOWN);
    assert_int_equal(cache_peek(world->cache, SLICE("a"), &value), STATUS_OK);
    cache_release(&value);
    assert_int_equal(cache_peek(world->cache, SLICE("c"), &value), STATUS_OK);
    cache_release(&value);
    assert_int_equal(cache_size(world->cache), 2);
    turn(world);
    close_world(world);
}

static bool is_there(struct world *world, const char *key)
{
    struct cache_value *value = NULL;
    bool found = cache_peek(world->cache, slice_of(key), &value) == STATUS_OK;
    cache_release(&value);
    return found;
}

/* A cache in which all were used loses one per newcomer, and looks at no more than some of them. */
static void where_all_were_used_one_goes(void **state)
{
    enum { ENTRIES = 40 };
    char key[8];
    int left = 0;
    (void)state;
    struct world *world = open_world(ENTRIES, 60000, 60000);
    for (int i = 0; i < ENTRIES; i++) {
        snprintf(key, sizeof key, "k%d", i);
        get(world, key);
        answer_load(world, (size_t)i, "1");
        assert_true(is_there(world, key));
    }
    get(world, "new");
    answer_load(world, ENTRIES, "1");
    assert_int_equal(cache_size(world->cache), ENTRIES);
    assert_int_equal(world->results[CACHE_EVICTED], 1);
    assert_true(is_there(world, "new"));
    assert_false(is_there(world, "k16"));
    for (int i = 0; i < ENTRIES; i++) {
        snprintf(key, sizeof key, "k%d", i);
        left += is_there(world, key);
    }
    assert_int_equal(left, ENTRIES - 1);
    turn(world);
    close_world(world);
}

static void absent_things_drive_out_only_their_like(void **state)
{
    (void)state;
    struct world *world = open_world_apart(2, 2, 60000, 60000);
    struct cache_value *value = NULL;
    get(world, "a");
    answer_load(world, 0, "1");
    get(world, "b");
    answer_load(world, 1, "2");
    for (size_t i = 2; i < 12; i++) {
        char key[2] = {(char)('A' + i), '\0'};
        get(world, key);
        if (i > 4) /* three at a time are being loaded, too */
            cache_loaded(world->cache, world->tickets[i - 3], STATUS_ABSENT, NULL);
    }
    turn(world);
    assert_int_equal(cache_peek(world->cache, SLICE("I"), &value), STATUS_ABSENT);
    assert_int_equal(cache_peek(world->cache, SLICE("C"), &value), STATUS_DOWN);
    assert_int_equal(cache_peek(world->cache, SLICE("a"), &value), STATUS_OK);
    cache_release(&value);
    assert_int_equal(cache_peek(world->cache, SLICE("b"), &value), STATUS_OK);
    cache_release(&value);
    assert_int_equal(world->results[CACHE_EVICTED], 12 - (2 + 2 + 3));
    close_world(world);
}

static void a_flush_forgets_all(void **state)
{
    (void)state;
    struct world *world = open_world(10, 60000, 60000);
    struct cache_value *value = NULL;
    get(world, "a");
    answer_load(world, 0, "1");
    get(world, "b"); /* loading */
    cache_flush(world->cache);
    assert_int_equal(cache_peek(world->cache, SLICE("a"), &value), STATUS_DOWN);
    answer_load(world, 1, "stale");
    assert_int_equal(world->loads, 3);
    answer_load(world, 2, "2");
    turn(world);
    assert_string_equal(world->last_value, "2");
    close_world(world);
}

static void ending_tells_those_who_wait(void **state)
{
    (void)state;
    struct world *world = open_world(10, 60000, 60000);
    get(world, "a");
    cache_free(&world->cache);
    assert_int_equal(world->answers, 1);
    assert_int_equal(world->last_status, STATUS_CANCELLED);
    close_world(world);
}

/* Loaded in this very turn, and of no use any more to owners that end too. */
static void what_was_loaded_but_not_told_is_cancelled(void **state)
{
    (void)state;
    struct world *world = open_world(10, 60000, 60000);
    get(world, "a");
    answer_load(world, 0, "1");
    get(world, "a"); /* a hit, to be told at the end of the turn */
    cache_free(&world->cache);
    assert_int_equal(world->answers, 2);
    assert_int_equal(world->last_status, STATUS_CANCELLED);
    assert_string_equal(world->last_value, "");
    assert_int_equal(world->freed, 1);
    close_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_once_for_many_who_wait),
        cmocka_unit_test(remembers_absence),
        cmocka_unit_test(a_failed_load_is_told_and_not_kept),
        cmocka_unit_test(a_bust_while_loading_loads_again),
        cmocka_unit_test(steady_changes_do_not_starve_those_who_wait),
        cmocka_unit_test(a_bust_forgets_and_holders_keep_theirs),
        cmocka_unit_test(forgets_after_its_time),
        cmocka_unit_test(what_was_not_used_goes_first),
        cmocka_unit_test(where_all_were_used_one_goes),
        cmocka_unit_test(absent_things_drive_out_only_their_like),
        cmocka_unit_test(a_flush_forgets_all),
        cmocka_unit_test(ending_tells_those_who_wait),
        cmocka_unit_test(what_was_loaded_but_not_told_is_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
