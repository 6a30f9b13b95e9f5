#include "dlq_request.h"

#include "../base/clock.h"
#include "json_members.h"

#define DEPTH_MAX 8

struct reading {
    struct dlq_request request;
    bool has_ids, has_filter;
};

bool dlq_reason_is_valid(struct slice reason)
{
    if (reason.len == 0 || reason.len > DLQ_REASON_MAX)
        return false;
    for (size_t i = 0; i < reason.len; i++) {
        const char c = reason.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
            return false;
    }
    return true;
}

static enum status read_id(yyjson_val *value, struct dlq_request *request, struct problem *problem)
{
    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    if (delivery_id_parse(json_value_text(value), request->ids[request->count].event,
                          request->ids[request->count].endpoint) != STATUS_OK)
        return problem_set(problem, 422, "invalid_value", "must be the id of a delivery");
    request->count++;
    return STATUS_OK;
}

static enum status read_ids(yyjson_val *value, void *self, struct problem *problem)
{
    struct reading *reading = self;
    const size_t count = yyjson_arr_size(value);
    yyjson_arr_iter items;

    reading->has_ids = true;
    if (!yyjson_arr_iter_init(value, &items))
        return problem_set(problem, 422, "wrong_type", "must be an array of ids of deliveries");
    if (count == 0 || count > DLQ_IDS_MAX)
        return problem_set(problem, 422, "invalid_value", "must have 1 to %d ids", DLQ_IDS_MAX);
    for (size_t i = 0; i < count; i++)
        if (read_id(yyjson_arr_iter_next(&items), &reading->request, problem) != STATUS_OK)
            return problem_within_index(problem, i);
    return STATUS_OK;
}

static enum status read_endpoint(yyjson_val *value, void *self, struct problem *problem)
{
    struct reading *reading = self;

    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    if (!other_id_is_valid(json_value_text(value), "ep_"))
        return problem_set(problem, 422, "invalid_value", "must be the id of an endpoint");
    return slice_to_text(json_value_text(value), reading->request.endpoint,
                         sizeof reading->request.endpoint);
}

static enum status read_type(yyjson_val *value, void *self, struct problem *problem)
{
    struct reading *reading = self;

    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    if (!event_type_is_valid(json_value_text(value)))
        return problem_set(problem, 422, "invalid_value", "must be the type of an event");
    return slice_to_text(json_value_text(value), reading->request.type,
                         sizeof reading->request.type);
}

static enum status read_reason(yyjson_val *value, void *self, struct problem *problem)
{
    struct reading *reading = self;

    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    if (!dlq_reason_is_valid(json_value_text(value)))
        return problem_set(problem, 422, "invalid_value", "must be the reason of a dead letter");
    return slice_to_text(json_value_text(value), reading->request.reason,
                         sizeof reading->request.reason);
}

static enum status read_time(yyjson_val *value, int64_t *out, struct problem *problem)
{
    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    if (clock_parse_rfc3339(json_value_text(value), out) != STATUS_OK)
        return problem_set(problem, 422, "invalid_value",
                           "must be a time such as 2030-01-31T09:30:00Z");
    return STATUS_OK;
}

static enum status read_since(yyjson_val *value, void *self, struct problem *problem)
{
    struct reading *reading = self;
    return read_time(value, &reading->request.since_ms, problem);
}

static enum status read_until(yyjson_val *value, void *self, struct problem *problem)
{
    struct reading *reading = self;
    return read_time(value, &reading->request.until_ms, problem);
}

static enum status read_filter(yyjson_val *value, void *self, struct problem *problem)
{
    static const struct json_member members[] = {
        {"endpoint", false, read_endpoint}, {"type", false, read_type},
        {"reason", false, read_reason},     {"since", false, read_since},
        {"until", false, read_until},
    };
    struct reading *reading = self;

    reading->has_filter = true;
    return json_members_read(value, members, sizeof members / sizeof members[0], "a filter", self,
                             problem);
}

enum status dlq_request_parse(struct slice body, struct dlq_request *out, struct problem *problem)
{
    static const struct json_member members[] = {{"ids", false, read_ids},
                                                 {"filter", false, read_filter}};
    struct reading reading = {.request = {.since_ms = -1, .until_ms = -1}};
    struct json_scratch scratch json_scratch_uncleared;
    yyjson_doc *doc = json_read(body, DEPTH_MAX, &scratch, problem);

    if (doc == NULL)
        return STATUS_INVALID;
    enum status status =
        json_members_read(yyjson_doc_get_root(doc), members, 2, "this request", &reading, problem);
    json_read_free(&doc);
    if (status != STATUS_OK)
        return STATUS_INVALID;
    if (reading.has_ids && reading.has_filter)
        return problem_set(problem, 422, "conflicting_fields", "give ids or a filter, not both");
    if (!reading.has_ids && !reading.has_filter)
        return problem_set(problem, 422, "missing_field", "give ids or a filter");
    *out = reading.request;
    return STATUS_OK;
}
