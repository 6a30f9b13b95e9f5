/*
 * work.h - one event on its way through the processor
 *
 * Owned by intake from its read until its fan-out is settled. Its texts point into its own copy of
 * the log's entry.
 */
#pragma once

#include "io/cache.h"
#include "model/ids.h"

struct work {
    /* in one queue at a time: waiting for a catalog, or for a fan-out call */
    struct work *next;
    struct work *older, *newer; /* all that intake owns */
    struct stream_id entry;
    char event_id[EVENT_ID_LEN + 1];
    struct slice org, type, key, trace, request, time, after, data;
    /* request and time: as they were carried (model/trace.h, model/webhook.h) */
    struct slice origin; /* org, trace and request in one line: lua/lib/origin.lua */
    struct slice ce;     /* attributes of a CloudEvent; empty: it is none */
    size_t mark_chars;   /* of its id, which its mark in a history has (pace.h); at first all */
    struct slice to;     /* the only endpoint that may get it; empty: all that want it */
    size_t bytes;        /* of the copy */
    bool is_taken;       /* by who asks again: unmatched.h */
    bool is_unsure;      /* its fan-out was sent once without an answer */

    /* Once matched: who gets it, sorted by id. The catalog keeps the ids alive. */
    struct cache_value *catalog;
    const char **endpoints;
    size_t endpoints_count;
    bool any_gated;             /* one of them is paused or has a lane, or did lately */
    size_t written;             /* how many of them are in Redis already */
    char cursor[OTHER_ID_SIZE]; /* the last of them, as Redis keeps it; "" before the first */
    const char *skipped;        /* "" or why nobody gets it; static */
    char text[];
};

/* fields as in the log; NULL when the entry is not an event (somebody else wrote it). */
struct work *work_new(struct stream_id entry, uint32_t partition, const struct slice *fields,
                      size_t fields_count);

/* What somebody else wrote into the stream: it ends as skipped, so that it does not come back for ever. */
struct work *work_new_unreadable(struct stream_id entry, uint32_t partition);
void work_free(struct work **work);
