#include "json_members.h"

#include "utf8.h"

static enum status read_one(yyjson_val *value, struct slice name, const struct json_member *members,
                            size_t count, const char *what, unsigned *seen, void *self,
                            struct problem *problem)
{
    for (size_t i = 0; i < count; i++) {
        if (!slice_is(name, members[i].name))
            continue;
        if ((*seen & 1U << i) != 0)
            return problem_set(problem, 422, "duplicate_field", "stands there more than once");
        *seen |= 1U << i;
        return members[i].read(value, self, problem);
    }
    return problem_set(problem, 422, "unknown_field", "is no member of %s", what);
}

enum status json_members_read(yyjson_val *root, const struct json_member *members, size_t count,
                              const char *what, void *self, struct problem *problem)
{
    yyjson_obj_iter iter;
    unsigned seen = 0;
    yyjson_val *name;

    if (!yyjson_obj_iter_init(root, &iter))
        return problem_set(problem, 422, "wrong_type", "%s must be a JSON object", what);
    while ((name = yyjson_obj_iter_next(&iter)) != NULL) {
        const struct slice text = json_value_text(name);

        if (read_one(yyjson_obj_iter_get_val(name), text, members, count, what, &seen, self,
                     problem) != STATUS_OK)
            return problem_within(problem, text);
    }
    for (size_t i = 0; i < count; i++) {
        if (!members[i].required || (seen & 1U << i) != 0)
            continue;
        problem_set(problem, 422, "missing_field", "is required");
        return problem_within(problem, slice_of(members[i].name));
    }
    return STATUS_OK;
}

enum status json_member_text(yyjson_val *value, size_t max, struct slice *out,
                             struct problem *problem)
{
    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    const struct slice text = json_value_text(value);
    if (text.len == 0 || text.len > max || utf8_has_control(text))
        return problem_set(problem, 422, "invalid_value",
                           "must have 1 to %zu bytes, no control characters", max);
    *out = text;
    return STATUS_OK;
}
