/*
 * group.c - what Redis says of a consumer group and of who holds an entry
 */
#include "group.h"

#include "ask.h"
#include "print.h"

void group_read(const struct redis_reply *reply, const char *name, struct group *out)
{
    *out = (struct group){.lag = -1};
    for (size_t i = 0; i < redis_reply_count(reply); i++) {
        const struct redis_reply *row = redis_reply_at(reply, i);
        const struct redis_reply *lag = reply_member(row, "lag");
        struct slice last = redis_reply_text(reply_member(row, "last-delivered-id"));
        if (!slice_is(redis_reply_text(reply_member(row, "name")), name) ||
            stream_id_parse(last, &out->last) != STATUS_OK)
            continue;
        out->exists = true;
        out->lag = redis_reply_type(lag) == REDIS_INT ? redis_reply_int(lag) : -1;
        out->pending = redis_reply_int(reply_member(row, "pending"));
        out->consumers = redis_reply_int(reply_member(row, "consumers"));
    }
}

void holder_read(const struct redis_reply *reply, struct holder *out)
{
    const struct redis_reply *row = redis_reply_at(reply, 0); /* [id, consumer, idle, claims] */

    *out = (struct holder){.idle_ms = redis_reply_int(redis_reply_at(row, 2)),
                           .claims = redis_reply_int(redis_reply_at(row, 3))};
    text_keep(out->name, sizeof out->name, redis_reply_text(redis_reply_at(row, 1)));
}
