/*
 * http_target.h - the request target: path and query
 *
 * Only origin-form. The path keeps to the grammar of RFC 3986; the query may hold any visible character but '#', because
 * clients send brackets and bars there as they are. Pure.
 */
#pragma once

#include "../base/bytes.h"

/* Splits and decodes: path is percent-decoded once into room (target.len bytes; the target itself when it has no escape). Returns
 * NULL, or what is wrong with it. */
const char *http_target_parse(struct slice target, char *room, struct slice *out_path,
                              struct slice *out_query);

/* The value of one parameter of a form-encoded query ('+' is a space) into room (query.len bytes). STATUS_ABSENT, or
 * STATUS_INVALID for a bad escape or a repeated name. */
enum status http_target_parameter(struct slice query, const char *name, char *room,
                                  struct slice *out) must_check;
