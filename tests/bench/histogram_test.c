/*
 * histogram_test.c - quantiles against the sorted values, bucket borders, the largest values
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "histogram.h"

static struct histogram histogram;

static int clear(void **state)
{
    (void)state;
    histogram_clear(&histogram);
    return 0;
}

static void is_zero_when_empty(void **state)
{
    (void)state;
    assert_int_equal(histogram_quantile(&histogram, 0.5), 0);
    assert_int_equal(histogram.total, 0);
}

static void is_exact_for_small_values(void **state)
{
    (void)state;
    for (uint64_t value = 1; value <= 100; value++)
        histogram_add(&histogram, value);
    assert_int_equal(histogram_quantile(&histogram, 0.50), 50);
    assert_int_equal(histogram_quantile(&histogram, 0.99), 99);
    assert_int_equal(histogram_quantile(&histogram, 1.0), 100);
    assert_int_equal(histogram_quantile(&histogram, 0.0), 1);
}

/* Alone beside a larger one, each value is told within 1/128 above itself and never below. */
static void bounds_the_error_at_every_scale(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 40; shift++) {
        for (int64_t offset = -2; offset <= 2; offset++) {
            uint64_t value = (1ull << shift) + (uint64_t)offset;
            if ((1ull << shift) < 4 && offset < 0)
                continue;
            histogram_clear(&histogram);
            histogram_add(&histogram, value);
            histogram_add(&histogram, 1ull << 40);
            uint64_t told = histogram_quantile(&histogram, 0.5);
            assert_true(told >= value);
            assert_true(told <= value + value / 128);
        }
    }
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void agrees_with_the_sorted_values(void **state)
{
    static uint64_t values[20000];
    static const double shares[] = {0.01, 0.5, 0.9, 0.95, 0.99, 0.999};
    const size_t count = sizeof values / sizeof values[0];
    uint64_t seed = 12345;
    (void)state;
    for (size_t i = 0; i < count; i++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        values[i] = (seed >> 33) % (1ull << (1 + (seed >> 20) % 30));
        histogram_add(&histogram, values[i]);
    }
    qsort(values, count, sizeof values[0], compare);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        uint64_t exact = values[(size_t)(shares[i] * (double)count + 0.999999) - 1];
        uint64_t told = histogram_quantile(&histogram, shares[i]);
        assert_true(told >= exact);
        assert_true(told <= exact + exact / 128);
    }
}

static void never_tells_more_than_the_largest(void **state)
{
    (void)state;
    histogram_add(&histogram, 1000001);
    assert_int_equal(histogram_quantile(&histogram, 0.5), 1000001);
    assert_int_equal(histogram.max, 1000001);
}

static void keeps_the_maximum_past_its_range(void **state)
{
    (void)state;
    histogram_add(&histogram, 7);
    histogram_add(&histogram, UINT64_MAX);
    assert_int_equal(histogram_quantile(&histogram, 0.5), 7);
    assert_true(histogram_quantile(&histogram, 1.0) == UINT64_MAX);
}

static void is_written_as_json(void **state)
{
    struct buf out;
    (void)state;
    for (uint64_t value = 1; value <= 100; value++)
        histogram_add(&histogram, value);
    buf_init(&out, 1024);
    histogram_json(&histogram, &out);
    assert_true(slice_is(
        buf_slice(&out),
        "{\"count\":100,\"p50\":50,\"p90\":90,\"p95\":95,\"p99\":99,\"p999\":100,\"max\":100}"));
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(is_zero_when_empty, clear),
        cmocka_unit_test_setup(is_exact_for_small_values, clear),
        cmocka_unit_test_setup(bounds_the_error_at_every_scale, clear),
        cmocka_unit_test_setup(agrees_with_the_sorted_values, clear),
        cmocka_unit_test_setup(never_tells_more_than_the_largest, clear),
        cmocka_unit_test_setup(keeps_the_maximum_past_its_range, clear),
        cmocka_unit_test_setup(is_written_as_json, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
