/*
 * claim_window.h - how many deliveries a process may hold, shared by its partitions
 *
 * Who finds no room is told when there is some again, one after the other in the order they asked. Each partition may hold an even share
 * whatever the others hold, so that none waits for another; so all together may hold twice the window.
 */
#pragma once

#include <stddef.h>

#include "io/loop.h"

/* A partition's part in it. */
struct claim_share {
    struct claim_share *next;
    size_t held;
    bool is_refused; /* found no room, and was not told of any since */
    loop_fn poke;
    void *self;
};

struct claim_window {
    size_t max;
    size_t partitions;
    struct loop *loop; /* borrowed */
    size_t held;       /* of all; zero at first, like the rest */
    bool is_poke_queued;
    struct claim_share *first, *last; /* who was refused */
};

/* How many may be claimed now. 0: poke will be called when it is worth while to ask again. */
size_t claim_window_room(struct claim_window *window, struct claim_share *share);
void claim_window_take(struct claim_window *window, struct claim_share *share); /* one */

/* One is held no more. Pokes come later, never before this returns. */
void claim_window_give(struct claim_window *window, struct claim_share *share);

void claim_window_fini(
    struct claim_window *window); /* no more pokes; one that is all zero is fine */
