/*
 * map_test.c - the table against a plain array, under random operations
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/map.h"

#define KEYS 400

struct item {
    char key[16];
    bool in;
};

static struct slice key_of(const struct item *item)
{
    return slice_of(item->key);
}

static void check_all(const struct map *map, struct item *items)
{
    size_t in = 0, cursor = 0, seen = 0;
    for (size_t i = 0; i < KEYS; i++) {
        in += items[i].in;
        assert_ptr_equal(map_get(map, key_of(&items[i])), items[i].in ? &items[i] : NULL);
    }
    for (struct item *item; (item = map_next(map, &cursor));) {
        assert_true(item->in);
        seen++;
    }
    assert_int_equal(map->count, in);
    assert_int_equal(seen, in);
}

static void agrees_with_an_array_under_random_operations(void **state)
{
    (void)state;
    struct item items[KEYS] = {0};
    struct map map;
    map_init(&map);
    for (int i = 0; i < KEYS; i++)
        snprintf(items[i].key, sizeof items[i].key, "%.*s%d", i % 9, "xxxxxxxxx", i);
    unsigned seed = 20261122;
    for (int step = 0; step < 40000; step++) {
        seed = seed * 1103515245 + 12345;
        struct item *item = &items[(seed >> 8) % KEYS];
        bool filling = step / 4000 % 2 == 0; /* grows full, then nearly empty, again and again */
        if (item->in && (!filling || seed % 4 == 0)) {
            assert_ptr_equal(map_remove(&map, key_of(item)), item);
            item->in = false;
        } else if (!item->in && (filling || seed % 4 == 0)) {
            map_add(&map, key_of(item), item);
            item->in = true;
        }
        if (step % 500 == 0)
            check_all(&map, items);
    }
    check_all(&map, items);
    map_fini(&map);
}

static void answers_when_empty(void **state)
{
    (void)state;
    struct map map;
    size_t cursor = 0;
    map_init(&map);
    assert_null(map_get(&map, SLICE("x")));
    assert_null(map_remove(&map, SLICE("x")));
    assert_null(map_next(&map, &cursor));
    map_fini(&map);
}

static void tells_keys_apart_that_are_alike(void **state)
{
    (void)state;
    static const char bytes[16] = {0};
    char values[17];
    struct map map;
    map_init(&map);
    for (size_t len = 0; len <= 16; len++)
        map_add(&map, (struct slice){bytes, len}, &values[len]);
    for (size_t len = 0; len <= 16; len++)
        assert_ptr_equal(map_get(&map, (struct slice){bytes, len}), &values[len]);
    map_fini(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_an_array_under_random_operations),
        cmocka_unit_test(answers_when_empty),
        cmocka_unit_test(tells_keys_apart_that_are_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
