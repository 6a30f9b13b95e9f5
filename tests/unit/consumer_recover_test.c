/*
 * consumer_recover_test.c - what was handed over in an answer that never came is asked for at once
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

#define LONG_LEASE_MS 60000

/* As Redis does it for an answer that is lost on the way. */
static void hand_over_in_vain(struct stage *stage, int count)
{
    redis_fixture_ask(&stage->server, "XREADGROUP GROUP " GROUP " a COUNT %d STREAMS " STREAM " >",
                      count);
}

static void cut_connections(struct stage *stage)
{
    redis_fixture_ask(&stage->server, "CLIENT KILL TYPE normal");
}

/* The times delivered of all that is pending, lowest and highest. */
static void assert_delivered(const struct stage *stage, int lowest, int highest)
{
    const char *script = "local low, high = 1000, 0 for _, p in ipairs(redis.call('XPENDING',"
                         " '" STREAM "', '" GROUP "', '-', '+', 5000)) do"
                         " low = math.min(low, p[4]) high = math.max(high, p[4]) end"
                         " return low * 1000 + high";
    assert_int_equal(stage_number(stage, script), lowest * 1000 + highest);
}

static void assert_all_once(const struct side *side)
{
    for (int i = 0; i < side->seen_count; i++)
        for (int k = 0; k < i; k++)
            assert_int_not_equal(stream_id_cmp(side->seen[i], side->seen[k]), 0);
}

static void close_side(struct stage *stage, struct side *side)
{
    stage_free_store(stage);
    side_free(side);
    stage_close(stage);
}

/* A side that holds three, has no room, and was handed so many more in vain. */
static struct side *open_side(struct stage *stage, int lost)
{
    stage_open(stage, "", 1);
    add(stage, 3);
    struct side *side = side_new_with_lease(stage, "a", 3, LONG_LEASE_MS);
    side_await_seen(side, 3);
    add(stage, lost);
    hand_over_in_vain(stage, lost);
    return side;
}

static void what_was_lost_comes_at_once(void **state)
{
    struct stage stage;
    (void)state;
    struct side *side = open_side(&stage, 250);
    side->room = 1000;
    cut_connections(&stage);
    side_await_seen(side, 253);
    assert_all_once(side);
    assert_int_equal(side->lost, 0);
    assert_int_equal(consumer_reclaimed(side->consumer), 0);
    for (int i = 0; i < 253; i++)
        assert_int_equal(side->claims[i], 1);
    assert_delivered(&stage, 1, 1);
    assert_int_equal(stage_calls(&stage, "xrange"), 250); /* what is held is not read again */
    add(&stage, 1);                                       /* and it reads on */
    side_await_seen(side, 254);
    close_side(&stage, side);
}

/* One that has been claimed often is not taken for a fresh one, however often connections are cut. */
static void claims_are_those_of_redis(void **state)
{
    struct stage stage;
    (void)state;
    struct side *side = open_side(&stage, 2);
    stage_eval(&stage, "local p = redis.call('XPENDING', '" STREAM "', '" GROUP "', '-', '+', 5)"
                       " redis.call('XCLAIM', '" STREAM "', '" GROUP "', 'a', 0, p[5][1],"
                       " 'RETRYCOUNT', 26)");
    for (int i = 0; i < 3; i++) {
        cut_connections(&stage);
        run_for(stage.loop, 300);
    }
    side->room = 1000;
    cut_connections(&stage);
    side_await_seen(side, 5);
    assert_int_equal(side->claims[3], 1);
    assert_int_equal(side->claims[4], 26);
    assert_delivered(&stage, 1, 26);
    close_side(&stage, side);
}

static void comes_within_its_room(void **state)
{
    struct stage stage;
    (void)state;
    struct side *side = open_side(&stage, 30);
    cut_connections(&stage);
    for (int settled = 0; settled < 33; settled++) {
        run_until_count(stage.loop, &side->seen_count, settled + 1);
        assert_true(consumer_held(side->consumer) <= 3);
        side_give_back(side, side->seen[settled]);
        consumer_poke(side->consumer);
    }
    assert_int_equal(side->seen_count, 33);
    assert_all_once(side);
    close_side(&stage, side);
}

