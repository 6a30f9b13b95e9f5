/*
 * backlog.c - the group's own figures, then the age of the first entry before it
 */
#include "backlog.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../model/ids.h"

struct measurement {
    struct redis *redis;
    const char *stream, *group;
    backlog_fn fn;
    void *self;
    struct backlog backlog;
};

static void finish(struct measurement *measurement, enum status status)
{
    measurement->fn(status, &measurement->backlog, measurement->self);
    free(measurement);
}

static void set_age(struct measurement *measurement, struct slice entry_id)
{
    struct stream_id id;
    if (stream_id_parse(entry_id, &id) != STATUS_OK)
        return;
    int64_t age_ms = clock_wall_ms() - (int64_t)id.ms;
    if (age_ms > measurement->backlog.age_ms)
        measurement->backlog.age_ms = age_ms;
}

/* [[id, fields]] of the first unread entry. */
static void on_unread(enum status status, const struct redis_reply *reply, void *self)
{
    struct measurement *measurement = self;
    if (status == STATUS_OK && redis_reply_count(reply) > 0) {
        set_age(measurement, redis_reply_text(redis_reply_at(redis_reply_at(reply, 0), 0)));
        if (measurement->backlog.count == 0)
            measurement->backlog.count = 1; /* the lag is unknown */
    }
    finish(measurement, status);
}

/* [count, smallest id, largest id, consumers]; the oldest pending entry is older than any unread
 * one. */
static void on_pending(enum status status, const struct redis_reply *reply, void *self)
{
    struct measurement *measurement = self;
    if (status == STATUS_OK)
        set_age(measurement, redis_reply_text(redis_reply_at(reply, 1)));
    finish(measurement, status);
}

static const struct redis_reply *value_of(const struct redis_reply *row, const char *name)
{
    for (size_t i = 0; i + 1 < redis_reply_count(row); i += 2)
        if (slice_is(redis_reply_text(redis_reply_at(row, i)), name))
            return redis_reply_at(row, i + 1);
    return NULL;
}

static const struct redis_reply *find_group(const struct redis_reply *groups, const char *name)
{
    for (size_t i = 0; i < redis_reply_count(groups); i++)
        if (slice_is(redis_reply_text(value_of(redis_reply_at(groups, i), "name")), name))
            return redis_reply_at(groups, i);
    return NULL;
}

static void on_groups(enum status status, const struct redis_reply *reply, void *self)
{
    struct measurement *measurement = self;
    const struct redis_reply *group =
        status == STATUS_OK ? find_group(reply, measurement->group) : NULL;
    bool absent = status == STATUS_OK || slice_starts(redis_reply_text(reply), "ERR no such key");
    if (!group) {
        finish(measurement, absent ? STATUS_OK : status);
        return;
    }
    const struct redis_reply *lag = value_of(group, "lag");
    int64_t pending = redis_reply_int(value_of(group, "pending"));
    int64_t unread = redis_reply_int(lag);
    char last[STREAM_ID_SIZE];
    bool ask = unread > 0 || redis_reply_type(lag) == REDIS_NIL;
    ask = ask && slice_to_text(redis_reply_text(value_of(group, "last-delivered-id")), last,
                               sizeof last) == STATUS_OK;
    measurement->backlog.count = (uint64_t)(pending + unread);
    if (pending > 0)
        redis_sendf(measurement->redis, on_pending, measurement, "XPENDING %s %s",
                    measurement->stream, measurement->group);
    else if (ask)
        redis_sendf(measurement->redis, on_unread, measurement, "XRANGE %s (%s + COUNT 1",
                    measurement->stream, last);
    else
        finish(measurement, STATUS_OK);
}

void backlog_measure(struct redis *redis, const char *stream, const char *group, backlog_fn fn,
                     void *self)
{
    struct measurement *measurement = xcalloc(1, sizeof *measurement);
    *measurement = (struct measurement){
        .redis = redis, .stream = stream, .group = group, .fn = fn, .self = self};
    redis_sendf(redis, on_groups, measurement, "XINFO GROUPS %s", stream);
}
