/*
 * filter_parse.h - a filter from inside: a list of nodes, each before what it is made of
 *
 * Only for the readers of common/model, as json_read.h.
 */
#pragma once

#include "filter.h"
#include "json_number.h"
#include "json_read.h"

/* Those with one path come first. */
enum filter_op {
    FILTER_EXACT,
    FILTER_PREFIX,
    FILTER_SUFFIX,
    FILTER_GT,
    FILTER_GTE,
    FILTER_LT,
    FILTER_LTE,
    FILTER_EXISTS,
    FILTER_ALL,
    FILTER_ANY,
    FILTER_NOT,
    FILTER_OPS,
};

enum filter_subject { FILTER_TYPE, FILTER_KEY, FILTER_DATA };
enum filter_kind {
    FILTER_TEXT,
    FILTER_NUMBER,
    FILTER_TRUE,
    FILTER_FALSE,
    FILTER_NULL,
    FILTER_OTHER, /* equals nothing: an object, an array */
};
enum filter_kind filter_kind_of(yyjson_val *value);

struct filter_node {
    enum filter_op op;
    uint16_t end; /* the node after all that this one is made of */
    enum filter_subject subject;
    enum filter_kind kind; /* of the value it is compared with */
    struct slice path;     /* for FILTER_DATA: the pointer */
    struct slice text;     /* of a text or a number */
    struct json_number number;
};

/* An object of paths is an "all" of its own, not counted as a part; so is the array around the filter. And one is begun before
 * the first part that is too much is refused. */
#define FILTER_NODES_MAX (2 * FILTER_PARTS_MAX + 2)

struct filter {
    size_t count;
    struct filter_node nodes[];
};

/* Fills all but op and end; texts stay in the tree. Fails: with a pointer that starts at the value. */
enum status filter_read_comparison(struct filter_node *node, struct slice path, yyjson_val *value,
                                   struct problem *problem) must_check;

/* As filter_compile. */
struct filter *filter_parse(yyjson_val *value, struct problem *problem) must_check;

enum status filter_refuse_length(struct problem *problem);

/* The filter as the record keeps it: without white space, its members as they stand. Fails: longer than out may become. */
enum status filter_write(yyjson_val *value, struct buf *out, struct problem *problem) must_check;
