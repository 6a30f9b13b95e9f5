/*
 * seen_fixture.h - a connection to Redis in a test, and all that it was told
 */
#pragma once

#include "io/redis.h"

struct seen {
    struct redis *redis;
    int answers;
    int ups, downs;
    int by_status[STATUS_CANCELLED + 1];
    int64_t last_int;
    char last_text[512];
    size_t last_kind;
    bool is_in_order; /* the answers were 1, 2, 3 and so on */
    bool frees;       /* the callbacks free the connection */
    bool sends;       /* the callbacks send again */
};

extern struct loop *loop;
int seen_setup(void **state);
int seen_teardown(void **state);

struct redis_options seen_options(struct redis_address address);
void seen_connect(struct seen *seen, const struct redis_options *options);
void seen_connect_up(struct seen *seen, const struct redis_options *options); /* and waits */
void seen_wait_for_failure(struct seen *seen);
void seen_answer(enum status status, const struct redis_reply *reply, void *self);
