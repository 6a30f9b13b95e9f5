/*
 * filter_parse.c - from the JSON of a filter to its nodes
 */
#include "filter_parse.h"

#include <stdlib.h>
#include <string.h>

#include "../base/must.h"

#define DIALECTS "exact, prefix, suffix, all, any, not, gt, gte, lt, lte or exists"

static const char *const op_names[FILTER_OPS] = {
    [FILTER_EXACT] = "exact", [FILTER_PREFIX] = "prefix", [FILTER_SUFFIX] = "suffix",
    [FILTER_GT] = "gt",       [FILTER_GTE] = "gte",       [FILTER_LT] = "lt",
    [FILTER_LTE] = "lte",     [FILTER_EXISTS] = "exists", [FILTER_ALL] = "all",
    [FILTER_ANY] = "any",     [FILTER_NOT] = "not",
};

/* While it is read; texts stay in the tree. */
struct draft {
    size_t parts;
    size_t count;
    struct filter_node nodes[FILTER_NODES_MAX];
};

static enum status read_expression(struct draft *draft, yyjson_val *value, size_t depth,
                                   struct problem *problem);

static enum status refuse_type(struct problem *problem, const char *detail)
{
    return problem_set(problem, 422, "wrong_type", "%s", detail);
}

static enum status refuse_value(struct problem *problem, const char *detail)
{
    return problem_set(problem, 422, "invalid_value", "%s", detail);
}

enum status filter_refuse_length(struct problem *problem)
{
    return problem_set(problem, 422, "invalid_value", "must be at most %d bytes", FILTER_TEXT_MAX);
}

/* Its end is set by close_node when its parts are there. The bound on parts bounds the nodes. */
static struct filter_node *open_node(struct draft *draft, enum filter_op op)
{
    must(draft->count < FILTER_NODES_MAX);
    draft->nodes[draft->count] = (struct filter_node){.op = op};
    return &draft->nodes[draft->count++];
}

static void close_node(struct draft *draft, struct filter_node *node)
{
    node->end = (uint16_t)draft->count;
}

static enum status count_part(struct draft *draft, struct problem *problem)
{
    if (draft->parts == FILTER_PARTS_MAX)
        return problem_set(problem, 422, "invalid_value",
                           "the filter must have at most %d paths, all, any and not together",
                           FILTER_PARTS_MAX);
    draft->parts++;
    return STATUS_OK;
}

static enum status read_comparison(struct draft *draft, enum filter_op op, struct slice path,
                                   yyjson_val *value, struct problem *problem)
{
    struct filter_node *node;

    if (count_part(draft, problem) != STATUS_OK)
        return STATUS_INVALID;
    node = open_node(draft, op);
    close_node(draft, node);
    return filter_read_comparison(node, path, value, problem);
}

static bool has_path(const struct draft *draft, size_t from, struct slice path)
{
    for (size_t i = from; i < draft->count; i++)
        if (slice_eq(draft->nodes[i].path, path))
            return true;
    return false;
}

/* What an object with several paths says is an "all". */
static enum status read_paths(struct draft *draft, enum filter_op op, yyjson_val *value,
                              struct problem *problem)
{
    struct filter_node *whole = open_node(draft, FILTER_ALL);
    const size_t first = draft->count;
    yyjson_obj_iter paths;
    yyjson_val *name;

    if (!yyjson_obj_iter_init(value, &paths))
        return refuse_type(problem, "must be an object of paths");
    if (yyjson_obj_size(value) == 0)
        return refuse_value(problem, "must have at least one path");
    while ((name = yyjson_obj_iter_next(&paths)) != NULL) {
        const struct slice path = json_value_text(name);
        enum status status = STATUS_INVALID;

        if (has_path(draft, first, path))
            problem_set(problem, 422, "duplicate_field", "stands there more than once");
        else
            status = read_comparison(draft, op, path, yyjson_obj_iter_get_val(name), problem);
        if (status != STATUS_OK)
            return problem_within(problem, path);
    }
    close_node(draft, whole);
    return STATUS_OK;
}

static enum status read_list(struct draft *draft, enum filter_op op, yyjson_val *value,
                             size_t depth, struct problem *problem)
{
    struct filter_node *whole = open_node(draft, op);
    const size_t count = yyjson_arr_size(value);
    yyjson_arr_iter items;

    if (!yyjson_arr_iter_init(value, &items))
        return refuse_type(problem, "must be an array of expressions");
    if (count == 0)
        return refuse_value(problem, "must have at least one expression");
    for (size_t i = 0; i < count; i++)
        if (read_expression(draft, yyjson_arr_iter_next(&items), depth, problem) != STATUS_OK)
            return problem_within_index(problem, i);
    close_node(draft, whole);
    return STATUS_OK;
}

