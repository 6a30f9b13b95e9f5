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
    KEY_EVENTS,          /* stream: the log of events */
    KEY_DELIVERIES,      /* stream: what may be sent now */
    KEY_DUE,             /* zset: delivery id by the ms when it may be sent */
    KEY_WAITING,         /* hash: reason -> how many of due wait for it */
    KEY_CURSORS,         /* hash: event entry id -> last endpoint of an unfinished wide fan-out */
    KEY_ATTEMPTS,        /* stream: every attempt made */
    KEY_DLQ,             /* stream: deliveries given up */
    KEY_RECORD_PREFIX,   /* mr:{p}:event: + event id: hash endpoint id -> state */
    KEY_DELIVERY_PREFIX, /* mr:{p}:delivery: + delivery id: hash, a delivery that waits */
    KEY_STATS_PREFIX,    /* mr:{p}:stats: + organization id: hash of counters */
};
struct key key_of(uint32_t partition, enum partition_key which);

struct key key_record(uint32_t partition, struct slice event_id);
struct key key_delivery(uint32_t partition, struct slice delivery_id);
struct key key_dedup(uint32_t partition, struct slice org,
                     struct slice dedup_id); /* hashes dedup_id: 32 hex of SHA-256 */
struct key key_endpoint(uint32_t partition, struct slice endpoint_id); /* hash */
struct key key_endpoints(uint32_t partition,
                         struct slice org); /* zset, score 0: endpoint ids of the organization */
struct key key_keys(uint32_t partition,
                    struct slice org); /* hash: key id -> SHA-256 of the key, hex */
struct key key_org(struct slice org);  /* hash */
struct key
key_api_key(struct slice sha256_hex); /* hash: id org name scopes created_at [expires_at] */
struct key key_meta(void);            /* hash: partitions, format */
struct key key_config(void);          /* stream: every configuration change */

/* FNV-1a 64 of the id, mod partitions. The same in every release: data depends on it. */
uint32_t partition_of(struct slice org, uint32_t partitions);
