/*
 * lane_ring_test.c - how long a lane is kept, and which of them count as slow
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "dispatcher/lane_ring.h"

#define NOW 1000000

static struct lane_ring ring;

static int set_up(void **state)
{
    (void)state;
    ring = (struct lane_ring){.max_in_flight = 100, .max_in_flight_per_endpoint = 50};
    lane_ring_init(&ring);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lane_ring_fini(&ring);
    return 0;
}

static struct lane *lane_of(int number)
{
    char endpoint[32];
    snprintf(endpoint, sizeof endpoint, "ep_%020d", number);
    return lane_ring_find(&ring, 0, slice_of(endpoint));
}

static struct delivery *put(struct lane *lane)
{
    static const struct delivery_fields fields = {.event = SLICE("evt_00000000000000000000"),
                                                  .endpoint = SLICE("ep_00000000000000000000"),
                                                  .attempt = 1};
    struct delivery *delivery = delivery_new((struct stream_id){1, 1}, &fields, NULL);
    lane_queue(lane, delivery);
    return delivery;
}

/* Attempts take two seconds each, so far. */
static struct lane *slow_lane(int number)
{
    struct lane *lane = lane_of(number);
    lane_pace_ended(&lane->pace, 2000, true, NOW);
    lane_pace_judge(&lane->pace, 0, 0, NOW);
    return lane;
}

static void a_lane_goes_when_it_is_empty(void **state)
{
    (void)state;
    struct lane *lane = lane_of(1);
    struct delivery *delivery = put(lane);
    lane_free_if_empty(lane, NOW);
    assert_int_equal(ring.by_key.count, 1);
    lane_unqueue(lane, delivery);
    delivery_free(&delivery);
    lane_free_if_empty(lane, NOW);
    assert_int_equal(ring.by_key.count, 0);
}

static void it_stays_until_the_parked_are_back(void **state)
{
    (void)state;
    struct lane *lane = slow_lane(1);
    assert_int_equal(lane_park_ms(lane, 0, NOW), 1000);
    assert_int_equal(lane_park_ms(lane, 0, NOW), 1000 + 2000 / 50);
    lane->pace.blocked_mono_ms = NOW - 5000;
    lane_free_if_empty(lane, NOW);
    assert_ptr_equal(lane_of(1), lane);
    assert_int_equal(lane->pace.blocked_mono_ms, 0); /* nothing waits that could be blocked */
    lane_ring_sweep(&ring, NOW + 1079);
    assert_int_equal(ring.by_key.count, 1);
    lane_ring_sweep(&ring, NOW + 1080);
    assert_int_equal(ring.by_key.count, 0);
}

static void only_so_many_are_kept(void **state)
{
    (void)state;
    for (int i = 0; i < LANES_KEPT_MAX + 100; i++) {
        struct lane *lane = slow_lane(i);
        lane_park_ms(lane, 0, NOW);
        lane_free_if_empty(lane, NOW);
    }
    assert_int_equal(ring.by_key.count, LANES_KEPT_MAX);
    for (int i = 0; i < 200 && ring.by_key.count > 0; i++) {
        lane_ring_sweep(&ring, NOW + 10000);
    }
    assert_int_equal(ring.by_key.count, 0);
}

static void those_that_are_only_kept_take_no_share(void **state)
{
    (void)state;
    slow_lane(1);
    slow_lane(2);
    put(slow_lane(3));
    lane_ring_judge(&ring, NOW);
    assert_int_equal(ring.slow, 1);
    assert_int_equal(lane_ring_share(&ring), 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_lane_goes_when_it_is_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_stays_until_the_parked_are_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_so_many_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(those_that_are_only_kept_take_no_share, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
