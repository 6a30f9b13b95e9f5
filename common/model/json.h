/*
 * json.h - writing JSON text, and strict reading of small request documents
 *
 * The writer appends to a buf and keeps commas right; texts are escaped (control characters as \u00XX), invalid UTF-8 becomes U+FFFD.
 */
#pragma once

#include <stdint.h>

#include "../base/bytes.h"

struct json_writer {
    struct buf *out; /* borrowed */
    bool comma;
};

void json_text(struct buf *out, struct slice text); /* one quoted string */

void json_open(struct json_writer *json, char bracket);  /* '{' or '[' */
void json_close(struct json_writer *json, char bracket); /* '}' or ']' */
void json_name(struct json_writer *json, const char *name);
void json_put_text(struct json_writer *json, struct slice text);
void json_put_int(struct json_writer *json, int64_t number);
void json_put_bool(struct json_writer *json, bool value);
void json_put_null(struct json_writer *json);
void json_put_raw(struct json_writer *json, struct slice json_text);
void json_put_raw_or_null(struct json_writer *json, struct slice json_text); /* null when empty */
void json_put_rfc3339(struct json_writer *json, int64_t at_ms);

/* A scan over bytes that need not be JSON at all: STATUS_OK when brackets nest at most max_depth deep, STATUS_LIMIT when
 * deeper. Before the parser, which has no limit of its own. */
enum status json_check_depth(struct slice text, size_t max_depth) must_check;

/* Where the value of each member or item of the outermost object or array stands in a text known to be valid JSON. Names are as
 * written between the quotes (still escaped). Advance until false. */
struct json_span_iter {
    const char *at, *end;
    bool is_object;
};
bool json_spans_start(struct slice valid_json,
                      struct json_span_iter *iter); /* false: neither object nor array */
bool json_spans_next(struct json_span_iter *iter, struct slice *out_name, struct slice *out_value);
/* The next one, of which the caller knows that it is the last: what is in it is not looked at. */
void json_spans_last(struct json_span_iter *iter, struct slice *out_name, struct slice *out_value);
