#include "rotation_request.h"

#include "../base/clock.h"
#include "json_members.h"

struct request {
    struct signing_secret secret;
    int64_t grace_ms;
};

static enum status read_secret(yyjson_val *value, void *self, struct problem *problem)
{
    struct request *request = self;
    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    if (signing_secret_parse(json_value_text(value), &request->secret) != STATUS_OK)
        return problem_set(problem, 422, "invalid_value",
                           "must be whsec_ and the base64 of 24 to 64 bytes");
    return STATUS_OK;
}

static enum status read_grace(yyjson_val *value, void *self, struct problem *problem)
{
    struct request *request = self;
    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    if (clock_parse_duration(json_value_text(value), ROTATION_GRACE_MAX_MS, &request->grace_ms) !=
        STATUS_OK)
        return problem_set(problem, 422, "invalid_value", "must be a duration from 0s to 7d");
    return STATUS_OK;
}

enum status rotation_parse_request(struct slice body, struct signing_secret *out_secret,
                                   int64_t *out_grace_ms, struct problem *problem)
{
    static const struct json_member members[] = {{"secret", false, read_secret},
                                                 {"grace", false, read_grace}};
    struct json_scratch scratch json_scratch_uncleared;
    struct request request = {.grace_ms = ROTATION_GRACE_MS};
    yyjson_doc *doc = json_read(body.len > 0 ? body : SLICE("{}"), 8, &scratch, problem);
    if (!doc)
        return STATUS_INVALID;
    enum status status =
        json_members_read(yyjson_doc_get_root(doc), members, sizeof members / sizeof members[0],
                          "a rotation", &request, problem);
    json_read_free(&doc);
    if (status == STATUS_OK) {
        *out_secret = request.secret;
        *out_grace_ms = request.grace_ms;
    }
    return status;
}
