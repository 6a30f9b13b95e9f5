#include "account_request.h"

#include <string.h>

#include "../base/clock.h"
#include "json_members.h"

#define DEPTH_MAX 8
#define SCOPES_COUNT_MAX 32
#define KEY_ROTATION_GRACE_MS (24LL * 3600 * 1000)

static enum status keep_text(struct slice text, char *out, size_t size, struct problem *problem)
{
    if (slice_to_text(text, out, size) != STATUS_OK)
        return problem_set(problem, 422, "invalid_value", "is too long");
    return STATUS_OK;
}

static enum status read_name(yyjson_val *value, char out[ACCOUNT_NAME_MAX + 1],
                             struct problem *problem)
{
    struct slice text;

    if (json_member_text(value, ACCOUNT_NAME_MAX, &text, problem) != STATUS_OK)
        return STATUS_INVALID;
    return keep_text(text, out, ACCOUNT_NAME_MAX + 1, problem);
}

static enum status read_organization_name(yyjson_val *value, void *self, struct problem *problem)
{
    struct organization_request *request = self;
    request->has_name = true;
    return read_name(value, request->name, problem);
}

static enum status read_organization_rate(yyjson_val *value, void *self, struct problem *problem)
{
    struct organization_request *request = self;
    request->has_rate = true;
    return rate_spec_read(value, &request->rate, problem);
}

static enum status read_key_name(yyjson_val *value, void *self, struct problem *problem)
{
    struct key_request *request = self;
    return read_name(value, request->name, problem);
}

static bool has_word(struct slice list, struct slice word)
{
    while (list.len > 0)
        if (slice_eq(slice_cut(&list, ' '), word))
            return true;
    return false;
}

static enum status add_scope(struct key_request *request, yyjson_val *value,
                             struct problem *problem)
{
    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    const struct slice scope = json_value_text(value);
    const size_t len = strlen(request->scopes);
    if (!scope_is_known(scope))
        return problem_set(problem, 422, "invalid_value", "is no scope");
    if (has_word(slice_of(request->scopes), scope))
        return problem_set(problem, 422, "invalid_value", "stands there more than once");
    if (len > 0)
        request->scopes[len] = ' ';
    return keep_text(scope, request->scopes + len + (len > 0), sizeof request->scopes - len - 1,
                     problem);
}

static enum status read_scopes(yyjson_val *value, void *self, struct problem *problem)
{
    const size_t count = yyjson_arr_size(value);
    yyjson_arr_iter items;

    if (!yyjson_arr_iter_init(value, &items))
        return problem_set(problem, 422, "wrong_type", "must be an array of scopes");
    if (count == 0 || count > SCOPES_COUNT_MAX)
        return problem_set(problem, 422, "invalid_value", "must have 1 to %d scopes",
                           SCOPES_COUNT_MAX);
    for (size_t i = 0; i < count; i++)
        if (add_scope(self, yyjson_arr_iter_next(&items), problem) != STATUS_OK)
            return problem_within_index(problem, i);
    return STATUS_OK;
}

/* Kept as it is until the whole was read: whether it lies ahead is asked of the caller's clock. */
static enum status read_expires_at(yyjson_val *value, void *self, struct problem *problem)
{
    struct key_request *request = self;

    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    if (clock_parse_rfc3339(json_value_text(value), &request->expires_at_ms) != STATUS_OK ||
        request->expires_at_ms <= 0)
        return problem_set(problem, 422, "invalid_value",
                           "must be a time such as 2030-01-31T09:30:00Z");
    return STATUS_OK;
}

static enum status read_key_rate(yyjson_val *value, void *self, struct problem *problem)
{
    struct key_request *request = self;
    return rate_spec_read(value, &request->rate, problem);
}

static enum status read_organization(yyjson_val *value, void *self, struct problem *problem)
{
    struct key_request *request = self;

    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    if (!other_id_is_valid(json_value_text(value), "org_"))
        return problem_set(problem, 422, "invalid_value", "must be the id of an organization");
    return keep_text(json_value_text(value), request->org, sizeof request->org, problem);
}

static enum status parse(struct slice body, const struct json_member *members, size_t count,
                         const char *what, void *self, struct problem *problem)
{
    struct json_scratch scratch json_scratch_uncleared;
    yyjson_doc *doc = json_read(body, DEPTH_MAX, &scratch, problem);

    if (doc == NULL)
        return STATUS_INVALID;
    enum status status =
        json_members_read(yyjson_doc_get_root(doc), members, count, what, self, problem);
    json_read_free(&doc);
    return status;
}

static enum status parse_organization(struct slice body, bool is_new,
                                      struct organization_request *out, struct problem *problem)
{
    const struct json_member members[] = {{"name", is_new, read_organization_name},
                                          {"rate_limit", false, read_organization_rate}};
    struct organization_request request = {0};

    if (parse(body, members, 2, "an organization", &request, problem) != STATUS_OK)
        return STATUS_INVALID;
    *out = request;
    return STATUS_OK;
}

enum status organization_parse_request(struct slice body, struct organization_request *out,
                                       struct problem *problem)
{
    return parse_organization(body, true, out, problem);
}

enum status organization_parse_change(struct slice body, struct organization_request *out,
                                      struct problem *problem)
{
    return parse_organization(body, false, out, problem);
}

enum status key_parse_request(struct slice body, int64_t now_ms, struct key_request *out,
                              struct problem *problem)
{
    static const struct json_member members[] = {
        {"name", true, read_key_name},
        {"scopes", true, read_scopes},
        {"expires_at", false, read_expires_at},
        {"rate_limit", false, read_key_rate},
        {"organization", false, read_organization},
    };
    struct key_request request = {0};

    if (parse(body, members, sizeof members / sizeof members[0], "a key", &request, problem) !=
        STATUS_OK)
        return STATUS_INVALID;
    if (request.expires_at_ms > 0 && request.expires_at_ms <= now_ms) {
        problem_set(problem, 422, "invalid_value", "must lie in the future");
        return problem_within(problem, SLICE("expires_at"));
    }
    *out = request;
    return STATUS_OK;
}

static enum status read_grace(yyjson_val *value, void *self, struct problem *problem)
{
    int64_t *grace_ms = self;

    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    if (clock_parse_duration(json_value_text(value), KEY_ROTATION_GRACE_MAX_MS, grace_ms) !=
        STATUS_OK)
        return problem_set(problem, 422, "invalid_value", "must be a duration from 0s to 7d");
    return STATUS_OK;
}

enum status key_rotation_parse_request(struct slice body, int64_t *out_grace_ms,
                                       struct problem *problem)
{
    static const struct json_member members[] = {{"grace", false, read_grace}};
    int64_t grace_ms = KEY_ROTATION_GRACE_MS;

    if (body.len > 0 && parse(body, members, 1, "a rotation", &grace_ms, problem) != STATUS_OK)
        return STATUS_INVALID;
    *out_grace_ms = grace_ms;
    return STATUS_OK;
}
