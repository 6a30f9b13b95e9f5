/*
 * consumer.h - one process's part of a consumer group on one stream: read, hold, renew, reclaim
 *
 * Entries are handed to the owner, who holds each until consumer_release. While held, a lease is
 * renewed every third of it; entries whose holder is silent for a lease are taken over by whoever
 * looks first. Reading blocks on a connection of its own; there is none while the owner has no
 * room. The group is created at 0 when missing, also later (NOGROUP).
 * Fails:  never; a lost connection is waited out. Entries held meanwhile stay held and are settled
 *         or lost later; entries in an answer that never came are asked for again at once.
 */
#pragma once

#include "../model/ids.h"
#include "redis.h"

struct consumer_entry {
    struct stream_id id;
    uint32_t claims;            /* times delivered, this one included; 1 for a fresh entry */
    size_t fields_count;        /* slices: name value name value … */
    const struct slice *fields; /* borrowed during the callback */
};

struct consumer_owner {
    /* How many entries may be handed over now; 0 stops the reading until consumer_poke. A read
     * that waits and a reclaim may each use it, so that it may be passed by some twenty. */
    size_t (*room)(void *self);
    void (*on_entry)(const struct consumer_entry *entry, void *self);
    /* After the last entry of a read or reclaim. */
    void (*on_batch_end)(void *self);
    /* Somebody else holds this entry now: whatever is done for it will be refused. Already
     * released. May be NULL. */
    void (*on_lost)(struct stream_id id, void *self);
    void *self;
};

struct consumer_options {
    const char *stream; /* key; copied, as all texts here */
    const char *group;
    const char *reclaimed_key; /* key, with the same tag: lua/reclaim.lua */
    const char *name;          /* unique per process start */
    int64_t lease_ms;
    int64_t dead_after_ms; /* a name silent for so long, with nothing pending, is removed; 0: twenty
                            * leases, at least ten minutes */
    size_t read_max;       /* entries per read, 200; fewer while they are large */
    struct redis_address address; /* for the reader's connection */
    struct redis *redis;          /* shared connection for scripts */
};

struct consumer;
struct consumer *consumer_new(struct loop *loop, const struct consumer_options *options,
                              const struct consumer_owner *owner);

/* After the shared connection, so that no script of it is under way. */
void consumer_free(struct consumer **consumer);

void consumer_start(struct consumer *consumer);
void consumer_poke(struct consumer *consumer); /* there is room again */

/* It is settled: no more renewals. */
void consumer_release(struct consumer *consumer, struct stream_id id);
size_t consumer_held(const struct consumer *consumer);

const char *consumer_name(const struct consumer *consumer);

/* The entries of a call of fanout or settle, of which the consumer says a word, by which the script
 * knows whether to look at each: lua/lib/consumers_word.lua. Begins as zeros. */
struct consumer_call {
    size_t count;
    bool is_repeat; /* one of them was in a call that was not answered */
    /* One of them is not held, or came from a Redis that may not be the one behind both connections
     * now: one that came back after a loss may know nothing of it. Else each is pending for the
     * consumer's name, unless somebody took it over. */
    bool is_unsure;
};
void consumer_call_add(const struct consumer *consumer, struct consumer_call *call,
                       struct stream_id id, bool is_repeat);

/* under_way: entries in calls that are not answered. */
void consumer_say(const struct consumer *consumer, struct redis_command *command,
                  const struct consumer_call *call, size_t under_way);

/* Connected and not failing, or resting for lack of room. */
bool consumer_is_reading(const struct consumer *consumer);

/* The last answer of any kind; time in which it rests for lack of room counts too. */
int64_t consumer_last_progress_mono_ms(const struct consumer *consumer);

/* No more reads and reclaims; renewals go on. Then, when the owner has settled all: removes its
 * own name from the group if nothing is pending, and calls done (never before returning). */
void consumer_stop(struct consumer *consumer);
void consumer_leave(struct consumer *consumer, loop_fn done, void *self);

/* Sums for metrics: entries reclaimed from the dead, and entries that were pending but gone from
 * the stream (must stay 0). */
uint64_t consumer_reclaimed(const struct consumer *consumer);
uint64_t consumer_lost_entries(const struct consumer *consumer);
