/*
 * start_budget_test.c - so many a turn, and the next turn comes by itself
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dispatcher/start_budget.h"
#include "loop_fixture.h"

struct world {
    struct loop *loop;
    struct start_budget budget;
    int wants, started, calls;
    int most; /* in one call */
};

static void start(void *self)
{
    struct world *world = self;
    int before = world->started;
    world->calls++;
    while (world->started < world->wants && start_budget_take(&world->budget))
        world->started++;
    if (world->started - before > world->most)
        world->most = world->started - before;
}

static int set_up(void **state)
{
    static struct world world;
    world = (struct world){.loop = loop_new()};
    start_budget_init(&world.budget, world.loop, start, &world);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    start_budget_fini(&world->budget);
    loop_free(&world->loop);
    return 0;
}

static void the_rest_starts_in_later_turns(void **state)
{
    struct world *world = *state;
    world->wants = 3 * START_BUDGET_MAX + 1;
    start(world);
    assert_int_equal(world->started, START_BUDGET_MAX);
    start(world); /* of this turn nothing is left, however often it is asked */
    assert_int_equal(world->started, START_BUDGET_MAX);
    run_until_count(world->loop, &world->started, world->wants);
    assert_int_equal(world->most, START_BUDGET_MAX);
    assert_int_equal(world->calls, 5);
}

static void a_turn_that_is_enough_calls_nobody(void **state)
{
    struct world *world = *state;
    world->wants = START_BUDGET_MAX;
    start(world);
    run_turns(world->loop, 3);
    assert_int_equal(world->calls, 1);
    world->wants += START_BUDGET_MAX;
    start(world);
    assert_int_equal(world->started, world->wants);
}

static void may_end_with_a_turn_to_come(void **state)
{
    struct world *world = *state;
    world->wants = START_BUDGET_MAX + 1;
    start(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_rest_starts_in_later_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_turn_that_is_enough_calls_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(may_end_with_a_turn_to_come, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
