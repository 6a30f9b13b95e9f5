/*
 * consumer_test.c - what one process reads and holds, and how it stops
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

static void reads_in_order_and_up_to_its_room(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    add(&stage, 10);
    struct side *side = side_new(&stage, "a", 4);
    side_await_seen(side, 4);
    run_turns(stage.loop, 50);
    assert_int_equal(side->seen_count, 4);
    assert_int_equal(consumer_held(side->consumer), 4);
    assert_int_equal(pending(&stage, "a"), 4); /* it did not even ask for more */
    assert_true(consumer_is_reading(side->consumer));
    for (int i = 0; i < 4; i++)
        side_give_back(side, side->seen[i]);
    run_turns(stage.loop, 20);
    assert_int_equal(side->seen_count, 4); /* room alone does not wake it */
    consumer_poke(side->consumer);
    side_await_seen(side, 8);
    for (int i = 1; i < side->seen_count; i++)
        assert_true(stream_id_cmp(side->seen[i - 1], side->seen[i]) < 0);
    for (int i = 0; i < side->seen_count; i++)
        assert_int_equal(side->claims[i], 1);
    stage_free_store(&stage);
    side_free(side);
    stage_close(&stage);
}

static void waits_for_the_next_entry_without_asking_again(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    struct side *side = side_new(&stage, "a", 100);
    side_await_reading(side);
    run_turns(stage.loop, 100);
    long long reads = stage_calls(&stage, "xreadgroup");
    add(&stage, 1);
    int64_t start_mono_ms = clock_mono_ms();
    side_await_seen(side, 1);
    assert_true(clock_mono_ms() - start_mono_ms < 1000);
    assert_true(stage_calls(&stage, "xreadgroup") - reads <= 2);
    stage_free_store(&stage);
    side_free(side);
    stage_close(&stage);
}

static void makes_the_group_at_the_beginning_and_again(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    add(&stage, 2);
    struct side *side = side_new(&stage, "a", 100);
    side->releases = true;
    side_await_seen(side, 2);
    redis_fixture_ask(&stage.server, "FLUSHALL");
    add(&stage, 3);
    side_await_seen(side, 5);
    redis_fixture_ask(&stage.server, "XGROUP DESTROY " STREAM " " GROUP);
    side_await_seen(side, 8); /* what the group had read is read again, never skipped */
    stage_free_store(&stage);
    side_free(side);
    stage_close(&stage);
}

static bool is_not_reading(void *self)
{
    return !side_is_reading(self);
}

static void goes_on_when_redis_was_killed(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, STAGE_DURABLE, 1);
    add(&stage, 3);
    struct side *side = side_new(&stage, "a", 100);
    side_await_seen(side, 3);
    redis_fixture_kill(&stage.server);
    run_until(stage.loop, is_not_reading, side);
    assert_int_equal(consumer_held(side->consumer), 3); /* still ours, as far as we know */
    redis_fixture_restart(&stage.server, STAGE_DURABLE);
    stage_await_up(&stage);
    int64_t start_mono_ms = clock_mono_ms();
    side_await_reading(side); /* before the blocking read has answered */
    assert_true(clock_mono_ms() - start_mono_ms < 3000);
    add(&stage, 2);
    side_await_seen(side, 5);
    struct side *other = side_new(&stage, "other", 100);
    run_for(stage.loop, 3 * LEASE_MS);
    assert_int_equal(other->seen_count, 0);
    assert_int_equal(side->lost, 0);
    assert_int_equal(consumer_held(side->consumer), 5);
    stage_free_store(&stage);
    side_free(side);
    side_free(other);
    stage_close(&stage);
}

static void leave(struct side *side)
{
    consumer_leave(side->consumer, side_on_left, side);
    assert_int_equal(side->left, 0); /* never before it returns */
    int64_t start_mono_ms = clock_mono_ms();
    run_until_count(side->stage->loop, &side->left, 1);
    assert_true(clock_mono_ms() - start_mono_ms < 4000); /* a blocked read takes five seconds */
}

static void ends_a_blocked_read_and_leaves(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    add(&stage, 1);
    struct side *side = side_new(&stage, "a", 100);
    side->releases = true;
    side_await_seen(side, 1);
    run_turns(stage.loop, 50);
    assert_int_equal(stage_number(&stage, CONSUMERS_COUNT), 1);
    consumer_stop(side->consumer);
    leave(side);
    assert_int_equal(stage_number(&stage, CONSUMERS_COUNT), 0);
    run_for(stage.loop, LEASE_MS);
    assert_int_equal(side->left, 1);
    assert_int_equal(stage_number(&stage, CONSUMERS_COUNT), 0); /* and stays away */
    stage_free_store(&stage);
    side_free(side);
    stage_close(&stage);
}

static void on_client_id(enum status status, const struct redis_reply *reply, void *self)
{
    assert_int_equal(status, STATUS_OK);
    *(int *)self = (int)redis_reply_int(reply);
}

/* The first word to stop is lost with the connection that should have brought it. */
static void ends_a_blocked_read_with_a_second_word(void **state)
{
    struct stage stage;
    int client_id = 0;
    (void)state;
    stage_open(&stage, "", 1);
    struct side *side = side_new(&stage, "a", 10);
    side_await_reading(side);
    redis_sendf(stage.redis, on_client_id, &client_id, "CLIENT ID");
    run_until_count(stage.loop, &client_id, 1);
    redis_fixture_ask(&stage.server, "CLIENT KILL ID %d", client_id);
    consumer_stop(side->consumer);
    leave(side);
    stage_free_store(&stage);
    side_free(side);
    stage_close(&stage);
}

