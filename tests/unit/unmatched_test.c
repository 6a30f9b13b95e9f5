/*
 * unmatched_test.c - events that are asked for again, and who waits for them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loop_fixture.h"
#include "processor/unmatched.h"

enum { WORKS = 3 };

struct world {
    struct loop *loop;
    struct unmatched *unmatched;
    struct work *works[WORKS];
};

static void on_time(void *self)
{
    struct world *world = self;
    loop_stop(world->loop);
}

static int set_up(void **state)
{
    static struct world world;
    world.loop = loop_new();
    world.unmatched = unmatched_new(world.loop, on_time, &world);
    for (int i = 0; i < WORKS; i++)
        world.works[i] = work_new_unreadable((struct stream_id){.ms = 1, .seq = (uint64_t)i}, 0);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < WORKS; i++)
        work_free(&world->works[i]);
    unmatched_free(&world->unmatched);
    loop_free(&world->loop);
    return 0;
}

static void they_are_taken_in_the_order_of_the_log(void **state)
{
    struct world *world = *state;
    static const int added[WORKS] = {1, 2, 0};
    for (int i = 0; i < WORKS; i++)
        unmatched_add(world->unmatched, world->works[added[i]]);
    loop_run(world->loop); /* until it is time */
    for (int i = 0; i < WORKS; i++)
        assert_ptr_equal(unmatched_take(world->unmatched), world->works[i]);
    assert_null(unmatched_take(world->unmatched));
}

static void others_pass_when_all_have_left(void **state)
{
    struct world *world = *state;
    struct work **works = world->works;
    assert_true(unmatched_may_pass(world->unmatched, works[2]));
    unmatched_add(world->unmatched, works[0]);
    unmatched_add(world->unmatched, works[1]);
    assert_false(unmatched_may_pass(world->unmatched, works[2]));
    assert_ptr_equal(unmatched_take(world->unmatched), works[0]);
    assert_ptr_equal(unmatched_take(world->unmatched), works[1]);
    assert_true(unmatched_may_pass(world->unmatched, works[0]));
    assert_false(unmatched_may_pass(world->unmatched, works[2]));
    unmatched_leave(world->unmatched, works[2]); /* never was there */
    unmatched_leave(world->unmatched, works[0]);
    unmatched_add(world->unmatched, works[1]); /* in vain once more */
    assert_false(unmatched_is_empty(world->unmatched));
    assert_ptr_equal(unmatched_take(world->unmatched), works[1]);
    unmatched_leave(world->unmatched, works[1]);
    unmatched_leave(world->unmatched, works[1]);
    assert_true(unmatched_is_empty(world->unmatched));
    assert_true(unmatched_may_pass(world->unmatched, works[2]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(they_are_taken_in_the_order_of_the_log, set_up, tear_down),
        cmocka_unit_test_setup_teardown(others_pass_when_all_have_left, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
