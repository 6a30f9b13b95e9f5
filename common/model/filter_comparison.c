/*
 * filter_comparison.c - one path and what it is compared with
 */
#include "filter_parse.h"

static enum status refuse_type(struct problem *problem, const char *detail)
{
    return problem_set(problem, 422, "wrong_type", "%s", detail);
}

static enum status refuse_value(struct problem *problem, const char *detail)
{
    return problem_set(problem, 422, "invalid_value", "%s", detail);
}

enum filter_kind filter_kind_of(yyjson_val *value)
{
    if (yyjson_is_str(value))
        return FILTER_TEXT;
    if (yyjson_is_raw(value))
        return FILTER_NUMBER;
    if (yyjson_is_bool(value))
        return yyjson_get_bool(value) ? FILTER_TRUE : FILTER_FALSE;
    return yyjson_is_null(value) ? FILTER_NULL : FILTER_OTHER;
}

static bool pointer_is_valid(struct slice pointer)
{
    if (pointer.len > 0 && pointer.at[0] != '/')
        return false;
    for (size_t i = 0; i < pointer.len; i++)
        if (pointer.at[i] == '~' &&
            (i + 1 == pointer.len || (pointer.at[i + 1] != '0' && pointer.at[i + 1] != '1')))
            return false;
    return true;
}

static enum status read_path(struct filter_node *node, struct slice path, struct problem *problem)
{
    node->path = path;
    node->subject = FILTER_DATA;
    if (slice_is(path, "type"))
        node->subject = FILTER_TYPE;
    else if (slice_is(path, "key"))
        node->subject = FILTER_KEY;
    else if (path.len > 0 && path.at[0] != '/')
        return refuse_value(problem,
                            "is neither type nor key nor a JSON Pointer into data: /order/total");
    else if (!pointer_is_valid(path))
        return refuse_value(problem, "is no JSON Pointer: ~ must be written ~0");
    if (path.len > FILTER_PATH_MAX)
        return problem_set(problem, 422, "invalid_value", "must be at most %d bytes",
                           FILTER_PATH_MAX);
    return STATUS_OK;
}

static enum status check_number(struct filter_node *node, struct problem *problem)
{
    node->number = json_number_of(node->text);
    if (node->number.scale > FILTER_EXPONENT_MAX || node->number.scale <= -FILTER_EXPONENT_MAX)
        return problem_set(problem, 422, "invalid_value",
                           "must be 0, or at least 1e-%d and less than 1e%d, of either sign",
                           FILTER_EXPONENT_MAX, FILTER_EXPONENT_MAX);
    return STATUS_OK;
}

static enum status check_text(const struct filter_node *node, struct problem *problem)
{
    const bool may_be_empty = node->op == FILTER_EXACT && node->subject == FILTER_DATA;

    if (node->text.len == 0 && !may_be_empty)
        return refuse_value(problem, "must not be empty");
    return STATUS_OK;
}

static bool is_on_attribute(const struct filter_node *node)
{
    return node->subject != FILTER_DATA;
}

static enum status check_kind(const struct filter_node *node, struct problem *problem)
{
    const enum filter_kind kind = node->kind;

    if (node->op == FILTER_EXISTS)
        return kind == FILTER_TRUE || kind == FILTER_FALSE
                   ? STATUS_OK
                   : refuse_type(problem, "must be true or false");
    if (node->op >= FILTER_GT && is_on_attribute(node))
        return refuse_value(problem, "is a text: only numbers in data have an order");
    if (node->op >= FILTER_GT)
        return kind == FILTER_NUMBER ? STATUS_OK : refuse_type(problem, "must be a number");
    if (kind == FILTER_TEXT)
        return STATUS_OK;
    if (node->op != FILTER_EXACT || is_on_attribute(node))
        return refuse_type(problem, "must be a text");
    return kind != FILTER_OTHER
               ? STATUS_OK
               : refuse_type(problem, "must be a text, a number, true, false or null");
}

enum status filter_read_comparison(struct filter_node *node, struct slice path, yyjson_val *value,
                                   struct problem *problem)
{
    node->kind = filter_kind_of(value);
    if (read_path(node, path, problem) != STATUS_OK || check_kind(node, problem) != STATUS_OK)
        return STATUS_INVALID;
    if (node->kind == FILTER_TEXT || node->kind == FILTER_NUMBER)
        node->text = json_value_text(value);
    if (node->kind == FILTER_NUMBER)
        return check_number(node, problem);
    return node->kind == FILTER_TEXT ? check_text(node, problem) : STATUS_OK;
}
