/*
 * metrics_render.c - the Prometheus text format 0.0.4, see metrics.h
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "metrics_page.h"
#include "metrics_process.h"

/* The shortest of two widths that reads back as the same number. */
static void add_double(struct buf *out, double value)
{
    if (isnan(value)) {
        buf_add_text(out, "NaN");
        return;
    }
    if (isinf(value)) {
        buf_add_text(out, value > 0 ? "+Inf" : "-Inf");
        return;
    }
    char text[32];
    snprintf(text, sizeof text, "%.15g", value);
    if (strtod(text, NULL) < value || strtod(text, NULL) > value) {
        snprintf(text, sizeof text, "%.17g", value);
    }
    buf_add_text(out, text);
}

static void add_escaped(struct buf *out, const char *text, bool is_label)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\n') {
            buf_add_text(out, "\\n");
            continue;
        }
        if (*at == '\\' || (is_label && *at == '"')) {
            buf_add_char(out, '\\');
        }
        buf_add_char(out, *at);
    }
}

/* {name="value", the first of them opens; nothing for a NULL name. */
static void add_label(struct buf *out, bool *opened, const char *name, const char *value)
{
    if (name == NULL) {
        return;
    }
    buf_add_char(out, *opened ? ',' : '{');
    *opened = true;
    buf_add_text(out, name);
    buf_add_text(out, "=\"");
    add_escaped(out, value, true);
    buf_add_char(out, '"');
}

/* name + suffix {label="value",label2="value2",le="le"} and a space; le may be NULL. */
static void add_name(struct buf *out, size_t metric, size_t series, const char *suffix,
                     const char *le)
{
    const struct metric *row = metrics_page_row(metric);
    size_t values2 = metrics_page_layout(metric)->values2;
    bool opened = false;
    buf_add_text(out, row->name);
    buf_add_text(out, suffix);
    add_label(out, &opened, row->label, row->label ? row->values[series / values2] : NULL);
    add_label(out, &opened, row->label2, row->label2 ? row->values2[series % values2] : NULL);
    add_label(out, &opened, le != NULL ? "le" : NULL, le);
    buf_add_text(out, opened ? "} " : " ");
}

static void render_histogram(struct buf *out, size_t metric, size_t series)
{
    const struct metric_layout *layout = metrics_page_layout(metric);
    uint64_t below = 0;
    for (size_t i = 0; i <= layout->buckets_count; i++) {
        char le[32] = "+Inf";
        if (i < layout->buckets_count) {
            snprintf(le, sizeof le, "%.15g", layout->buckets[i]);
        }
        below += metrics_page_sum_counts(metric, series, i);
        add_name(out, metric, series, "_bucket", le);
        buf_add_u64(out, below);
        buf_add_char(out, '\n');
    }
    add_name(out, metric, series, "_sum", NULL);
    add_double(out, metrics_page_sum_doubles(metric, series, layout->buckets_count + 1));
    buf_add_char(out, '\n');
    add_name(out, metric, series, "_count", NULL);
    buf_add_u64(out, below);
    buf_add_char(out, '\n');
}

static void render_series(struct buf *out, size_t metric, size_t series)
{
    switch (metrics_page_row(metric)->kind) {
    case METRIC_COUNTER:
        add_name(out, metric, series, "", NULL);
        buf_add_u64(out, metrics_page_sum_counts(metric, series, 0));
        buf_add_char(out, '\n');
        break;
    case METRIC_GAUGE:
        add_name(out, metric, series, "", NULL);
        add_double(out, metrics_page_sum_doubles(metric, series, 0));
        buf_add_char(out, '\n');
        break;
    case METRIC_HISTOGRAM:
        render_histogram(out, metric, series);
        break;
    }
}

static void render_metric(struct buf *out, size_t metric)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    const struct metric *row = metrics_page_row(metric);
    buf_add_text(out, "# HELP ");
    buf_add_text(out, row->name);
    buf_add_char(out, ' ');
    add_escaped(out, row->help, false);
    buf_add_text(out, "\n# TYPE ");
    buf_add_text(out, row->name);
    buf_add_char(out, ' ');
    buf_add_text(out, kinds[row->kind]);
    buf_add_char(out, '\n');
    for (size_t series = 0; series < metrics_page_layout(metric)->series; series++) {
        render_series(out, metric, series);
    }
}

void metrics_render(struct buf *out)
{
    for (size_t metric = 0; metric < metrics_page_count(); metric++) {
        render_metric(out, metric);
    }
    metrics_process_render(out);
}
