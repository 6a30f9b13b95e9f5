/*
 * keys.h - the names of everything in Redis, in one place
 *
 * mr:{p}:… belongs to partition p; all keys of one script share that tag. Parts that users supply are ids we made, or hashes.
 */
#pragma once

#include <stdint.h>

#include "ids.h"

#define KEY_MAX 160
#define GROUP_PROCESSOR "processor"
#define GROUP_DISPATCHER "dispatcher"

struct key {
    size_t len;
    char at[KEY_MAX];
};

struct slice key_slice(const struct key *key);

/* A partition's own keys. */
enum partition_key {
    KEY_EVENTS,     /* stream: the log of events */
    KEY_DELIVERIES, /* stream: what may be sent now */
    KEY_DUE,        /* zset: delivery id by the ms when it may be sent; a lane's endpoint id by the
                       ms when it may let go of the next */
    KEY_WAITING,    /* hash: reason -> how many wait for it */
    KEY_CURSORS,    /* hash: event entry id -> last endpoint of an unfinished wide fan-out */
    KEY_ATTEMPTS,   /* stream: attempts made, but for those that a history tells */
    KEY_DLQ,        /* stream: deliveries given up */
    KEY_FAILING,    /* hash: endpoint -> ms since when no attempt has succeeded */
    KEY_JOBS,       /* zset: jobs by the ms when they may go on, or, finished, are removed */
    KEY_STATS,      /* hash: "<organization id>:<word>" -> how often */
    KEY_RECLAIMED,  /* hash: group -> the last entry that one consumer took over from another */
    /* Prefixes. + event id */
    KEY_RECORD, /* hash: endpoint id -> state */
    /* + endpoint id */
    KEY_ENDPOINT, /* hash */
    KEY_HISTORY,  /* zset, score 0: what events it has had deliveries of: lua/lib/mark.lua */
    KEY_LANE,     /* zset, score 0: deliveries that are held */
    KEY_TURN,     /* hash, of one that is ordered: lua/lib/turn.lua */
    /* + job id */
    KEY_JOB, /* hash */
    /* + organization id */
    KEY_ORG_EVENTS,  /* stream: its entries of events: type; group inbox */
    KEY_ORG_LEASES,  /* zset: leased entries of its events, by the ms when the lease ends */
    KEY_ORG_DLQ,     /* stream: its entries of dlq: delivery */
    KEY_ORG_LETTERS, /* hash: "<event id> <endpoint id>" -> entry of dlq that outlived its event */
    KEY_ORG_ENDPOINTS, /* zset, score 0: its endpoints */
    KEY_ORG_GONE,      /* zset, score 0: endpoints that it had */
    KEY_ORG_KEYS,      /* zset, score 0: "<key id>:<SHA-256 of the key, hex>" */
    KEY_ORG_JOBS,      /* zset, score 0: its jobs */
    KEY_ORG_RUNNING,   /* set: those that are not finished */
    KEY_ORG_AUDIT,     /* stream: who changed what */
    /* + id of an organization, a key or an endpoint */
    KEY_RATE, /* string: a rate limiter's time */
    /* + organization id, ':' and a hash */
    KEY_DEDUP, /* string: the first event of that dedup id */
};
struct key key_of(uint32_t partition, enum partition_key which); /* a prefix, for those that are */
void key_text(uint32_t partition, enum partition_key which, char text[KEY_MAX + 1]);
struct key key_of_id(uint32_t partition, enum partition_key prefix, struct slice id);
struct key key_dedup(uint32_t partition, struct slice org,
                     struct slice dedup_id);     /* hashes dedup_id: 32 hex of SHA-256 */
struct key key_org(struct slice org);            /* hash; see account_record.h */
struct key key_orgs(void);                       /* zset, score 0: all organizations */
struct key key_api_key(struct slice sha256_hex); /* hash; see account_record.h */
struct key key_meta(void);                       /* hash: partitions, format */
struct key key_config(void);                     /* stream: every configuration change */

/* FNV-1a 64 of the id, mod partitions. The same in every release: data depends on it. */
uint32_t partition_of(struct slice org, uint32_t partitions);
