/*
 * redis_queue.h - for redis.c: commands that wait for their answer, oldest first
 */
#pragma once

#include "redis.h"

struct redis_waiting {
    redis_reply_fn fn; /* may be NULL */
    void *self;
    const char *what; /* for the observer; static */
    int64_t since_mono_us;
    enum status status; /* the answer, of one that was never sent */
};

/* A ring; all zeroes is the empty one. */
struct redis_queue {
    struct redis_waiting *at;
    size_t head;
    size_t count;
    size_t room; /* a power of two */
};

void redis_queue_fini(struct redis_queue *queue);
void redis_queue_push(struct redis_queue *queue, struct redis_waiting waiting);
bool redis_queue_pop(struct redis_queue *queue, struct redis_waiting *out);

/* Tells the observer and calls fn. */
void redis_waiting_answer(const struct redis_waiting *waiting, enum status status,
                          const struct redis_reply *reply);
