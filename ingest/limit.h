/*
 * limit.h - requests count against the rate limits of who makes them
 *
 * By the limiters that events count against in publish.lua, so an organization has one budget,
 * whatever it asks of whichever process. Only what may be done counts: what is refused for its
 * credentials, or its path, does not. The requests of a turn are counted in one call.
 * Fails:  closed: what cannot be counted is answered 503.
 */
#pragma once

#include "call.h"
#include "io/store.h"

struct limiter;
struct limiter *limiter_new(struct loop *loop, struct store *store); /* both borrowed */
void limiter_free(struct limiter **limiter); /* what waits is never answered: when all ends */

/* go_on at once when no limit applies, or later; else the call is answered 429 or 503. limiter may be
 * NULL for calls that no limit applies to. */
void limiter_pass(struct limiter *limiter, struct call *call, void (*go_on)(struct call *call));
