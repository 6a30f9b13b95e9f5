/*
 * backlog.h - how much a group of a stream has before it, and how old the oldest of it is
 */
#pragma once

#include "redis.h"

struct backlog {
    /* Unread and pending entries. After unread ones were deleted Redis cannot tell how many are
     * left: then those that are count as one. */
    uint64_t count;
    int64_t age_ms; /* of the oldest of them; 0 when there is none */
};
/* STATUS_OK with zeros when the stream or the group does not exist yet. */
typedef void (*backlog_fn)(enum status status, const struct backlog *backlog, void *self);

/* O(1) in Redis. fn exactly once, never before this returns. stream and group are borrowed until
 * then. */
void backlog_measure(struct redis *redis, const char *stream, const char *group, backlog_fn fn,
                     void *self);
