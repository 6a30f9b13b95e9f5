/*
 * redis_reply.h - for redis.c and redis_tree.c: what an answer is made of and means, and answers that Redis did not give
 */
#pragma once

#include "redis.h"

struct redis_reply {
    enum redis_type type;
    union {
        struct slice text; /* of text and error */
        int64_t number;
        struct {
            struct redis_reply *at;
            size_t count;
        } list;
    };
};

/* STATUS_OK unless it is an error reply. */
enum status redis_status_of(const struct redis_reply *reply);

/* An error that says that the server is, or was meanwhile, another than before: redis_epoch. */
bool redis_reply_is_of_another(const struct redis_reply *reply);

/* What a callback gets with STATUS_UNSURE; error replies, so that kind and text are told like Redis's own. */
extern const struct redis_reply *const redis_reply_lost;
extern const struct redis_reply *const redis_reply_timeout;
