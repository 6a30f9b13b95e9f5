/*
 * publish.h - events become durable: publish.lua in batches over a loop turn
 *
 * Every item is answered exactly once, after what was promised of it holds: the script's answer
 * and, where Redis syncs once a second, the WAITAOF that follows the turn's batches. What is promised is
 * decided when a turn's items are sent. On a connection of its own, so that this wait delays
 * nothing else.
 */
#pragma once

#include "io/store.h"
#include "model/hook_event.h"
#include "model/ids.h"
#include "rate.h"

enum publish_word {
    PUBLISH_ACCEPTED,
    PUBLISH_DUPLICATE,
    PUBLISH_MISMATCH,
    PUBLISH_FULL,
    PUBLISH_LIMITED, /* one of its rate limits allows no more now */
};

/* One event on its way. The caller's storage, as all it points to, until answered. */
struct publish_item {
    struct publish_item *next;
    struct slice org, trace, request;
    struct slice to;                 /* the only endpoint that gets it; empty: all that want it */
    const struct rate_limit *limits; /* RATES of them */
    struct rate_state rates[RATES];  /* as they are when it is answered with status OK */
    const struct hook_event *event;
    /* status not OK: DOWN or UNSURE, nothing else is set. id: of the event, or of the first one
     * when DUPLICATE or MISMATCH; "" when FULL or LIMITED. durability: what an accept of it stands for. */
    void (*answered)(struct publish_item *item, enum status status, enum publish_word word,
                     const char *id, enum durability durability);
    void *self;
};

struct publisher_options {
    int64_t max_depth;
    int64_t dedup_window_ms;
    const char *client_name;
};

struct publisher;
struct publisher *publisher_new(struct loop *loop, struct store *store,
                                const struct publisher_options *options);

/* Items under way are answered: DOWN when nothing of them was sent, else UNSURE. */
void publisher_free(struct publisher **publisher);

/* Never answers before it returns. */
void publisher_add(struct publisher *publisher, struct publish_item *item);
bool publisher_is_up(const struct publisher *publisher);
