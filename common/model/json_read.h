/*
 * json_read.h - strict JSON of bounded depth, as a yyjson tree
 *
 * RFC 8259 and nothing more; numbers stay as text, of any size. Only for the readers of
 * common/model: the tree does not leave them.
 */
#pragma once

#include <yyjson.h>

#include "../base/bytes.h"
#include "json.h"
#include "problem.h"

/* Memory on the caller's stack in which documents up to about 1.2 KiB are read without an
 * allocation. Builds that clear all variables would spend more on it than on a small document:
 * declare it with json_scratch_uncleared. */
#define JSON_SCRATCH_SIZE 16384
struct json_scratch {
    _Alignas(16) char at[JSON_SCRATCH_SIZE];
};

#define json_scratch_uncleared __attribute__((uninitialized))

/* NULL with 400 malformed_json or too_deep. The tree may point into scratch and is freed before it
 * goes; text may go first. */
yyjson_doc *json_read(struct slice text, size_t max_depth, struct json_scratch *scratch,
                      struct problem *problem);
void json_read_free(yyjson_doc **doc);
#define json_read_cleanup __attribute__((cleanup(json_read_free)))

/* The members of an object, in their order, each with where its value stands in the object's text: the tree says what they are, the
 * spans where their bytes are. The last one's bytes are not looked at. */
struct json_walk {
    yyjson_obj_iter members;
    struct json_span_iter spans;
};
bool json_walk_start(yyjson_val *object, struct slice text,
                     struct json_walk *walk); /* false: it is no object */
yyjson_val *json_walk_next(struct json_walk *walk,
                           struct slice *out_span); /* the name, or NULL at the end */

/* Of a string or a number (its text). */
struct slice json_value_text(yyjson_val *value);
