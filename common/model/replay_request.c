#include "replay_request.h"

#include "../base/clock.h"
#include "json_members.h"

#define DEPTH_MAX 4

static enum status read_time(yyjson_val *value, int64_t *out_ms, struct problem *problem)
{
    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    if (clock_parse_rfc3339(json_value_text(value), out_ms) != STATUS_OK || *out_ms < 0)
        return problem_set(problem, 422, "invalid_value",
                           "must be a time such as 2026-01-31T09:30:00Z");
    return STATUS_OK;
}

static enum status read_since(yyjson_val *value, void *self, struct problem *problem)
{
    struct replay_request *request = self;
    return read_time(value, &request->since_ms, problem);
}

static enum status read_until(yyjson_val *value, void *self, struct problem *problem)
{
    struct replay_request *request = self;
    return read_time(value, &request->until_ms, problem);
}

static enum status read_status(yyjson_val *value, void *self, struct problem *problem)
{
    static const char *const statuses[] = {"failed", "delivered", "all"};
    struct replay_request *request = self;

    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (slice_is(json_value_text(value), statuses[i])) {
            request->status = statuses[i];
            return STATUS_OK;
        }
    }
    return problem_set(problem, 422, "invalid_value", "must be failed, delivered or all");
}

enum status replay_parse_request(struct slice body, int64_t now_ms, struct replay_request *out,
                                 struct problem *problem)
{
    static const struct json_member members[] = {
        {"since", false, read_since},
        {"until", false, read_until},
        {"status", false, read_status},
    };
    struct replay_request request = {.until_ms = now_ms, .status = "failed"};
    struct json_scratch scratch json_scratch_uncleared;

    if (body.len > 0) {
        yyjson_doc *doc = json_read(body, DEPTH_MAX, &scratch, problem);
        if (doc == NULL)
            return STATUS_INVALID;
        enum status status =
            json_members_read(yyjson_doc_get_root(doc), members, sizeof members / sizeof members[0],
                              "a replay", &request, problem);
        json_read_free(&doc);
        if (status != STATUS_OK)
            return status;
    }
    if (request.until_ms < request.since_ms) {
        problem_set(problem, 422, "invalid_value", "must not be before since");
        return problem_within(problem, SLICE("until"));
    }
    if (request.until_ms > now_ms)
        request.until_ms = now_ms;
    *out = request;
    return STATUS_OK;
}
