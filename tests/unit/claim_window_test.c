/*
 * claim_window_test.c - what each partition may claim beside the others, and who is told of room
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dispatcher/claim_window.h"
#include "loop_fixture.h"

#define PARTITIONS 4
#define MAX 320

struct world {
    struct loop *loop;
    struct claim_window window;
    struct claim_share shares[PARTITIONS];
    struct poked {
        struct world *world;
        size_t index;
    } poked[PARTITIONS];
    size_t order[32]; /* of pokes */
    size_t pokes;
    size_t wants; /* what each that is poked takes of its room */
};

static void take(struct world *world, size_t index, size_t count)
{
    while (count-- > 0) {
        claim_window_take(&world->window, &world->shares[index]);
    }
}

static void give(struct world *world, size_t index, size_t count)
{
    while (count-- > 0) {
        claim_window_give(&world->window, &world->shares[index]);
    }
}

static size_t room(struct world *world, size_t index)
{
    return claim_window_room(&world->window, &world->shares[index]);
}

static void on_poke(void *self)
{
    struct poked *poked = self;
    struct world *world = poked->world;
    world->order[world->pokes++] = poked->index;
    size_t found = room(world, poked->index);
    take(world, poked->index, found < world->wants ? found : world->wants);
    room(world, poked->index); /* as after a read */
}

static void open_world(struct world *world, size_t max, size_t partitions)
{
    *world = (struct world){.loop = loop_new()};
    world->window =
        (struct claim_window){.max = max, .partitions = partitions, .loop = world->loop};
    for (size_t i = 0; i < PARTITIONS; i++) {
        world->poked[i] = (struct poked){world, i};
        world->shares[i] = (struct claim_share){.poke = on_poke, .self = &world->poked[i]};
    }
}

static void close_world(struct world *world)
{
    claim_window_fini(&world->window);
    loop_free(&world->loop);
}

static void one_partition_has_it_all(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 80, 1);
    assert_int_equal(room(&world, 0), 80);
    take(&world, 0, 70);
    assert_int_equal(room(&world, 0), 10);
    take(&world, 0, 1);
    assert_int_equal(room(&world, 0), 0); /* less than an eighth */
    take(&world, 0, 9 + 20);              /* a reclaim came on top */
    assert_int_equal(room(&world, 0), 0);
    close_world(&world);
}

static void the_smallest_window_has_room(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 1, PARTITIONS);
    assert_int_equal(room(&world, 0), 1);
    take(&world, 0, 1);
    assert_int_equal(room(&world, 0), 0);
    assert_int_equal(room(&world, 1), 1);
    close_world(&world);
}

static void an_even_share_is_left_for_each(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, MAX, PARTITIONS);
    take(&world, 0, MAX);
    assert_int_equal(room(&world, 0), 0);
    assert_int_equal(room(&world, 1), MAX / PARTITIONS);
    take(&world, 1, 70);
    assert_int_equal(room(&world, 1), 10);
    take(&world, 1, 1);
    assert_int_equal(room(&world, 1), 0);
    assert_int_equal(room(&world, 2), MAX / PARTITIONS);
    close_world(&world);
}

static void all_together_hold_twice_the_window_at_most(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, MAX, PARTITIONS);
    for (int round = 0; round < 100; round++) {
        for (size_t i = 0; i < PARTITIONS; i++) {
            take(&world, i, room(&world, i));
        }
    }
    assert_in_range(world.window.held, MAX - MAX / 8, 2 * MAX);
    give(&world, 0, world.shares[0].held);
    take(&world, 0, MAX - MAX / 4);
    for (size_t i = 0; i < PARTITIONS; i++) {
        take(&world, i, room(&world, i));
    }
    assert_in_range(world.window.held, MAX - MAX / 8, 2 * MAX);
    close_world(&world);
}

static void whoever_was_refused_is_told_in_turn(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, MAX, PARTITIONS);
    for (size_t i = 0; i < PARTITIONS; i++) {
        take(&world, i, 100);
    }
    for (size_t i = PARTITIONS; i-- > 0;) {
        assert_int_equal(room(&world, i), 0);
        assert_int_equal(room(&world, i), 0); /* asked twice, queued once */
    }
    give(&world, 0, 1);
    assert_int_equal(world.pokes, 0); /* later */
    run_turns(world.loop, 2);
    assert_int_equal(world.pokes, PARTITIONS);
    for (size_t i = 0; i < PARTITIONS; i++) {
        assert_int_equal(world.order[i], PARTITIONS - 1 - i);
    }
    /* Another one's end makes room for who waits; the first that is told takes it, and waits behind the others then. */
    world.pokes = 0;
    world.wants = 1000;
    give(&world, 0, 99);
    give(&world, 1, 60);
    run_turns(world.loop, 2);
    assert_int_equal(world.order[0], 3);
    assert_true(world.shares[3].held > 100);
    close_world(&world);
}

static void nobody_is_told_for_nothing(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, MAX, PARTITIONS);
    take(&world, 0, 10);
    assert_true(room(&world, 0) > 0);
    give(&world, 0, 10);
    run_turns(world.loop, 2);
    assert_int_equal(world.pokes, 0);
    take(&world, 0, MAX);
    assert_int_equal(room(&world, 0), 0);
    give(&world, 0, 1);
    claim_window_fini(&world.window);
    run_turns(world.loop, 2);
    assert_int_equal(world.pokes, 0);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_partition_has_it_all),
        cmocka_unit_test(the_smallest_window_has_room),
        cmocka_unit_test(an_even_share_is_left_for_each),
        cmocka_unit_test(all_together_hold_twice_the_window_at_most),
        cmocka_unit_test(whoever_was_refused_is_told_in_turn),
        cmocka_unit_test(nobody_is_told_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
