/*
 * disabler.h - endpoints that the dispatcher disables by itself: they said 410, or have failed for too long
 *
 * In Redis and for all who cache them, with an entry in the audit. One that is disabled already is left alone: what is still under way to
 * it ends in the same way, and its first reason stays.
 * Fails:  never; when Redis cannot now, the next attempt that ends so does it.
 * Warts:  two processes at the same moment both enter it into the audit.
 */
#pragma once

#include "endpoint_book.h"

struct disabler;
struct disabler *disabler_new(struct store *store, struct endpoint_book *book);
void disabler_free(struct disabler **disabler); /* after the store's connection, before the book */

/* reason: "gone" or "failing". */
void disabler_disable(struct disabler *disabler, struct slice endpoint_id, struct slice org,
                      const char *reason);
