/*
 * endpoint_fields.h - fields of an endpoint's record on their way to Redis: name value name value …
 */
#pragma once

#include "model/endpoint.h"

#define ENDPOINT_FIELDS_MAX 48
#define ENDPOINT_TEXTS_MAX 12

struct endpoint_fields {
    size_t count;
    struct slice at[ENDPOINT_FIELDS_MAX];
    size_t texts_count;
    struct buf texts[ENDPOINT_TEXTS_MAX]; /* behind those that are made here */
};

void endpoint_fields_init(struct endpoint_fields *fields);
void endpoint_fields_fini(struct endpoint_fields *fields);

/* value: borrowed. */
void endpoint_fields_add(struct endpoint_fields *fields, const char *name, struct slice value);
void endpoint_fields_add_int(struct endpoint_fields *fields, const char *name, int64_t value);

/* A text to be filled before the next is added. */
struct buf *endpoint_fields_text(struct endpoint_fields *fields);

/* given: the bits 1 << enum endpoint_member. One that is disabled so, is by the API. */
#define ENDPOINT_ALL_MEMBERS ((1U << ENDPOINT_MEMBERS) - 1)
void endpoint_fields_members(struct endpoint_fields *fields, const struct endpoint *endpoint,
                             unsigned given);
