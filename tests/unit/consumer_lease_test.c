/*
 * consumer_lease_test.c - what one process renews, loses and takes over
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "consumer_fixture.h"
#include "loop_fixture.h"

static void renews_what_it_holds_and_no_more_what_it_released(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    add(&stage, 5);
    struct side *holder = side_new(&stage, "holder", 5);
    side_await_seen(holder, 5);
    struct side *other = side_new(&stage, "other", 100);
    run_for(stage.loop, 4 * LEASE_MS);
    assert_int_equal(other->seen_count, 0);
    assert_int_equal(holder->lost, 0);
    assert_int_equal(pending(&stage, "holder"), 5);
    holder->room = 0;
    consumer_release(holder->consumer, holder->seen[2]); /* but not acknowledged */
    side_await_seen(other, 1);
    assert_int_equal(stream_id_cmp(other->seen[0], holder->seen[2]), 0);
    assert_int_equal(other->claims[0], 2); /* renewals are not counted as deliveries */
    assert_int_equal(holder->lost, 0);
    stage_free_store(&stage);
    side_free(holder);
    side_free(other);
    stage_close(&stage);
}

static void takes_over_from_the_dead(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    add(&stage, 90);
    read_as(&stage, "dead", 90);
    struct side *side = side_new(&stage, "a", 1000);
    side_await_seen(side, 90);
    for (int i = 0; i < 90; i++)
        assert_int_equal(side->claims[i], 2);
    assert_int_equal(consumer_reclaimed(side->consumer), 90);
    assert_int_equal(pending(&stage, "a"), 90);
    stage_free_store(&stage);
    side_free(side);
    stage_close(&stage);
}

/* A process that is always full again at once must not leave the dead's entries to nobody. */
static void takes_over_within_its_room(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    add(&stage, 40);
    read_as(&stage, "dead", 30);
    struct side *side = side_new(&stage, "a", 3);
    for (int settled = 0; settled < 40; settled++) {
        run_until_count(stage.loop, &side->seen_count, settled + 1);
        assert_true(consumer_held(side->consumer) <= 6);
        side_give_back(side, side->seen[settled]);
        consumer_poke(side->consumer);
    }
    assert_int_equal(side->seen_count, 40);
    assert_int_equal(consumer_reclaimed(side->consumer), 30);
    stage_free_store(&stage);
    side_free(side);
    stage_close(&stage);
}

static void is_told_of_what_others_took(void **state)
{
    struct stage stage;
    char text[STREAM_ID_SIZE];
    (void)state;
    stage_open(&stage, "", 1);
    add(&stage, 3);
    struct side *side = side_new(&stage, "a", 3);
    side_await_seen(side, 3);
    stream_id_format(side->seen[1], text);
    redis_fixture_ask(&stage.server, "XCLAIM " STREAM " " GROUP " thief 0 %s", text);
    run_until_count(stage.loop, &side->lost, 1);
    assert_int_equal(stream_id_cmp(side->last_lost, side->seen[1]), 0);
    assert_int_equal(consumer_held(side->consumer), 2);
    assert_int_equal(pending(&stage, "thief"), 1); /* and was not taken back */
    stage_free_store(&stage);
    side_free(side);
    stage_close(&stage);
}

/* The reclaim adds one to the times delivered, a renewal does not; whichever comes first. */
static bool was_claimed_again(void *self)
{
    return stage_number(self,
                        "local p = redis.call('XPENDING', '" STREAM "', '" GROUP "', '-', '+', 1)"
                        " if p[1][4] == 1 then redis.call('XCLAIM', '" STREAM "', '" GROUP
                        "', 'a', 0, p[1][1], 'IDLE', 100000, 'JUSTID') end"
                        " return p[1][4]") == 2;
}

/* As after a time in which Redis was away: our own entry looks as if its holder had died. */
static void does_not_hand_over_what_it_holds(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    add(&stage, 1);
    struct side *side = side_new(&stage, "a", 100);
    side_await_seen(side, 1);
    run_until(stage.loop, was_claimed_again, &stage);
    run_turns(stage.loop, 20);
    assert_int_equal(side->seen_count, 1);
    assert_int_equal(consumer_held(side->consumer), 1);
    assert_int_equal(consumer_reclaimed(side->consumer), 0);
    stage_free_store(&stage);
    side_free(side);
    stage_close(&stage);
}

static void counts_what_was_deleted_while_pending(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    add(&stage, 3);
    read_as(&stage, "dead", 3);
    stage_eval(&stage, "local e = redis.call('XRANGE', '" STREAM "', '-', '+')"
                       " return redis.call('XDEL', '" STREAM "', e[1][1], e[3][1])");
    struct side *side = side_new(&stage, "a", 100);
    side_await_seen(side, 1);
    assert_int_equal(consumer_lost_entries(side->consumer), 2);
    assert_int_equal(consumer_reclaimed(side->consumer), 1);
    stage_free_store(&stage);
    side_free(side);
    stage_close(&stage);
}

/* Since when it is silent; it must not be as long as the lease of the next test. */
static bool is_renewed(void *self)
{
    long long idle_ms = stage_number(self, "return redis.call('XPENDING', '" STREAM "', '" GROUP
                                           "', '-', '+', 1)[1][3]");
    assert_true(idle_ms < 3900);
    return idle_ms < 1000;
}

/* Redis takes no writes for most of a lease; what failed is made up for before its end. */
static void renews_again_soon_after_a_failure(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    add(&stage, 1);
    struct side *holder = side_new_with_lease(&stage, "holder", 1, 4000);
    side_await_seen(holder, 1);
    redis_fixture_ask(&stage.server, "REPLICAOF 127.0.0.1 1");
    run_for(stage.loop, 3000);
    redis_fixture_ask(&stage.server, "REPLICAOF NO ONE");
    run_until(stage.loop, is_renewed, &stage);
    assert_int_equal(holder->lost, 0);
    stage_free_store(&stage);
    side_free(holder);
    stage_close(&stage);
}

static bool both_are_old(void *self)
{
    return stage_number(self, "local old = 0"
                              " for _, row in ipairs(redis.call('XINFO', 'CONSUMERS', '" STREAM
                              "', '" GROUP "')) do"
                              "  if row[6] >= 1000 then old = old + 1 end"
                              " end"
                              " return old") == 2;
}

static bool has_reaped(void *self)
{
    return stage_number(self, CONSUMERS_COUNT) == 2;
}

static void removes_the_names_of_the_dead(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    add(&stage, 1);
    read_as(&stage, "poor", 1);
    redis_fixture_ask(&stage.server, "XGROUP CREATECONSUMER " STREAM " " GROUP " dead");
    run_until(stage.loop, both_are_old, &stage);
    redis_fixture_ask(&stage.server, "XGROUP CREATECONSUMER " STREAM " " GROUP " fresh");
    struct side *side = side_new_that_buries(&stage, "a", 1000);
    run_until(stage.loop, has_reaped, &stage);
    assert_int_equal(pending(&stage, "poor") + pending(&stage, "a"), 1);
    stage_free_store(&stage);
    side_free(side);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renews_what_it_holds_and_no_more_what_it_released),
        cmocka_unit_test(takes_over_from_the_dead),
        cmocka_unit_test(takes_over_within_its_room),
        cmocka_unit_test(is_told_of_what_others_took),
        cmocka_unit_test(does_not_hand_over_what_it_holds),
        cmocka_unit_test(counts_what_was_deleted_while_pending),
        cmocka_unit_test(renews_again_soon_after_a_failure),
        cmocka_unit_test(removes_the_names_of_the_dead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
