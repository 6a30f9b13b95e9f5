/*
 * start_budget.c - a count, and a timer for the turn after
 */
#include "start_budget.h"

void start_budget_init(struct start_budget *budget, struct loop *loop, loop_fn again, void *self)
{
    *budget = (struct start_budget){.loop = loop, .next_turn = loop_timer_new(loop, again, self)};
}

void start_budget_fini(struct start_budget *budget)
{
    loop_later_cancel(budget->loop, budget);
    loop_timer_free(&budget->next_turn);
}

static void on_turn_end(void *self)
{
    struct start_budget *budget = self;
    budget->taken = 0;
}

bool start_budget_take(struct start_budget *budget)
{
    if (budget->taken == START_BUDGET_MAX) {
        if (!loop_timer_is_set(budget->next_turn)) {
            loop_timer_start(budget->next_turn, 0);
        }
        return false;
    }
    if (budget->taken++ == 0) {
        loop_later(budget->loop, on_turn_end, budget);
    }
    return true;
}
