/*
 * metrics.h - counters, gauges and histograms in memory shared by the workers of one service
 *
 * A metric has at most two labels, each with a fixed list of values, so each series is a slot known from the start. Each worker adds to
 * slots of its own with relaxed atomics; reading sums them, gauges too. Rendered as Prometheus text 0.0.4.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric {
    const char *name; /* with its unit: …_seconds, …_bytes, …_total */
    enum metric_kind kind;
    const char *help;
    const char *label;         /* NULL: one series */
    const char *const *values; /* NULL-terminated label values; order = index for the calls below */
    const char *label2;        /* NULL: one label */
    const char *const *values2; /* then the index is index * count of values2 + index2 */
    const double *
        buckets; /* histograms: upper bounds in ascending order, ended by 0; NULL: the usual latency buckets in seconds */
};

/* The table is kept by reference; the index of a row is the metric's id. Call once, before workers are forked. */
void metrics_init(const struct metric *table, size_t count, size_t workers);
void metrics_fini(void);
void metrics_set_worker(size_t worker); /* in the worker, after the fork; clears its gauges */

void metric_add(size_t metric, size_t value_index, uint64_t amount);
void metric_set(size_t metric, size_t value_index, double amount);
/* For a gauge of what all workers share, such as a backlog: stands for what any of them has said before. */
void metric_set_shared(size_t metric, size_t value_index, double amount);
void metric_observe(size_t metric, size_t value_index, double amount);
uint64_t metric_counter(size_t metric,
                        size_t value_index); /* sum over workers, for tests and health */

/* All metrics and the process_* ones (of the calling process; rss and cpu are for it alone). */
void metrics_render(struct buf *out);
