/*
 * http_waiting.h - requests that were sent and have no answer yet, and the moment when that is too long
 *
 * All wait equally long, so the list is in the order of their deadlines and one timer serves it.
 */
#pragma once

#include <stdint.h>

#include "io/loop.h"

struct http_waiting;

/* Embedded in what waits. Zero: not in the list. */
struct http_waiter {
    struct http_waiter *earlier, *later;
    int64_t due_mono_ms; /* 0: not in the list */
};

/* expired: called for a waiter that was just taken out of the list; it may put it in again. */
typedef void (*http_expired_fn)(struct http_waiter *waiter, void *self);
struct http_waiting *http_waiting_new(struct loop *loop, int64_t timeout_ms,
                                      http_expired_fn expired, void *self);
void http_waiting_free(struct http_waiting **waiting); /* waiters are their owners' */

void http_waiting_add(struct http_waiting *waiting, struct http_waiter *waiter);
void http_waiting_remove(struct http_waiting *waiting,
                         struct http_waiter *waiter); /* also when it is not in */
