/*
 * http_deadlines.h - many deadlines, one timer
 *
 * A heap that is put in order late: moving a deadline further away, which every request does, only stores it; the heap learns
 * of it when the old one comes up.
 */
#pragma once

#include <stddef.h>

#include "loop.h"

#define HTTP_NO_DEADLINE INT64_MAX

/* Zero-initialize. Embedded in what has the deadline, which must cancel it before it goes away. */
struct http_deadline {
    int64_t due_mono_ms;
    int64_t key_mono_ms; /* its order in the heap: never later than due */
    size_t slot;         /* 1..count; 0: not in the heap */
};

struct http_deadlines;

/* fn is called for a deadline that has come; it is out of the heap then. */
struct http_deadlines *http_deadlines_new(struct loop *loop,
                                          void (*fn)(struct http_deadline *deadline));
void http_deadlines_free(struct http_deadlines **deadlines);

void http_deadline_set(struct http_deadlines *deadlines, struct http_deadline *deadline,
                       int64_t due_mono_ms);
void http_deadline_cancel(struct http_deadlines *deadlines, struct http_deadline *deadline);
