/*
 * start_budget.h - how many lanes may start an attempt in one turn of the loop
 *
 * One that turns out to have none to start counts, too; a late one that settle let start does not. The next start in the turn after, once what was answered meanwhile has been read: with a receiver that is near few are under way at a
 * time, whose memory the processor's caches still have. Hundreds at once cost a fifth more each. With one that is far all slots are
 * taken within milliseconds.
 */
#pragma once

#include <stddef.h>

#include "io/loop.h"

#define START_BUDGET_MAX 16

struct start_budget {
    struct loop *loop;
    struct loop_timer *next_turn;
    size_t taken;
};

/* again is called in the next turn when one was refused. */
void start_budget_init(struct start_budget *budget, struct loop *loop, loop_fn again, void *self);
void start_budget_fini(struct start_budget *budget);

/* Whether one more may start now. */
bool start_budget_take(struct start_budget *budget);
