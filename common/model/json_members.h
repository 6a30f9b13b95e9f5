/*
 * json_members.h - request documents: an object whose members a table describes
 *
 * Unknown, repeated and missing members are refused with a pointer to them. Only for the readers of common/model, as json_read.h.
 */
#pragma once

#include "json_read.h"

struct json_member {
    const char *name;
    bool required;
    /* Fails: with a problem whose pointer starts at the value. */
    enum status (*read)(yyjson_val *value, void *self, struct problem *problem);
};

/* what: "an endpoint", for the sentences. At most 32 members. */
enum status json_members_read(yyjson_val *root, const struct json_member *members, size_t count,
                              const char *what, void *self, struct problem *problem) must_check;

/* A change by the same rows: none is required, and null is not read; only what is required otherwise cannot be null. *out_given has the
 * bit 1 << i of each row whose member is there. */
enum status json_members_patch(yyjson_val *root, const struct json_member *members, size_t count,
                               const char *what, void *self, unsigned *out_given,
                               struct problem *problem) must_check;

/* A text of 1 to max bytes without control characters. */
enum status json_member_text(yyjson_val *value, size_t max, struct slice *out,
                             struct problem *problem) must_check;
