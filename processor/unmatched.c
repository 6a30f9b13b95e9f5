/*
 * unmatched.c - a list sorted by entry, and a timer
 */
#include "unmatched.h"

#include <stdlib.h>

#include "base/bytes.h"

#define RETRY_MS 500

struct unmatched {
    struct work *first;
    size_t taken;
    struct loop_timer *timer;
};

struct unmatched *unmatched_new(struct loop *loop, loop_fn on_time, void *self)
{
    struct unmatched *unmatched = xcalloc(1, sizeof *unmatched);
    unmatched->timer = loop_timer_new(loop, on_time, self);
    return unmatched;
}

void unmatched_free(struct unmatched **unmatched_at)
{
    struct unmatched *unmatched = *unmatched_at;
    *unmatched_at = NULL;
    if (!unmatched)
        return;
    loop_timer_free(&unmatched->timer);
    free(unmatched);
}

void unmatched_add(struct unmatched *unmatched, struct work *work)
{
    unmatched_leave(unmatched, work);
    struct work **at = &unmatched->first;
    while (*at && stream_id_cmp((*at)->entry, work->entry) < 0)
        at = &(*at)->next;
    work->next = *at;
    *at = work;
    if (!loop_timer_is_set(unmatched->timer))
        loop_timer_start(unmatched->timer, loop_jitter(RETRY_MS));
}

struct work *unmatched_take(struct unmatched *unmatched)
{
    struct work *work = unmatched->first;
    if (!work)
        return NULL;
    unmatched->first = work->next;
    work->next = NULL;
    work->is_taken = true;
    unmatched->taken++;
    return work;
}

void unmatched_leave(struct unmatched *unmatched, struct work *work)
{
    unmatched->taken -= work->is_taken;
    work->is_taken = false;
}

bool unmatched_may_pass(const struct unmatched *unmatched, const struct work *work)
{
    return work->is_taken || unmatched_is_empty(unmatched);
}

bool unmatched_is_empty(const struct unmatched *unmatched)
{
    return !unmatched->first && unmatched->taken == 0;
}
