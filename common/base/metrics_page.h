/*
 * metrics_page.h - what metrics.c tells metrics_render.c of the shared slots
 */
#pragma once

#include "metrics.h"

struct metric_layout {
    size_t first;   /* slot of the first series in each worker's area */
    size_t series;  /* label values, of both labels multiplied; or 1 */
    size_t values2; /* values of the second label, or 1 */
    size_t width;   /* slots of one series: of a histogram its buckets, the one for +Inf, the sum */
    const double *buckets; /* of histograms */
    size_t buckets_count;
};

size_t metrics_page_count(void);
const struct metric *metrics_page_row(size_t metric);
const struct metric_layout *metrics_page_layout(size_t metric);

/* Over all workers. */
uint64_t metrics_page_sum_counts(size_t metric, size_t series, size_t slot);
double metrics_page_sum_doubles(size_t metric, size_t series, size_t slot);
