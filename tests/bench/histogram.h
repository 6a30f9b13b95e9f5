/*
 * histogram.h - counts of values over a wide range, each within 1/128 of its size
 *
 * Below 128 every value has a bucket of its own; above, each power of two is divided into 128. What is
 * larger than HISTOGRAM_VALUE_MAX is counted as that, and the true maximum is kept beside.
 */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

#define HISTOGRAM_SUB 128u
#define HISTOGRAM_SHIFT_MAX 33u
#define HISTOGRAM_BUCKETS ((HISTOGRAM_SHIFT_MAX + 2) * HISTOGRAM_SUB)
#define HISTOGRAM_VALUE_MAX ((2ull * HISTOGRAM_SUB << HISTOGRAM_SHIFT_MAX) - 1)

struct histogram {
    uint64_t total, max;
    uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint64_t value);

/* The smallest value that at least this share of all do not exceed, never more than the largest; 0: empty. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);

/* {"count":…,"p50":…,"p90":…,"p95":…,"p99":…,"p999":…,"max":…} */
void histogram_json(const struct histogram *histogram, struct buf *out);
