/*
 * http_deadlines.c - a binary heap over one timer
 */
#include "http_deadlines.h"

#include <stdlib.h>

#include "../base/bytes.h"
#include "../base/clock.h"
#include "../base/must.h"

struct http_deadlines {
    struct http_deadline **heap; /* from 1 */
    size_t count, room;
    struct loop_timer *timer;
    int64_t armed_mono_ms;
    void (*fn)(struct http_deadline *deadline);
};

static void put(struct http_deadlines *deadlines, size_t slot, struct http_deadline *deadline)
{
    deadlines->heap[slot] = deadline;
    deadline->slot = slot;
}

static void sift_up(struct http_deadlines *deadlines, struct http_deadline *deadline, size_t slot)
{
    for (; slot > 1 && deadlines->heap[slot / 2]->key_mono_ms > deadline->key_mono_ms; slot /= 2)
        put(deadlines, slot, deadlines->heap[slot / 2]);
    put(deadlines, slot, deadline);
}

static void sift_down(struct http_deadlines *deadlines, struct http_deadline *deadline, size_t slot)
{
    struct http_deadline **heap = deadlines->heap;

    for (size_t child; (child = slot * 2) <= deadlines->count; slot = child) {
        if (child < deadlines->count && heap[child + 1]->key_mono_ms < heap[child]->key_mono_ms)
            child++;
        if (heap[child]->key_mono_ms >= deadline->key_mono_ms)
            break;
        put(deadlines, slot, heap[child]);
    }
    put(deadlines, slot, deadline);
}

static void arm(struct http_deadlines *deadlines)
{
    int64_t first;

    if (deadlines->count == 0)
        return;
    first = deadlines->heap[1]->key_mono_ms;
    if (loop_timer_is_set(deadlines->timer) && deadlines->armed_mono_ms <= first)
        return;
    deadlines->armed_mono_ms = first;
    loop_timer_start(deadlines->timer, first - clock_mono_ms());
}

static void on_timer(void *self)
{
    struct http_deadlines *deadlines = self;
    int64_t now_mono_ms = clock_mono_ms();

    while (deadlines->count > 0 && deadlines->heap[1]->key_mono_ms <= now_mono_ms) {
        struct http_deadline *deadline = deadlines->heap[1];

        if (deadline->due_mono_ms > now_mono_ms && deadline->due_mono_ms != HTTP_NO_DEADLINE) {
            deadline->key_mono_ms = deadline->due_mono_ms;
            sift_down(deadlines, deadline, 1);
            continue;
        }
        bool has_come = deadline->due_mono_ms != HTTP_NO_DEADLINE;
        http_deadline_cancel(deadlines, deadline);
        if (has_come)
            deadlines->fn(deadline);
    }
    arm(deadlines);
}

struct http_deadlines *http_deadlines_new(struct loop *loop,
                                          void (*fn)(struct http_deadline *deadline))
{
    struct http_deadlines *deadlines = xcalloc(1, sizeof *deadlines);

    deadlines->timer = loop_timer_new(loop, on_timer, deadlines);
    deadlines->fn = fn;
    return deadlines;
}

void http_deadlines_free(struct http_deadlines **deadlines_at)
{
    struct http_deadlines *deadlines = *deadlines_at;

    *deadlines_at = NULL;
    if (deadlines == NULL)
        return;
    must(deadlines->count == 0);
    loop_timer_free(&deadlines->timer);
    free(deadlines->heap);
    free(deadlines);
}

static void insert(struct http_deadlines *deadlines, struct http_deadline *deadline)
{
    if (deadlines->count + 1 >= deadlines->room) {
        deadlines->room = deadlines->room > 0 ? deadlines->room * 2 : 64;
        deadlines->heap =
            xrealloc(deadlines->heap, deadlines->room * sizeof(struct http_deadline *));
    }
    sift_up(deadlines, deadline, ++deadlines->count);
}

void http_deadline_set(struct http_deadlines *deadlines, struct http_deadline *deadline,
                       int64_t due_mono_ms)
{
    deadline->due_mono_ms = due_mono_ms;
    if (due_mono_ms == HTTP_NO_DEADLINE ||
        (deadline->slot != 0 && due_mono_ms >= deadline->key_mono_ms))
        return;
    deadline->key_mono_ms = due_mono_ms;
    if (deadline->slot == 0)
        insert(deadlines, deadline);
    else
        sift_up(deadlines, deadline, deadline->slot);
    if (deadline->slot == 1)
        arm(deadlines);
}

void http_deadline_cancel(struct http_deadlines *deadlines, struct http_deadline *deadline)
{
    size_t slot = deadline->slot;
    struct http_deadline *last;

    if (slot == 0)
        return;
    deadline->slot = 0;
    last = deadlines->heap[deadlines->count--];
    if (last == deadline)
        return;
    /* The last one may belong above or below the gap. */
    sift_up(deadlines, last, slot);
    sift_down(deadlines, last, last->slot);
}
