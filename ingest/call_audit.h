/*
 * call_audit.h - what a request changes is entered into the audit of an organization
 */
#pragma once

#include "call.h"
#include "io/audit.h"
#include "io/store.h"

/* The entry says all but who: actor, ip and request are the call's. Before the change, on the same
 * connection. */
void call_audit(const struct call *call, struct store *store, struct audit_entry entry);
