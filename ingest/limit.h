/*
 * limit.h - requests count against the rate limits of who makes them
 *
 * By the limiters that events count against in publish.lua, so an organization has one budget,
 * whatever it asks of whichever process. Only what may be done counts: what is refused for its
 * credentials, or its path, does not.
 * Fails:  closed: what cannot be counted is answered 503.
 */
#pragma once

#include "call.h"

/* go_on at once when no limit applies, or later; else the call is answered 429 or 503. */
void limit_pass(struct call *call, void (*go_on)(struct call *call));
