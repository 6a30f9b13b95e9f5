/*
 * cloudevent_json.c - CloudEvents in their JSON format, one or an array of them
 *
 * Tree and spans are walked in step, as event_json.c does.
 */
#include "cloudevent.h"

#include "../base/must.h"
#include "cloudevent_reading.h"
#include "json.h"
#include "json_read.h"

#define json_read_cleanup __attribute__((cleanup(json_read_free)))

/* The two members that are no attributes. */
struct data_seen {
    bool json, base64;
};

static enum status twice(struct cloudevent_reading *reading, struct slice name)
{
    problem_set(&reading->item->problem, 422, "duplicate_field", "stands there more than once");
    return problem_within(&reading->item->problem, name);
}

static enum status read_base64(struct cloudevent_reading *reading, struct data_seen *seen,
                               yyjson_val *value, struct slice span)
{
    const struct slice name = SLICE("data_base64");

    if (seen->base64)
        return twice(reading, name);
    seen->base64 = true;
    if (yyjson_is_null(value))
        return STATUS_OK;
    if (!yyjson_is_str(value)) {
        problem_set(&reading->item->problem, 422, "wrong_type", "must be a text");
        return problem_within(&reading->item->problem, name);
    }
    return cloudevent_reading_base64(
        reading, event_batch_text(reading->batch, json_value_text(value), span), span);
}

static enum status read_data(struct cloudevent_reading *reading, struct data_seen *seen,
                             struct slice span)
{
    if (seen->json)
        return twice(reading, SLICE("data"));
    seen->json = true;
    cloudevent_reading_data(reading, span);
    return STATUS_OK;
}

static enum status read_attribute(struct cloudevent_reading *reading, struct slice name,
                                  yyjson_val *value, struct slice span)
{
    if (yyjson_is_null(value))
        return cloudevent_reading_null(reading, name);
    if (yyjson_is_str(value))
        return cloudevent_reading_text(
            reading, name, event_batch_text(reading->batch, json_value_text(value), span), span);
    if (yyjson_is_bool(value) || yyjson_is_raw(value))
        return cloudevent_reading_scalar(reading, name, span);
    return cloudevent_reading_wrong_type(reading, name);
}

static enum status read_member(struct cloudevent_reading *reading, struct data_seen *seen,
                               yyjson_val *name_value, struct slice span)
{
    const struct slice name = json_value_text(name_value);
    yyjson_val *value = yyjson_obj_iter_get_val(name_value);

    if (slice_is(name, "data"))
        return read_data(reading, seen, span);
    if (slice_is(name, "data_base64"))
        return read_base64(reading, seen, value, span);
    return read_attribute(reading, name, value, span);
}

static void read_item(struct event_batch *batch, struct event_item *item, yyjson_val *object,
                      struct slice text)
{
    struct cloudevent_reading reading;
    struct data_seen seen = {0};
    struct slice raw_name, span;
    struct json_span_iter spans;
    yyjson_obj_iter members;
    yyjson_val *name;

    if (!yyjson_obj_iter_init(object, &members)) {
        problem_set(&item->problem, 422, "wrong_type", "a CloudEvent must be a JSON object");
        return;
    }
    cloudevent_reading_start(&reading, batch, item);
    must(json_spans_start(text, &spans));
    while ((name = yyjson_obj_iter_next(&members)) != NULL) {
        if (yyjson_obj_iter_has_next(&members))
            must(json_spans_next(&spans, &raw_name, &span));
        else
            json_spans_last(&spans, &raw_name, &span);
        if (read_member(&reading, &seen, name, span) != STATUS_OK)
            return;
    }
    if (seen.json && item->event.ce_bytes.at != NULL) {
        problem_set(&item->problem, 422, "conflicting_fields",
                    "data and data_base64 cannot both be given");
        problem_within(&item->problem, SLICE("data_base64"));
        return;
    }
    cloudevent_reading_end(&reading);
}

/* Kept are texts that have escapes, decoded, then the attributes, then the dedup id and the trace: each time no more bytes than
 * stand in the body. */
static struct event_batch *new_batch(size_t count, struct slice body)
{
    return event_batch_new(count, 3 * body.len);
}

enum status event_parse_cloudevent(struct slice body, struct event_batch **out,
                                   struct problem *problem)
{
    struct json_scratch scratch json_scratch_uncleared;
    yyjson_doc *doc json_read_cleanup = json_read(body, JSON_DEPTH_MAX, &scratch, problem);
    struct event_batch *batch;

    if (doc == NULL)
        return STATUS_INVALID;
    batch = new_batch(1, body);
    read_item(batch, &batch->items[0], yyjson_doc_get_root(doc), body);
    if (!batch->items[0].valid) {
        *problem = batch->items[0].problem;
        event_batch_free(&batch);
        return STATUS_INVALID;
    }
    *out = batch;
    return STATUS_OK;
}

enum status event_parse_cloudevent_array(struct slice body, size_t item_max,
                                         struct event_batch **out, struct problem *problem)
{
    struct json_scratch scratch json_scratch_uncleared;
    yyjson_doc *doc json_read_cleanup = json_read(body, JSON_DEPTH_MAX + 1, &scratch, problem);
    yyjson_val *root = yyjson_doc_get_root(doc);
    struct slice no_name, span;
    struct json_span_iter spans;
    yyjson_arr_iter values;

    if (doc == NULL)
        return STATUS_INVALID;
    if (!yyjson_is_arr(root))
        return problem_set(problem, 422, "wrong_type",
                           "a batch must be a JSON array of CloudEvents");
    if (yyjson_arr_size(root) > 0 &&
        event_batch_check_count(yyjson_arr_size(root), problem) != STATUS_OK)
        return STATUS_INVALID;
    *out = new_batch(yyjson_arr_size(root), body);
    must(json_spans_start(body, &spans));
    yyjson_arr_iter_init(root, &values);
    for (size_t i = 0; i < (*out)->count; i++) {
        struct event_item *item = &(*out)->items[i];
        yyjson_val *value = yyjson_arr_iter_next(&values);

        must(json_spans_next(&spans, &no_name, &span));
        if (event_batch_check_item(span.len, item_max, &item->problem) == STATUS_OK)
            read_item(*out, item, value, span);
    }
    return STATUS_OK;
}
