/*
 * unmatched.h - events that Redis gave no catalog for, in the order of the log, until it is asked again
 *
 * While there are any, those that came later wait with them: else what is accepted later would be delivered first
 * whenever Redis was away. Events stay their owner's.
 */
#pragma once

#include "io/loop.h"
#include "work.h"

struct unmatched;

/* on_time: the owner takes them, and asks again for each. */
struct unmatched *unmatched_new(struct loop *loop, loop_fn on_time, void *self);
void unmatched_free(struct unmatched **unmatched);

void unmatched_add(struct unmatched *unmatched, struct work *work);

/* The oldest, or NULL. Until it is added again or leaves it goes before all others. */
struct work *unmatched_take(struct unmatched *unmatched);

/* It has its catalog, or is set aside. Of others nothing is to be done. */
void unmatched_leave(struct unmatched *unmatched, struct work *work);

/* Whether it may have its catalog now: it was taken, or there are none. */
bool unmatched_may_pass(const struct unmatched *unmatched, const struct work *work);
bool unmatched_is_empty(const struct unmatched *unmatched); /* and none is taken */
