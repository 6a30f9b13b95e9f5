/*
 * fields.h - records of Redis as lists: name value name value …
 */
#pragma once

#include <stdint.h>

#include "../base/bytes.h"

/* out_values[i] is the value of names[i]. Names in their usual order cost one comparison each; names
 * that are not asked for are skipped. STATUS_INVALID when one is missing or the list is cut. */
enum status fields_pick(const struct slice *fields, size_t count, const char *const *names,
                        size_t names_count, struct slice *out_values) must_check;

/* The same, but what is missing is empty. */
enum status fields_pick_some(const struct slice *fields, size_t count, const char *const *names,
                             size_t names_count, struct slice *out_values) must_check;

/* A list under way to Redis. Not to be copied: it points into itself. */
#define FIELDS_MAX 32
struct fields {
    struct slice at[2 * FIELDS_MAX];
    size_t count; /* of names and values together */
    char digits[FIELDS_MAX][DECIMAL_MAX];
};

/* More than FIELDS_MAX are a bug. Texts are borrowed. */
void fields_add(struct fields *fields, const char *name, struct slice value);
void fields_add_number(struct fields *fields, const char *name, int64_t number); /* 0 or less: "" */
