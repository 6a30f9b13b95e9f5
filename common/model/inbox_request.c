#include "inbox_request.h"

#include "../base/must.h"
#include "json_members.h"

#define DEPTH_MAX 8

struct unlease_reading {
    struct unlease_request request;
    uint32_t partition;
};

static enum status read_number(yyjson_val *value, uint64_t max, int64_t *out,
                               struct problem *problem)
{
    uint64_t number;

    if (!yyjson_is_raw(value))
        return problem_set(problem, 422, "wrong_type", "must be a number");
    if (slice_to_u64(json_value_text(value), max, &number) != STATUS_OK || number == 0)
        return problem_set(problem, 422, "invalid_value", "must be a whole number from 1 to %d",
                           (int)max);
    *out = (int64_t)number;
    return STATUS_OK;
}

static enum status read_lease_seconds(yyjson_val *value, void *self, struct problem *problem)
{
    struct lease_request *request = self;
    return read_number(value, LEASE_SECONDS_MAX, &request->lease_seconds, problem);
}

static enum status read_limit(yyjson_val *value, void *self, struct problem *problem)
{
    struct lease_request *request = self;
    return read_number(value, LEASE_EVENTS_MAX, &request->limit, problem);
}

static enum status read_lease_id(yyjson_val *value, void *self, struct problem *problem)
{
    struct unlease_reading *reading = self;

    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    const struct slice id = json_value_text(value);
    if (!other_id_is_valid(id, "lse_"))
        return problem_set(problem, 422, "invalid_value", "must be the id of a lease");
    must(slice_to_text(id, reading->request.lease_id, OTHER_ID_SIZE) == STATUS_OK);
    return STATUS_OK;
}

static enum status add_event(struct unlease_reading *reading, yyjson_val *value,
                             struct problem *problem)
{
    struct unlease_request *request = &reading->request;
    struct event_id id;

    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    if (event_id_parse(json_value_text(value), &id) != STATUS_OK ||
        id.partition != reading->partition)
        return problem_set(problem, 422, "invalid_value",
                           "must be the id of an event of this organization");
    for (size_t i = 0; i < request->count; i++)
        if (stream_id_cmp(request->entries[i], id.entry) == 0)
            return problem_set(problem, 422, "invalid_value", "stands there more than once");
    request->entries[request->count++] = id.entry;
    return STATUS_OK;
}

static enum status read_event_ids(yyjson_val *value, void *self, struct problem *problem)
{
    const size_t count = yyjson_arr_size(value);
    yyjson_arr_iter items;

    if (!yyjson_arr_iter_init(value, &items))
        return problem_set(problem, 422, "wrong_type", "must be an array of ids of events");
    if (count == 0 || count > LEASE_EVENTS_MAX)
        return problem_set(problem, 422, "invalid_value", "must have 1 to %d ids",
                           LEASE_EVENTS_MAX);
    for (size_t i = 0; i < count; i++)
        if (add_event(self, yyjson_arr_iter_next(&items), problem) != STATUS_OK)
            return problem_within_index(problem, i);
    return STATUS_OK;
}

static enum status parse(struct slice body, const struct json_member members[2], const char *what,
                         void *self, struct problem *problem)
{
    struct json_scratch scratch json_scratch_uncleared;
    yyjson_doc *doc = json_read(body, DEPTH_MAX, &scratch, problem);

    if (doc == NULL)
        return STATUS_INVALID;
    enum status status =
        json_members_read(yyjson_doc_get_root(doc), members, 2, what, self, problem);
    json_read_free(&doc);
    return status;
}

enum status lease_parse_request(struct slice body, struct lease_request *out,
                                struct problem *problem)
{
    static const struct json_member members[] = {
        {"lease_seconds", false, read_lease_seconds},
        {"limit", false, read_limit},
    };
    struct lease_request request = {.lease_seconds = LEASE_SECONDS_DEFAULT,
                                    .limit = LEASE_EVENTS_DEFAULT};

    if (body.len > 0 &&
        parse(body, members, "a request for a lease", &request, problem) != STATUS_OK)
        return STATUS_INVALID;
    *out = request;
    return STATUS_OK;
}

enum status unlease_parse_request(struct slice body, uint32_t partition,
                                  struct unlease_request *out, struct problem *problem)
{
    static const struct json_member members[] = {
        {"lease_id", true, read_lease_id},
        {"event_ids", false, read_event_ids},
    };
    struct unlease_reading reading = {.partition = partition};

    if (parse(body, members, "this request", &reading, problem) != STATUS_OK)
        return STATUS_INVALID;
    *out = reading.request;
    return STATUS_OK;
}
