/*
 * redis_reply.h - for redis.c and redis_link.c: what an answer means, and answers that Redis did not give
 */
#pragma once

#include "redis.h"

/* STATUS_OK unless it is an error reply. */
enum status redis_status_of(const struct redis_reply *reply);

/* What a callback gets with STATUS_UNSURE; error replies, so that kind and text are told like Redis's own. */
extern const struct redis_reply *const redis_reply_lost;
extern const struct redis_reply *const redis_reply_timeout;