static void what_is_gone_or_anothers_stays_away(void **state)
{
    struct stage stage;
    (void)state;
    struct side *side = open_side(&stage, 4);
    stage_eval(&stage, "local p = redis.call('XPENDING', '" STREAM "', '" GROUP "', '-', '+', 9)"
                       " redis.call('XCLAIM', '" STREAM "', '" GROUP "', 'thief', 0, p[4][1])"
                       " redis.call('XDEL', '" STREAM "', p[5][1])");
    side->room = 1000;
    cut_connections(&stage);
    side_await_seen(side, 5);
    assert_int_equal(pending(&stage, "thief"), 1);
    close_side(&stage, side);
}

/* Between the look at what is missing and the look at whose it is. */
static void what_another_takes_meanwhile_is_his(void **state)
{
    struct stage stage;
    (void)state;
    struct side *side = open_side(&stage, 4);
    cut_connections(&stage);
    while (side_is_reading(side))
        run_turns(stage.loop, 1);
    side_await_reading(side);
    stage_await_up(&stage);
    redis_sendf(stage.redis, NULL, NULL, "BLPOP none 9"); /* what is sent after it waits */
    run_turns(stage.loop, 5);
    side->room = 1000;
    consumer_poke(side->consumer);
    while (stage_calls(&stage, "xpending") == 0)
        run_turns(stage.loop, 1);
    run_turns(stage.loop, 20);
    stage_eval(&stage, "local p = redis.call('XPENDING', '" STREAM "', '" GROUP "', '-', '+', 9)"
                       " redis.call('XCLAIM', '" STREAM "', '" GROUP "', 'thief', 0, p[5][1])");
    redis_fixture_ask(&stage.server, "RPUSH none 1");
    side_await_seen(side, 6);
    run_turns(stage.loop, 20);
    assert_int_equal(side->seen_count, 6);
    assert_int_equal(pending(&stage, "thief"), 1);
    close_side(&stage, side);
}

/* More than a connection takes as one answer, after small ones had raised the count. */
static void a_burst_of_large_entries_waits_for_no_lease(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    struct side *side = side_new_with_lease(&stage, "a", 1000, LONG_LEASE_MS);
    side->releases = true;
    for (int i = 1; i <= 8; i++) {
        add(&stage, 50);
        side_await_seen(side, 50 * i);
    }
    stage_eval(&stage, "local text = string.rep('x', 1048576)"
                       " for i = 1, 90 do redis.call('XADD', '" STREAM "', '*', 'n', text) end");
    side_await_seen(side, 490);
    assert_all_once(side);
    assert_int_equal(pending(&stage, "a"), 0);
    close_side(&stage, side);
}

static void may_stop_at_any_moment(void **state)
{
    struct stage stage;
    (void)state;
    for (int turns = 1; turns < 30; turns += 3) {
        struct side *side = open_side(&stage, 40);
        side->room = 1000;
        side->releases = true;
        cut_connections(&stage);
        while (side_is_reading(side))
            run_turns(stage.loop, 1);
        side_await_reading(side);
        run_turns(stage.loop, turns);
        consumer_stop(side->consumer);
        for (int i = 0; i < 3; i++)
            side_give_back(side, side->seen[i]);
        consumer_leave(side->consumer, side_on_left, side);
        run_until_count(stage.loop, &side->left, 1);
        assert_int_equal(side->seen_count + pending(&stage, "a"), 43);
        close_side(&stage, side);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_lost_comes_at_once),
        cmocka_unit_test(claims_are_those_of_redis),
        cmocka_unit_test(comes_within_its_room),
        cmocka_unit_test(what_is_gone_or_anothers_stays_away),
        cmocka_unit_test(what_another_takes_meanwhile_is_his),
        cmocka_unit_test(a_burst_of_large_entries_waits_for_no_lease),
        cmocka_unit_test(may_stop_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
