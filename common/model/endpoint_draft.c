/*
 * endpoint_draft.c - an endpoint while it is read, from a request or from Redis
 */
#include "endpoint_draft.h"

#include "header_rules.h"

void endpoint_draft_init(struct endpoint_draft *draft)
{
    draft->endpoint = (struct endpoint){.patterns = draft->patterns, .headers = draft->headers};
}

enum status endpoint_draft_patterns(struct endpoint_draft *draft, yyjson_val *value,
                                    struct problem *problem)
{
    const size_t count = yyjson_arr_size(value);
    yyjson_arr_iter items;

    if (!yyjson_arr_iter_init(value, &items))
        return problem_set(problem, 422, "wrong_type", "must be an array of texts");
    if (count == 0 || count > EVENT_PATTERNS_MAX)
        return problem_set(problem, 422, "invalid_value", "must have 1 to %d patterns",
                           EVENT_PATTERNS_MAX);
    for (size_t i = 0; i < count; i++) {
        yyjson_val *item = yyjson_arr_iter_next(&items);

        if (!yyjson_is_str(item)) {
            problem_set(problem, 422, "wrong_type", "must be a text");
            return problem_within_index(problem, i);
        }
        draft->patterns[i] = json_value_text(item);
        if (!event_pattern_is_valid(draft->patterns[i])) {
            problem_set(problem, 422, "invalid_value",
                        "must be *, an event type, or one that ends in .*");
            return problem_within_index(problem, i);
        }
    }
    draft->endpoint.patterns_count = count;
    return STATUS_OK;
}

static bool has_header(const struct endpoint *endpoint, struct slice name)
{
    for (size_t i = 0; i < endpoint->headers_count; i++)
        if (slice_eq_nocase(endpoint->headers[i].name, name))
            return true;
    return false;
}

static enum status add_header(struct endpoint *endpoint, struct slice name, yyjson_val *value,
                              struct problem *problem)
{
    const char *why;
    struct slice text;

    if (!header_name_is_acceptable(name, &why))
        return problem_set(problem, 422, "invalid_value", "%s", why);
    if (has_header(endpoint, name))
        return problem_set(problem, 422, "duplicate_field", "stands there more than once");
    if (!yyjson_is_str(value))
        return problem_set(problem, 422, "wrong_type", "must be a text");
    text = json_value_text(value);
    if (!header_value_is_acceptable(text, &why))
        return problem_set(problem, 422, "invalid_value", "%s", why);
    endpoint->headers[endpoint->headers_count++] = (struct header){name, text};
    return STATUS_OK;
}

enum status endpoint_draft_headers(struct endpoint_draft *draft, yyjson_val *value,
                                   struct problem *problem)
{
    yyjson_obj_iter members;
    yyjson_val *name;

    if (!yyjson_obj_iter_init(value, &members))
        return problem_set(problem, 422, "wrong_type", "must be an object of texts");
    if (yyjson_obj_size(value) > ENDPOINT_HEADERS_MAX)
        return problem_set(problem, 422, "invalid_value", "must have at most %d headers",
                           ENDPOINT_HEADERS_MAX);
    draft->endpoint.headers_count = 0;
    while ((name = yyjson_obj_iter_next(&members)) != NULL) {
        const struct slice text = json_value_text(name);

        if (add_header(&draft->endpoint, text, yyjson_obj_iter_get_val(name), problem) != STATUS_OK)
            return problem_within(problem, text);
    }
    return STATUS_OK;
}
