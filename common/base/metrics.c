/*
 * metrics.c - see metrics.h
 *
 * Each worker has an area of slots of its own, so that no two processors fight over a cache line; reading sums them.
 * A slot is 64 bits: a count, or the bits of a double (gauges, sums of histograms). A series of a histogram is its
 * buckets, the one for +Inf, and the sum. The supervisor, before any fork, uses the area of worker 0.
 */
#include "metrics.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "metrics_page.h"
#include "must.h"

static const double latency_buckets[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                         0.5,    1,     2.5,    5,     10,   30,    60,   0};

enum { SLOTS_PER_LINE = 64 / sizeof(uint64_t) };

static struct {
    const struct metric *table;
    struct metric_layout *layouts;
    size_t count;
    size_t workers, worker;
    size_t stride;           /* slots of one area */
    _Atomic uint64_t *slots; /* at mapping */
    void *mapping;
    size_t mapping_size;
} page;

static size_t count_values(const char *const *values)
{
    size_t count = 0;
    while (values[count] != NULL) {
        count++;
    }
    return count;
}

static struct metric_layout layout_of(const struct metric *metric, size_t first)
{
    struct metric_layout layout = {.first = first, .width = 1};
    layout.values2 = metric->label2 != NULL ? count_values(metric->values2) : 1;
    layout.series = (metric->label != NULL ? count_values(metric->values) : 1) * layout.values2;
    if (metric->kind == METRIC_HISTOGRAM) {
        layout.buckets = metric->buckets != NULL ? metric->buckets : latency_buckets;
        while (layout.buckets[layout.buckets_count] > 0) {
            size_t i = layout.buckets_count++;
            must(i == 0 || layout.buckets[i] > layout.buckets[i - 1]);
        }
        must(layout.buckets_count > 0);
        layout.width = layout.buckets_count + 2;
    }
    return layout;
}

static void map_slots(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        fprintf(stderr, "out of memory: %zu bytes wanted for metrics\n", size);
        abort();
    }
    page.mapping = at;
    page.mapping_size = size;
    page.slots = at;
}

void metrics_init(const struct metric *table, size_t count, size_t workers)
{
    must(page.table == NULL && workers > 0);
    page.table = table;
    page.count = count;
    page.workers = workers;
    page.worker = 0;
    page.layouts = xcalloc(count, sizeof *page.layouts);
    size_t slots = 1;
    for (size_t i = 0; i < count; i++) {
        page.layouts[i] = layout_of(&table[i], slots);
        slots += page.layouts[i].series * page.layouts[i].width;
    }
    page.stride = (slots + SLOTS_PER_LINE - 1) / SLOTS_PER_LINE * SLOTS_PER_LINE;
    map_slots(page.stride * workers * sizeof *page.slots);
}

void metrics_fini(void)
{
    if (page.table != NULL) {
        munmap(page.mapping, page.mapping_size);
        free(page.layouts);
        memset(&page, 0, sizeof page);
    }
}

static _Atomic uint64_t *slot_of(size_t worker, size_t metric, size_t series)
{
    const struct metric_layout *layout = &page.layouts[metric];
    must(series < layout->series);
    return page.slots + worker * page.stride + layout->first + series * layout->width;
}

/* The caller's slots of a series. */
static _Atomic uint64_t *own_slot(size_t metric, size_t series, enum metric_kind kind)
{
    must(metric < page.count && page.table[metric].kind == kind);
    return slot_of(page.worker, metric, series);
}

static uint64_t load(const _Atomic uint64_t *slot)
{
    return atomic_load_explicit(slot, memory_order_relaxed);
}

static double to_double(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t to_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

void metrics_set_worker(size_t worker)
{
    must(worker < page.workers);
    page.worker = worker;
    for (size_t i = 0; i < page.count; i++) {
        size_t gauges = page.table[i].kind == METRIC_GAUGE ? page.layouts[i].series : 0;
        for (size_t series = 0; series < gauges; series++) {
            metric_set(i, series, 0);
        }
    }
}

void metric_add(size_t metric, size_t value_index, uint64_t amount)
{
    _Atomic uint64_t *slot = own_slot(metric, value_index, METRIC_COUNTER);
    atomic_fetch_add_explicit(slot, amount, memory_order_relaxed);
}

void metric_set(size_t metric, size_t value_index, double amount)
{
    _Atomic uint64_t *slot = own_slot(metric, value_index, METRIC_GAUGE);
    atomic_store_explicit(slot, to_bits(amount), memory_order_relaxed);
}

void metric_set_shared(size_t metric, size_t value_index, double amount)
{
    for (size_t worker = 0; worker < page.workers; worker++) {
        if (worker != page.worker) {
            must(page.table[metric].kind == METRIC_GAUGE);
            atomic_store_explicit(slot_of(worker, metric, value_index), to_bits(0),
                                  memory_order_relaxed);
        }
    }
    metric_set(metric, value_index, amount);
}

void metric_observe(size_t metric, size_t value_index, double amount)
{
    must(!isnan(amount));
    _Atomic uint64_t *slots = own_slot(metric, value_index, METRIC_HISTOGRAM);
    const struct metric_layout *layout = &page.layouts[metric];
    size_t bucket = 0;
    while (bucket < layout->buckets_count && amount > layout->buckets[bucket]) {
        bucket++;
    }
    atomic_fetch_add_explicit(&slots[bucket], 1, memory_order_relaxed);
    _Atomic uint64_t *sum = &slots[layout->buckets_count + 1];
    uint64_t bits = load(sum);
    while (!atomic_compare_exchange_weak_explicit(sum, &bits, to_bits(to_double(bits) + amount),
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}

uint64_t metrics_page_sum_counts(size_t metric, size_t series, size_t slot)
{
    uint64_t sum = 0;
    for (size_t worker = 0; worker < page.workers; worker++) {
        sum += load(slot_of(worker, metric, series) + slot);
    }
    return sum;
}

double metrics_page_sum_doubles(size_t metric, size_t series, size_t slot)
{
    double sum = 0;
    for (size_t worker = 0; worker < page.workers; worker++) {
        sum += to_double(load(slot_of(worker, metric, series) + slot));
    }
    return sum;
}

uint64_t metric_counter(size_t metric, size_t value_index)
{
    must(metric < page.count && page.table[metric].kind == METRIC_COUNTER);
    return metrics_page_sum_counts(metric, value_index, 0);
}

size_t metrics_page_count(void)
{
    return page.count;
}

const struct metric *metrics_page_row(size_t metric)
{
    return &page.table[metric];
}

const struct metric_layout *metrics_page_layout(size_t metric)
{
    return &page.layouts[metric];
}
