/*
 * cloudevent_json.c - CloudEvents in their JSON format, one or an array of them
 *
 * As event_json.c, but for the members.
 */
#include "cloudevent.h"

#include "../base/must.h"
#include "cloudevent_reading.h"
#include "event_document.h"

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

static void read_item(struct event_batch *batch, struct event_item *item, yyjson_val *value,
                      struct slice text, int64_t now_ms)
{
    struct cloudevent_reading reading;
    struct data_seen seen = {0};
    struct json_walk walk;
    struct slice span;
    yyjson_val *name;

    (void)now_ms;
    if (!json_walk_start(value, text, &walk)) {
        problem_set(&item->problem, 422, "wrong_type", "a CloudEvent must be a JSON object");
        return;
    }
    cloudevent_reading_start(&reading, batch, item);
    while ((name = json_walk_next(&walk, &span)) != NULL) {
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
static const struct event_format format = {
    .plural = "CloudEvents", .may_be_empty = true, .texts_per_byte = 3, .read = read_item};

enum status event_parse_cloudevent(struct slice body, struct event_batch **out,
                                   struct problem *problem)
{
    return event_document_one(&format, body, 0, out, problem);
}

enum status event_parse_cloudevent_array(struct slice body, size_t item_max,
                                         struct event_batch **out, struct problem *problem)
{
    return event_document_array(&format, body, item_max, 0, out, problem);
}
