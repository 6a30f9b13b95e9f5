/*
 * http_waiting.c - the response timeout
 */
#include "http_waiting.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/clock.h"

struct http_waiting {
    struct http_waiter *first, *last;
    struct loop_timer *timer;
    int64_t timeout_ms;
    http_expired_fn expired;
    void *self;
};

static void on_timer(void *self)
{
    struct http_waiting *waiting = self;
    int64_t now_ms = clock_mono_ms();
    while (waiting->first && waiting->first->due_mono_ms <= now_ms) {
        struct http_waiter *waiter = waiting->first;
        http_waiting_remove(waiting, waiter);
        waiting->expired(waiter, waiting->self);
    }
    if (waiting->first) {
        loop_timer_start(waiting->timer, waiting->first->due_mono_ms - now_ms);
    }
}

struct http_waiting *http_waiting_new(struct loop *loop, int64_t timeout_ms,
                                      http_expired_fn expired, void *self)
{
    struct http_waiting *waiting = xcalloc(1, sizeof *waiting);
    waiting->timeout_ms = timeout_ms;
    waiting->expired = expired;
    waiting->self = self;
    waiting->timer = loop_timer_new(loop, on_timer, waiting);
    return waiting;
}

void http_waiting_free(struct http_waiting **waiting_at)
{
    struct http_waiting *waiting = *waiting_at;
    *waiting_at = NULL;
    if (waiting) {
        loop_timer_free(&waiting->timer);
        free(waiting);
    }
}

void http_waiting_add(struct http_waiting *waiting, struct http_waiter *waiter)
{
    http_waiting_remove(waiting, waiter); /* a request sent a second time, on a fresh connection */
    waiter->due_mono_ms = clock_mono_ms() + waiting->timeout_ms;
    waiter->earlier = waiting->last;
    waiter->later = NULL;
    *(waiting->last ? &waiting->last->later : &waiting->first) = waiter;
    waiting->last = waiter;
    /* Left set when its waiter goes: one idle wake-up costs less than setting it for each request. */
    if (!loop_timer_is_set(waiting->timer)) {
        loop_timer_start(waiting->timer, waiting->timeout_ms);
    }
}

void http_waiting_remove(struct http_waiting *waiting, struct http_waiter *waiter)
{
    if (waiter->due_mono_ms == 0) {
        return;
    }
    *(waiter->earlier ? &waiter->earlier->later : &waiting->first) = waiter->later;
    *(waiter->later ? &waiter->later->earlier : &waiting->last) = waiter->earlier;
    *waiter = (struct http_waiter){0};
}
