/*
 * consumer_private.h - what consumer.c (reading, holding), consumer_call.c (what is said of entries),
 * consumer_lease.c (renew, reclaim, leave) and consumer_recover.c (answers that never came) share
 */
#pragma once

#include "../base/log.h"
#include "../base/map.h"
#include "consumer.h"

#define CONSUMER_BLOCK_MS 5000
#define CONSUMER_SCRIPT_MAX 200 /* entries per renew or reclaim call */
#define CONSUMER_RECOVER_MAX 16 /* entries asked for at a time: any of them may be large */

struct held {
    struct stream_id id; /* the key in the map */
    int64_t renewed_mono_ms;
    uint64_t session; /* when it was handed over */
};

/* Pending for our name, and not held. */
struct missing {
    struct stream_id id;
    uint32_t claims;
};

/* See consumer_recover.c. */
struct recovery {
    bool owed;              /* an answer may have been lost */
    struct stream_id after; /* up to here all is held */
    struct missing missing[CONSUMER_RECOVER_MAX];
    size_t count, most;
    size_t waiting; /* answers */
    enum status status;
};

struct consumer {
    struct loop *loop;
    struct consumer_owner owner;
    char *stream, *group, *name, *reclaimed_key;
    int64_t lease_ms, dead_after_ms;
    size_t read_max;
    struct redis *redis;  /* shared, for scripts */
    struct redis *reader; /* own, blocks in XREADGROUP */
    int64_t reader_client_id;
    uint64_t reader_since; /* epoch of the shared connection */
    struct redis_command command;
    struct map held;
    size_t answer_max;  /* entries that one answer may bring: fewer while they are large */
    size_t entry_bytes; /* of the largest entry of late, about */
    struct loop_timer *retry_timer, *renew_timer, *reclaim_timer;
    struct stream_id reclaim_cursor;
    uint64_t reclaim_rounds;
    bool started, stopped;
    bool group_known;    /* the group exists, as far as we know */
    bool creating_group; /* XGROUP CREATE is under way */
    bool reading;        /* XREADGROUP or a step of the recovery is under way */
    bool reclaiming;     /* reclaim is under way */
    bool reclaim_owed;   /* its time came without room: it goes before the next read */
    struct recovery recovery;
    size_t renewing; /* renew calls under way */
    bool renew_all;  /* a renewal failed: all that is held is due for one */
    bool failing;    /* the last attempt to read failed */
    int64_t last_progress_mono_ms;
    uint64_t reclaimed, lost_entries;
    loop_fn on_left;
    void *on_left_self;
    bool leaving; /* reap is under way or done */
    struct log_limit log_limit;
};

/* An error of a script or command: says so now and then. NOGROUP makes the group be created
 * again; after a lost answer the next ones are smaller. */
void consumer_note_error(struct consumer *consumer, const char *what, enum status status,
                         const struct redis_reply *reply);

/* Hands one {id, [count,] fields} over; false when it is held already. */
bool consumer_hand_over(struct consumer *consumer, struct slice id, uint32_t claims,
                        const struct redis_reply *fields);
void consumer_progress(struct consumer *consumer); /* Redis has answered */
void consumer_check_left(struct consumer *consumer);
struct held *consumer_find(const struct consumer *consumer, struct stream_id id); /* or NULL */

/* The reader is older than what the other connection has told: they may lead to two (until it is
 * made anew before its next read). */
bool consumer_is_reader_behind(const struct consumer *consumer);

/* Of what is handed over now: the same as long as one Redis is behind both connections. */
uint64_t consumer_session(const struct consumer *consumer);

/* What was started with `reading` set has ended: the next read, or a retry later. */
void consumer_read_ended(struct consumer *consumer, const char *what, enum status status,
                         const struct redis_reply *reply);

/* An answer was lost, and with it perhaps entries: they are asked for before the next read. */
void consumer_owe_recovery(struct consumer *consumer);
void consumer_recover(struct consumer *consumer, size_t room);

void consumer_lease_start(struct consumer *consumer);          /* timers of renew and reclaim */
void consumer_lease_stop(struct consumer *consumer);           /* no more reclaims */
void consumer_lease_arm(struct consumer *consumer);            /* something is held */
void consumer_reclaim(struct consumer *consumer, size_t room); /* unless it is under way */
void consumer_reap_self(struct consumer *consumer);
