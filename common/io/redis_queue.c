/*
 * redis_queue.c - a ring of commands that wait for their answer
 */
#include "redis_queue.h"

#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"

#define ROOM_MIN 64

void redis_queue_fini(struct redis_queue *queue)
{
    free(queue->at);
    *queue = (struct redis_queue){0};
}

static void grow(struct redis_queue *queue)
{
    size_t room = queue->room > 0 ? queue->room * 2 : ROOM_MIN;

    queue->at = xrealloc(queue->at, room * sizeof *queue->at);
    /* It was full: what had wrapped to the front goes behind the rest, where there is now room. */
    if (queue->head > 0)
        memcpy(queue->at + queue->room, queue->at, queue->head * sizeof *queue->at);
    queue->room = room;
}

void redis_queue_push(struct redis_queue *queue, struct redis_waiting waiting)
{
    if (queue->count == queue->room)
        grow(queue);
    queue->at[(queue->head + queue->count) & (queue->room - 1)] = waiting;
    queue->count++;
}

bool redis_queue_pop(struct redis_queue *queue, struct redis_waiting *out)
{
    if (queue->count == 0)
        return false;
    *out = queue->at[queue->head];
    queue->head = (queue->head + 1) & (queue->room - 1);
    queue->count--;
    return true;
}

static redis_observe_fn observer;

void redis_set_observer(redis_observe_fn fn)
{
    observer = fn;
}

void redis_waiting_answer(const struct redis_waiting *waiting, enum status status,
                          const struct redis_reply *reply)
{
    if (observer != NULL && status != STATUS_CANCELLED)
        observer(waiting->what, clock_mono_us() - waiting->since_mono_us, status, reply);
    if (waiting->fn != NULL)
        waiting->fn(status, reply, waiting->self);
}
