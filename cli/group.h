/*
 * group.h - what Redis says of a consumer group and of who holds an entry
 */
#pragma once

#include "io/redis.h"
#include "model/ids.h"

struct group {
    bool exists;
    struct stream_id last; /* the last entry read */
    int64_t lag;           /* unread entries; -1: Redis does not know */
    int64_t pending;
    int64_t consumers;
};

/* Of XINFO GROUPS; also of its error for a stream that is not there. */
void group_read(const struct redis_reply *reply, const char *name, struct group *out);

#define HOLDER_NAME_MAX 128
struct holder {
    char name[HOLDER_NAME_MAX]; /* "" when nobody holds it */
    int64_t idle_ms;            /* since it was taken, or its lease renewed */
    int64_t claims;             /* how many times it was taken */
};

/* Of XPENDING key group id id 1; also of its error. */
void holder_read(const struct redis_reply *reply, struct holder *out);