static enum status read_not(struct draft *draft, yyjson_val *value, size_t depth,
                            struct problem *problem)
{
    struct filter_node *whole = open_node(draft, FILTER_NOT);

    if (read_expression(draft, value, depth, problem) != STATUS_OK)
        return STATUS_INVALID;
    close_node(draft, whole);
    return STATUS_OK;
}

static enum filter_op op_named(struct slice name)
{
    enum filter_op op = 0;

    while (op < FILTER_OPS && !slice_is(name, op_names[op]))
        op++;
    return op;
}

static enum status read_dialect(struct draft *draft, struct slice name, yyjson_val *value,
                                size_t depth, struct problem *problem)
{
    const enum filter_op op = op_named(name);

    if (op == FILTER_OPS)
        return problem_set(problem, 422, "unknown_field", "is not known: use " DIALECTS);
    if (op < FILTER_ALL)
        return read_paths(draft, op, value, problem);
    if (count_part(draft, problem) != STATUS_OK)
        return STATUS_INVALID;
    if (op == FILTER_NOT)
        return read_not(draft, value, depth + 1, problem);
    return read_list(draft, op, value, depth + 1, problem);
}

/* Of an object with more members than one. */
static enum status refuse_members(struct slice first, yyjson_obj_iter *members,
                                  struct problem *problem)
{
    if (slice_eq(first, json_value_text(yyjson_obj_iter_next(members)))) {
        problem_set(problem, 422, "duplicate_field", "stands there more than once");
        return problem_within(problem, first);
    }
    return refuse_value(problem, "must have exactly one member: " DIALECTS);
}

/* depth: of what it stands in. */
static enum status read_expression(struct draft *draft, yyjson_val *value, size_t depth,
                                   struct problem *problem)
{
    yyjson_obj_iter members;
    yyjson_val *name;

    if (!yyjson_obj_iter_init(value, &members))
        return refuse_type(problem, "must be an object with one member: " DIALECTS);
    if (depth == FILTER_DEPTH_MAX)
        return problem_set(problem, 422, "invalid_value",
                           "must be within at most %d other expressions", FILTER_DEPTH_MAX - 1);
    name = yyjson_obj_iter_next(&members);
    if (name == NULL)
        return refuse_value(problem, "must have exactly one member: " DIALECTS);
    if (yyjson_obj_size(value) > 1)
        return refuse_members(json_value_text(name), &members, problem);
    if (read_dialect(draft, json_value_text(name), yyjson_obj_iter_get_val(name), depth, problem) !=
        STATUS_OK)
        return problem_within(problem, json_value_text(name));
    return STATUS_OK;
}

/* Moves the text behind *text to *room, which advances. */
static void settle_text(struct slice *text, char **room)
{
    if (text->len > 0)
        memcpy(*room, text->at, text->len);
    text->at = *room;
    *room += text->len;
}

static struct filter *settle(const struct draft *draft)
{
    const size_t size = sizeof(struct filter) + draft->count * sizeof draft->nodes[0];
    struct filter *filter;
    size_t texts_len = 0;
    char *room;

    for (size_t i = 0; i < draft->count; i++)
        texts_len += draft->nodes[i].path.len + draft->nodes[i].text.len;
    room = xmalloc(size + texts_len);
    filter = (struct filter *)(void *)room;
    filter->count = draft->count;
    memcpy(filter->nodes, draft->nodes, draft->count * sizeof draft->nodes[0]);
    room += size;
    for (size_t i = 0; i < filter->count; i++) {
        struct filter_node *node = &filter->nodes[i];

        settle_text(&node->path, &room);
        settle_text(&node->text, &room);
        if (node->op < FILTER_ALL && node->kind == FILTER_NUMBER)
            node->number = json_number_of(node->text);
    }
    return filter;
}

struct filter *filter_parse(yyjson_val *value, struct problem *problem)
{
    struct draft draft json_scratch_uncleared;
    enum status status;

    draft.parts = draft.count = 0;
    if (yyjson_is_arr(value))
        status = read_list(&draft, FILTER_ALL, value, 0, problem);
    else
        status = read_expression(&draft, value, 0, problem);
    return status == STATUS_OK ? settle(&draft) : NULL;
}

enum status filter_write(yyjson_val *value, struct buf *out, struct problem *problem)
{
    size_t len = 0;
    char *text = yyjson_val_write(value, YYJSON_WRITE_NOFLAG, &len);

    must(text != NULL);
    buf_add(out, text, len);
    free(text);
    return out->overflow ? filter_refuse_length(problem) : STATUS_OK;
}
