/*
 * fields.h - records of Redis as lists: name value name value …
 */
#pragma once

#include "../base/bytes.h"

/* out_values[i] is the value of names[i]. Names in their usual order cost one comparison each; names
 * that are not asked for are skipped. STATUS_INVALID when one is missing or the list is cut. */
enum status fields_pick(const struct slice *fields, size_t count, const char *const *names,
                        size_t names_count, struct slice *out_values) must_check;
