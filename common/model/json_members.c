#include "json_members.h"

#include "utf8.h"

struct reading {
    const struct json_member *members;
    size_t count;
    const char *what;
    void *self;
    bool is_patch;
    unsigned seen;
};

static enum status read_one(struct reading *reading, yyjson_val *value, struct slice name,
                            struct problem *problem)
{
    for (size_t i = 0; i < reading->count; i++) {
        const struct json_member *member = &reading->members[i];
        if (!slice_is(name, member->name))
            continue;
        if ((reading->seen & 1U << i) != 0)
            return problem_set(problem, 422, "duplicate_field", "stands there more than once");
        reading->seen |= 1U << i;
        if (reading->is_patch && !member->required && yyjson_is_null(value))
            return STATUS_OK;
        return member->read(value, reading->self, problem);
    }
    return problem_set(problem, 422, "unknown_field", "is no member of %s", reading->what);
}

static enum status read_all(struct reading *reading, yyjson_val *root, struct problem *problem)
{
    yyjson_obj_iter iter;
    yyjson_val *name;

    if (!yyjson_obj_iter_init(root, &iter))
        return problem_set(problem, 422, "wrong_type", "%s must be a JSON object", reading->what);
    while ((name = yyjson_obj_iter_next(&iter)) != NULL) {
        const struct slice text = json_value_text(name);

        if (read_one(reading, yyjson_obj_iter_get_val(name), text, problem) != STATUS_OK)
            return problem_within(problem, text);
    }
    return STATUS_OK;
}

enum status json_members_read(yyjson_val *root, const struct json_member *members, size_t count,
                              const char *what, void *self, struct problem *problem)
{
    struct reading reading = {
        .members = members, .count = count, .what = what, .self = self, .is_patch = false};

    if (read_all(&reading, root, problem) != STATUS_OK)
        return STATUS_INVALID;
    for (size_t i = 0; i < count; i++) {
        if (!members[i].required || (reading.seen & 1U << i) != 0)
            continue;
        problem_set(problem, 422, "missing_field", "is required");
        return problem_within(problem, slice_of(members[i].name));
    }
    return STATUS_OK;
}

enum status json_members_patch(yyjson_val *root, const struct json_member *members, size_t count,
                               const char *what, void *self, unsigned *out_given,
                               struct problem *problem)
{
    struct reading reading = {
        .members = members, .count = count, .what = what, .self = self, .is_patch = true};

    if (read_all(&reading, root, problem) != STATUS_OK)
        return STATUS_INVALID;
    *out_given = reading.seen;
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
