/*
 * event_document.c - see event_document.h
 */
#include "event_document.h"

#include "../base/must.h"

enum status event_document_one(const struct event_format *format, struct slice body, int64_t now_ms,
                               struct event_batch **out, struct problem *problem)
{
    struct json_scratch scratch json_scratch_uncleared;
    yyjson_doc *doc json_read_cleanup = json_read(body, JSON_DEPTH_MAX, &scratch, problem);
    struct event_batch *batch;

    if (doc == NULL)
        return STATUS_INVALID;
    batch = event_batch_new(1, format->texts_per_byte * body.len);
    format->read(batch, &batch->items[0], yyjson_doc_get_root(doc), body, now_ms);
    if (!batch->items[0].valid) {
        *problem = batch->items[0].problem;
        event_batch_free(&batch);
        return STATUS_INVALID;
    }
    *out = batch;
    return STATUS_OK;
}

static enum status check_array(const struct event_format *format, yyjson_val *root,
                               struct problem *problem)
{
    if (!yyjson_is_arr(root))
        return problem_set(problem, 422, "wrong_type", "a batch must be a JSON array of %s",
                           format->plural);
    if (yyjson_arr_size(root) == 0 && format->may_be_empty)
        return STATUS_OK;
    return event_batch_check_count(yyjson_arr_size(root), problem);
}

enum status event_document_array(const struct event_format *format, struct slice body,
                                 size_t item_max, int64_t now_ms, struct event_batch **out,
                                 struct problem *problem)
{
    struct json_scratch scratch json_scratch_uncleared;
    /* One more for the array itself: an event may be as deep here as alone. */
    yyjson_doc *doc json_read_cleanup = json_read(body, JSON_DEPTH_MAX + 1, &scratch, problem);
    yyjson_val *root = yyjson_doc_get_root(doc);
    struct slice no_name, span;
    struct json_span_iter spans;
    yyjson_arr_iter values;

    if (doc == NULL || check_array(format, root, problem) != STATUS_OK)
        return STATUS_INVALID;
    *out = event_batch_new(yyjson_arr_size(root), format->texts_per_byte * body.len);
    must(json_spans_start(body, &spans));
    yyjson_arr_iter_init(root, &values);
    for (size_t i = 0; i < (*out)->count; i++) {
        struct event_item *item = &(*out)->items[i];
        yyjson_val *value = yyjson_arr_iter_next(&values);

        must(json_spans_next(&spans, &no_name, &span));
        if (event_batch_check_item(span.len, item_max, &item->problem) == STATUS_OK)
            format->read(*out, item, value, span, now_ms);
    }
    return STATUS_OK;
}
