/*
 * problem.h - why a document or a field of it was refused
 *
 * Codes: 400 malformed_json malformed_msgpack too_deep; 413 too_large; 422 wrong_type missing_field unknown_field
 * duplicate_field invalid_name invalid_value conflicting_fields batch_empty batch_too_large. The detail never
 * quotes the input; the pointer may.
 */
#pragma once

#include "../base/bytes.h"

struct problem {
    int http_status;  /* 400 malformed, 413 too large, 422 breaks a rule */
    const char *code; /* static; the stable word of problem+json */
    char pointer[96]; /* JSON Pointer of the field within the item ("" for the whole), escaped */
    char detail[200];
};

/* All return STATUS_INVALID, so that a check can end in them. The pointer starts as "". */
enum status problem_set(struct problem *problem, int http_status, const char *code,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* On the way out of a nested value: puts '/' and the name, as RFC 6901 escapes it, before the
 * pointer. What does not fit is cut off the end, between characters; bytes that are no text become
 * U+FFFD. */
enum status problem_within(struct problem *problem, struct slice name);
enum status problem_within_index(struct problem *problem, size_t index);
