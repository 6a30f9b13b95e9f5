/*
 * random_test.c - random bytes: all of them, never twice, even below a bound
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/random.h"

static void fills_all_and_only_the_bytes_asked_for(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, 7, 8, 2047, 2048, 2049, 10000};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        size_t len = lens[i];
        uint8_t seen[10000] = {0};
        uint8_t bytes[10001];
        for (int round = 0; round < 16; round++) { /* a byte is 0 in all of them once in 2^128 */
            memset(bytes, 0, sizeof bytes);
            random_bytes(bytes, len);
            for (size_t at = 0; at < len; at++) {
                seen[at] |= bytes[at];
            }
            assert_int_equal(bytes[len], 0);
        }
        assert_null(memchr(seen, 0, len));
    }
}

static void never_repeats(void **state)
{
    (void)state;
    static uint64_t drawn[2000];
    for (size_t i = 0; i < 2000; i++) {
        drawn[i] = random_u64();
        for (size_t j = 0; j < i; j++) {
            assert_true(drawn[i] != drawn[j]);
        }
    }
}

static void a_fork_draws_other_bytes(void **state)
{
    (void)state;
    (void)random_u64(); /* the pool is full from here on */
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    uint8_t mine[64];
    random_bytes(mine, sizeof mine);
    if (child == 0) {
        _exit(write(ends[1], mine, sizeof mine) == sizeof mine ? 0 : 1);
    }
    uint8_t other[64];
    assert_int_equal(read(ends[0], other, sizeof other), sizeof other);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_memory_not_equal(mine, other, sizeof mine);
    close(ends[0]);
    close(ends[1]);
}

static void stays_below_the_bound_and_is_even(void **state)
{
    (void)state;
    static const uint64_t bounds[] = {
        1, 2, 3, 10, UINT64_C(1) << 63, (UINT64_C(1) << 63) + 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        for (int round = 0; round < 200; round++) {
            assert_true(random_below(bounds[i]) < bounds[i]);
        }
    }
    size_t counts[6] = {0};
    for (int i = 0; i < 60000; i++) {
        counts[random_below(6)]++;
    }
    for (size_t i = 0; i < 6; i++) { /* 10000, and 11 standard deviations of 91 */
        assert_in_range(counts[i], 9000, 11000);
    }
    /* Without refusing values, the lower third would come up half of the time. */
    size_t lower = 0;
    uint64_t bound = UINT64_MAX / 4 * 3;
    for (int i = 0; i < 30000; i++) {
        lower += random_below(bound) < bound / 3;
    }
    assert_in_range(lower, 9000, 11000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_all_and_only_the_bytes_asked_for),
        cmocka_unit_test(never_repeats),
        cmocka_unit_test(a_fork_draws_other_bytes),
        cmocka_unit_test(stays_below_the_bound_and_is_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