static void loses_nothing_that_is_being_handed_over(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    struct side *side = side_new(&stage, "a", 100);
    side->releases = true;
    side_await_reading(side);
    run_turns(stage.loop, 20);
    add(&stage, 7); /* the blocked read has the first of them */
    consumer_stop(side->consumer);
    leave(side);
    assert_true(side->seen_count >= 1);
    assert_int_equal(pending(&stage, "a"), 0);
    assert_int_equal(side->seen_count + stage_number(&stage,
                                                     "return redis.call('XINFO', 'GROUPS', '" STREAM
                                                     "')[1][12]"),
                     7);
    stage_free_store(&stage);
    side_free(side);
    stage_close(&stage);
}

static void keeps_its_name_while_something_is_pending(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    add(&stage, 2);
    struct side *side = side_new(&stage, "a", 100);
    side->stops_at_batch = true;
    side_await_seen(side, 2);
    consumer_leave(side->consumer, side_on_left, side);
    run_turns(stage.loop, 50);
    assert_int_equal(side->left, 0); /* it holds two */
    side_give_back(side, side->seen[0]);
    consumer_release(side->consumer, side->seen[1]); /* not acknowledged */
    run_until_count(stage.loop, &side->left, 1);
    assert_int_equal(stage_number(&stage, CONSUMERS_COUNT), 1);
    assert_int_equal(pending(&stage, "a"), 1);
    stage_free_store(&stage);
    side_free(side);
    stage_close(&stage);
}

/* More than a connection takes as one answer: asked for by smaller counts, nothing is stuck. */
static void survives_answers_past_all_bounds(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    struct side *side = side_new(&stage, "a", 1000);
    side->releases = true;
    for (int i = 1; i <= 5; i++) { /* small ones raise the count */
        add(&stage, 10);
        side_await_seen(side, 10 * i);
    }
    stage_eval(&stage, "local text = string.rep('x', 4194304)"
                       " for i = 1, 20 do redis.call('XADD', '" STREAM "', '*', 'n', text) end");
    side_await_seen(side, 70);
    assert_int_equal(pending(&stage, "a"), 0);
    stage_free_store(&stage);
    side_free(side);
    stage_close(&stage);
}

static void may_be_freed_while_it_leaves(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    struct side *side = side_new(&stage, "a", 100);
    side_await_reading(side);
    run_turns(stage.loop, 20);
    redis_fixture_pause(&stage.server);
    consumer_stop(side->consumer);
    consumer_leave(side->consumer, side_on_left, side);
    run_turns(stage.loop, 20);
    stage_free_store(&stage);
    side_free(side);
    redis_fixture_resume(&stage.server);
    stage_close(&stage);
}

static bool is_sure_of(const struct side *side, int seen)
{
    struct consumer_call call = {0};
    consumer_call_add(side->consumer, &call, side->seen[seen], false);
    return !call.is_unsure;
}

/* What its reader hands over while the other connection may lead to another Redis already. */
static void is_sure_only_of_what_both_connections_gave(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    struct side *side = side_new(&stage, "a", 100);
    side_await_reading(side);
    add(&stage, 1);
    side_await_seen(side, 1);
    assert_true(is_sure_of(side, 0));
    run_turns(stage.loop, 20); /* it waits for the next one */
    redis_reconnect(stage.redis);
    stage_await_up(&stage);
    assert_false(is_sure_of(side, 0));
    add(&stage, 1);
    side_await_seen(side, 2);
    assert_false(is_sure_of(side, 1));
    add(&stage, 1); /* for a reader that was made anew */
    side_await_seen(side, 3);
    assert_true(is_sure_of(side, 2));
    assert_false(is_sure_of(side, 1));
    side_give_back(side, side->seen[2]);
    assert_false(is_sure_of(side, 2));
    stage_free_store(&stage);
    side_free(side);
    stage_close(&stage);
}

static bool is_no_more_sure(void *self)
{
    const struct side *side = self;
    return !is_sure_of(side, 0);
}

/* A master that was demoted says so itself, and so does one that was started again behind a proxy. */
static void is_not_sure_after_a_word_of_another_redis(void **state)
{
    (void)state;
    for (int is_demoted = 0; is_demoted < 2; is_demoted++) {
        struct stage stage;
        stage_open(&stage, "", 1);
        struct side *side = side_new_with_lease(&stage, "a", 100, 30000);
        side_await_reading(side);
        add(&stage, 1);
        side_await_seen(side, 1);
        if (is_demoted) {
            redis_fixture_ask(&stage.server, "REPLICAOF 127.0.0.1 1");
            redis_sendf(stage.redis, NULL, NULL, "DEL x");
        } else {
            redis_sendf(stage.redis, NULL, NULL,
                        "EVALSHA 0000000000000000000000000000000000000000 0");
        }
        assert_true(is_sure_of(side, 0));
        run_until(stage.loop, is_no_more_sure, side);
        stage_free_store(&stage);
        side_free(side);
        stage_close(&stage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_in_order_and_up_to_its_room),
        cmocka_unit_test(waits_for_the_next_entry_without_asking_again),
        cmocka_unit_test(makes_the_group_at_the_beginning_and_again),
        cmocka_unit_test(goes_on_when_redis_was_killed),
        cmocka_unit_test(ends_a_blocked_read_and_leaves),
        cmocka_unit_test(ends_a_blocked_read_with_a_second_word),
        cmocka_unit_test(loses_nothing_that_is_being_handed_over),
        cmocka_unit_test(keeps_its_name_while_something_is_pending),
        cmocka_unit_test(survives_answers_past_all_bounds),
        cmocka_unit_test(may_be_freed_while_it_leaves),
        cmocka_unit_test(is_sure_only_of_what_both_connections_gave),
        cmocka_unit_test(is_not_sure_after_a_word_of_another_redis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
