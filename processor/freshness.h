/*
 * freshness.h - events are matched with what was configured before they were accepted
 *
 * A client that was told of its new endpoint may post an event at once; the change and the event come
 * to this process on two connections, in any order. So before a batch of events is matched, Redis is
 * asked for the newest change. Was the feed not told of it yet, the catalogs of the batch are loaded
 * anew. Cost: one command per batch that was read.
 */
#pragma once

#include "io/config_feed.h"
#include "catalog.h"
#include "work.h"

struct freshness_options {
    struct redis *redis;
    const struct config_feed *feed;
    struct catalog *catalog;
    void (*on_fresh)(struct work *work, void *self);
    void (*on_failed)(struct work *work, void *self); /* Redis did not answer: to be asked again */
    void *self;
};

struct freshness;
struct freshness *freshness_new(const struct freshness_options *options);
void freshness_free(struct freshness **freshness); /* after the connection; works are the owner's */

/* Each work comes to on_fresh or on_failed once, never before freshness_ask has returned. */
void freshness_add(struct freshness *freshness, struct work *work);
void freshness_ask(struct freshness *freshness);
