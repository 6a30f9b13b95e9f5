/*
 * endpoint_change.h - changes of an endpoint's record
 */
#pragma once

#include "../configure.h"
#include "endpoint_fields.h"

/* rule: CHANGE, REDUCE, SWAP or REMOVE; action, detail: for the audit. updated_at is added to the fields of a change. fn as of
 * configure_write. */
void endpoint_change(struct call *call, const struct endpoint *endpoint, enum configure_rule rule,
                     const char *action, struct slice detail, struct endpoint_fields *fields,
                     configure_fn fn, void *self);

/* Behind a change that may open its lane, or make it faster: what is held goes on. */
void endpoint_release(struct call *call, const struct endpoint *endpoint);

/* A configure_fn, self the call: answers 200 with the endpoint as it stands then, or why not. */
void endpoint_show_changed(enum status status, void *self);

/* The answer to a change that failed: 404, 409 conflict or 503. */
void endpoint_change_failed(struct call *call, enum status status);
