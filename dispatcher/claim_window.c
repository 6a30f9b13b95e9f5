/*
 * claim_window.c - room by what all hold and by what one holds, and the queue of those who found none
 */
#include "claim_window.h"

#include "base/must.h"

#define WORTH                                                                                      \
    8 /* small reads are not worth their cost: this part of what may be held must be free */

static size_t free_of(size_t max, size_t held)
{
    size_t free_count = held < max ? max - held : 0;
    return free_count < max / WORTH ? 0 : free_count;
}

static size_t even_share(const struct claim_window *window, size_t count)
{
    size_t share = count / window->partitions;
    return share > 0 ? share : 1;
}

static void queue(struct claim_window *window, struct claim_share *share)
{
    share->is_refused = true;
    share->next = NULL;
    *(window->last ? &window->last->next : &window->first) = share;
    window->last = share;
}

size_t claim_window_room(struct claim_window *window, struct claim_share *share)
{
    size_t of_all = free_of(window->max, window->held);
    size_t of_all_part = of_all > 0 ? even_share(window, of_all) : 0;
    size_t own = free_of(even_share(window, window->max), share->held);
    size_t room = own > of_all_part ? own : of_all_part;
    if (room == 0 && !share->is_refused) {
        queue(window, share);
    }
    return room;
}

void claim_window_take(struct claim_window *window, struct claim_share *share)
{
    window->held++;
    share->held++;
}

/* Whoever finds no room this time either is queued again. */
static void poke_all(void *self)
{
    struct claim_window *window = self;
    struct claim_share *share = window->first;
    window->is_poke_queued = false;
    window->first = window->last = NULL;
    while (share) {
        struct claim_share *next = share->next;
        share->is_refused = false;
        share->poke(share->self);
        share = next;
    }
}

void claim_window_give(struct claim_window *window, struct claim_share *share)
{
    must(window->held > 0 && share->held > 0);
    window->held--;
    share->held--;
    if (window->first && !window->is_poke_queued) {
        window->is_poke_queued = true;
        loop_later(window->loop, poke_all, window);
    }
}

void claim_window_fini(struct claim_window *window)
{
    if (window->loop) {
        loop_later_cancel(window->loop, window);
    }
}
