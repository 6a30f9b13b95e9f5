#include "histogram.h"

#include <string.h>

#include "base/must.h"

static size_t bucket_of(uint64_t value)
{
    if (value < HISTOGRAM_SUB)
        return (size_t)value;
    unsigned top = 63u - (unsigned)__builtin_clzll(value);
    unsigned shift = top - 7;
    return (size_t)(shift * HISTOGRAM_SUB + (value >> shift));
}

/* The largest value that the bucket counts. */
static uint64_t bucket_end(size_t bucket)
{
    if (bucket < 2 * HISTOGRAM_SUB)
        return bucket;
    unsigned shift = (unsigned)(bucket / HISTOGRAM_SUB) - 1;
    return ((bucket - shift * HISTOGRAM_SUB + 1) << shift) - 1;
}

void histogram_clear(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    size_t bucket = bucket_of(value < HISTOGRAM_VALUE_MAX ? value : HISTOGRAM_VALUE_MAX);
    must(bucket < HISTOGRAM_BUCKETS);
    histogram->counts[bucket]++;
    histogram->total++;
    if (value > histogram->max)
        histogram->max = value;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share)
{
    uint64_t seen = 0;
    double wanted = share * (double)histogram->total;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen > 0 && (double)seen >= wanted) {
            uint64_t end = bucket_end(i);
            return end < histogram->max && i < HISTOGRAM_BUCKETS - 1 ? end : histogram->max;
        }
    }
    return histogram->max;
}

void histogram_json(const struct histogram *histogram, struct buf *out)
{
    static const struct {
        const char *name;
        double share;
    } rows[] = {{"p50", 0.50}, {"p90", 0.90}, {"p95", 0.95}, {"p99", 0.99}, {"p999", 0.999}};
    buf_printf(out, "{\"count\":%llu", (unsigned long long)histogram->total);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        buf_printf(out, ",\"%s\":%llu", rows[i].name,
                   (unsigned long long)histogram_quantile(histogram, rows[i].share));
    buf_printf(out, ",\"max\":%llu}", (unsigned long long)histogram->max);
}
