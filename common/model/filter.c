/*
 * filter.c - whether an event is one that a filter wants
 */
#include "filter.h"

#include <stdlib.h>
#include <string.h>

#include "filter_data.h"
#include "filter_parse.h"
#include "hook_event.h"

struct filter *filter_compile(struct slice text, struct problem *problem)
{
    struct json_scratch scratch json_scratch_uncleared;
    yyjson_doc *doc;
    struct filter *filter;

    if (text.len > FILTER_TEXT_MAX) {
        filter_refuse_length(problem);
        return NULL;
    }
    doc = json_read(text, JSON_DEPTH_MAX, &scratch, problem);
    if (doc == NULL)
        return NULL;
    filter = filter_parse(yyjson_doc_get_root(doc), problem);
    json_read_free(&doc);
    return filter;
}

void filter_free(struct filter **filter)
{
    free(*filter);
    *filter = NULL;
}

void filter_event_fini(struct filter_event *event)
{
    filter_data_free(&event->parsed);
}

/* What stands at a path. */
struct found {
    bool exists;
    enum filter_kind kind;
    struct slice text; /* of a text or a number */
};

static struct found found_text(struct slice text)
{
    return (struct found){.exists = text.len > 0, .kind = FILTER_TEXT, .text = text};
}

static struct found found_in_data(struct filter_event *event, struct slice pointer)
{
    yyjson_val *value;

    if (event->parsed == NULL)
        event->parsed = filter_data_new(event->data);
    value = filter_data_find(event->parsed, pointer);
    if (value == NULL)
        return (struct found){0};
    struct found found = {.exists = true, .kind = filter_kind_of(value)};
    if (found.kind == FILTER_TEXT || found.kind == FILTER_NUMBER)
        found.text = json_value_text(value);
    if (found.kind == FILTER_NUMBER && found.text.len > FILTER_NUMBER_MAX)
        found.kind = FILTER_OTHER; /* else each look at it would cost its length */
    return found;
}

static struct found find(const struct filter_node *node, struct filter_event *event)
{
    switch (node->subject) {
    case FILTER_TYPE:
        return found_text(event->type);
    case FILTER_KEY:
        return found_text(event->key);
    case FILTER_DATA:
        break;
    }
    return found_in_data(event, node->path);
}

static bool is_exact(const struct filter_node *node, const struct found *found)
{
    if (node->kind != found->kind)
        return false;
    if (node->kind == FILTER_TEXT)
        return slice_eq(node->text, found->text);
    if (node->kind != FILTER_NUMBER)
        return true;
    const struct json_number number = json_number_of(found->text);
    return json_number_cmp(&number, &node->number) == 0;
}

static bool has_prefix(struct slice text, struct slice prefix)
{
    return text.len >= prefix.len && memcmp(text.at, prefix.at, prefix.len) == 0;
}

static bool has_suffix(struct slice text, struct slice suffix)
{
    return text.len >= suffix.len && slice_eq(slice_from(text, text.len - suffix.len), suffix);
}

static bool is_in_order(const struct filter_node *node, struct slice text)
{
    const struct json_number number = json_number_of(text);
    const int order = json_number_cmp(&number, &node->number);

    if (node->op == FILTER_GT)
        return order > 0;
    if (node->op == FILTER_GTE)
        return order >= 0;
    return node->op == FILTER_LT ? order < 0 : order <= 0;
}

static bool compare(const struct filter_node *node, struct filter_event *event)
{
    const struct found found = find(node, event);

    if (node->op == FILTER_EXISTS)
        return found.exists == (node->kind == FILTER_TRUE);
    if (!found.exists)
        return false;
    if (node->op == FILTER_EXACT)
        return is_exact(node, &found);
    if (node->op == FILTER_PREFIX)
        return found.kind == FILTER_TEXT && has_prefix(found.text, node->text);
    if (node->op == FILTER_SUFFIX)
        return found.kind == FILTER_TEXT && has_suffix(found.text, node->text);
    return found.kind == FILTER_NUMBER && is_in_order(node, found.text);
}

/* Calls itself as deep as FILTER_DEPTH_MAX lets nodes stand within one another, and two more. */
static bool holds(const struct filter *filter, size_t at, struct filter_event *event)
{
    const struct filter_node *node = &filter->nodes[at];

    if (node->op < FILTER_ALL)
        return compare(node, event);
    if (node->op == FILTER_NOT)
        return !holds(filter, at + 1, event);
    for (size_t part = at + 1; part < node->end; part = filter->nodes[part].end)
        if (holds(filter, part, event) != (node->op == FILTER_ALL))
            return node->op == FILTER_ANY;
    return node->op == FILTER_ALL;
}

bool filter_accepts(const struct filter *filter, struct filter_event *event)
{
    return holds(filter, 0, event);
}
