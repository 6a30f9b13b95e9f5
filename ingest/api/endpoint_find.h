/*
 * endpoint_find.h - the endpoint that a request's path names
 *
 * One that is absent, another organization's, or no id at all: the same answer.
 */
#pragma once

#include "model/endpoint.h"
#include "../call.h"

/* endpoint: borrowed during the callback. failing_since_ms 0: it is not. */
typedef void (*endpoint_found_fn)(struct call *call, const struct endpoint *endpoint,
                                  int64_t failing_since_ms, void *self);

/* fn later when it is there; else refused (may be NULL), then the call is answered. */
void endpoint_find(struct call *call, endpoint_found_fn fn, void (*refused)(void *self),
                   void *self);

/* Answers 200 with it, as it stands now. */
void endpoint_show(struct call *call);
