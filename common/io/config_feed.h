/*
 * config_feed.h - tells of every change to the configuration: the tail of the stream mr:config
 *
 * Entries: kind (org, key, endpoint), id (for a key its SHA-256), org, action (created, changed, removed). After a reconnect the feed goes on where it was;
 * when that place is not in the stream any more, or Redis was emptied, `flush` is reported: everything cached is suspect.
 */
#pragma once

#include "redis.h"

struct config_change {
    bool flush; /* the others are empty then */
    struct slice kind, id, org, action;
};
typedef void (*config_change_fn)(const struct config_change *change, void *self);

struct config_feed;
struct config_feed *config_feed_new(struct loop *loop, const struct redis_address *address,
                                    const char *client_name, config_change_fn fn, void *self);
void config_feed_free(struct config_feed **feed);

/* Whether this entry is the last that was told of; "" stands for an empty stream. */
bool config_feed_is_at(const struct config_feed *feed, struct slice entry);

/* Appends a change (about 10,000 are kept), also while Redis is full: it has been made. redis: any connection. */
void config_announce(struct redis *redis, struct slice kind, struct slice id, struct slice org,
                     const char *action, redis_reply_fn fn, void *self);
