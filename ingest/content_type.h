/*
 * content_type.h - what a request's body is said to be
 */
#pragma once

#include "call.h"

#define CLOUDEVENT_TYPE "application/cloudevents+json"
#define CLOUDEVENT_BATCH_TYPE "application/cloudevents-batch+json"

/* STATUS_INVALID and 415 answered: an encoded body. */
enum status content_encoding_expect(struct call *call) must_check;

/* The media type without parameters, or the first of the types when none is given.
 * STATUS_INVALID and 415 answered: a type that is not in the list (NULL-terminated, lower case),
 * a charset other than UTF-8 or US-ASCII, or an encoded body. */
enum status content_type_expect(struct call *call, const char *const *types,
                                struct slice *out_type) must_check;
