/*
 * org_scope.h - the organization that a request of configuration is about
 *
 * With an API key it is the key's own. The admin names one ("organization" in the body, or
 * ?organization=), and it must exist.
 */
#pragma once

#include "call.h"

typedef void (*org_scope_fn)(struct call *call, const char *org, void *self);

/* named: what the body says, or "". fn at once or later when all is well; else refused (may be
 * NULL), then the call is answered. org has OTHER_ID_SIZE bytes, in the request's memory. */
void org_scope_find(struct call *call, const char *named, org_scope_fn fn,
                    void (*refused)(void *self), void *self);
