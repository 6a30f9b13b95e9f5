/*
 * keys.c - the names of everything in Redis
 */
#include "keys.h"

#include <string.h>

#include "../base/must.h"
#include "digest.h"

#define DEDUP_HASH_BYTES 16

static const char *const PARTITION_NAMES[] = {
    [KEY_EVENTS] = "events",
    [KEY_DELIVERIES] = "deliveries",
    [KEY_DUE] = "due",
    [KEY_WAITING] = "waiting",
    [KEY_CURSORS] = "cursors",
    [KEY_ATTEMPTS] = "attempts",
    [KEY_DLQ] = "dlq",
    [KEY_FAILING] = "failing",
    [KEY_JOBS] = "jobs",
    [KEY_STATS] = "stats",
    [KEY_RECLAIMED] = "reclaimed",
    [KEY_RECORD] = "event:",
    [KEY_ENDPOINT] = "endpoint:",
    [KEY_HISTORY] = "history:",
    [KEY_LANE] = "lane:",
    [KEY_TURN] = "turn:",
    [KEY_JOB] = "job:",
    [KEY_ORG_EVENTS] = "events:",
    [KEY_ORG_LEASES] = "leases:",
    [KEY_ORG_DLQ] = "dlq:",
    [KEY_ORG_LETTERS] = "letters:",
    [KEY_ORG_ENDPOINTS] = "endpoints:",
    [KEY_ORG_GONE] = "gone:",
    [KEY_ORG_KEYS] = "keys:",
    [KEY_ORG_JOBS] = "jobs:",
    [KEY_ORG_RUNNING] = "running:",
    [KEY_ORG_AUDIT] = "audit:",
    [KEY_RATE] = "rate:",
    [KEY_DEDUP] = "dedup:",
};

struct slice key_slice(const struct key *key)
{
    return (struct slice){.at = key->at, .len = key->len};
}

/* Parts are names of ours, ids and hashes: one that is empty or does not fit is a bug. */
static void add(struct key *key, struct slice part)
{
    must(part.len > 0 && part.len <= sizeof key->at - key->len);
    memcpy(key->at + key->len, part.at, part.len);
    key->len += part.len;
}

static struct key key_in(uint32_t partition, const char *name)
{
    struct key key = {.at = "mr:{", .len = 4};
    key.len += decimal_encode(partition, key.at + key.len);
    add(&key, SLICE("}:"));
    add(&key, slice_of(name));
    return key;
}

static struct key key_in_with(uint32_t partition, const char *name, struct slice part)
{
    struct key key = key_in(partition, name);
    add(&key, part);
    return key;
}

static struct key key_global(const char *name, struct slice part)
{
    struct key key = {.len = 0};
    add(&key, slice_of(name));
    add(&key, part);
    return key;
}

struct key key_of(uint32_t partition, enum partition_key which)
{
    return key_in(partition, PARTITION_NAMES[which]);
}

void key_text(uint32_t partition, enum partition_key which, char text[KEY_MAX + 1])
{
    struct key key = key_of(partition, which);
    must(slice_to_text(key_slice(&key), text, KEY_MAX + 1) == STATUS_OK);
}

struct key key_of_id(uint32_t partition, enum partition_key prefix, struct slice id)
{
    must(prefix >= KEY_RECORD);
    return key_in_with(partition, PARTITION_NAMES[prefix], id);
}

struct key key_dedup(uint32_t partition, struct slice org, struct slice dedup_id)
{
    uint8_t hash[SHA256_LEN];
    char hex[2 * DEDUP_HASH_BYTES];
    digest_sha256(dedup_id, hash);
    hex_encode(hash, DEDUP_HASH_BYTES, hex);
    struct key key = key_of_id(partition, KEY_DEDUP, org);
    add(&key, SLICE(":"));
    add(&key, (struct slice){.at = hex, .len = sizeof hex});
    return key;
}

struct key key_org(struct slice org)
{
    return key_global("mr:org:", org);
}

struct key key_orgs(void)
{
    return key_global("mr:", SLICE("orgs"));
}

struct key key_api_key(struct slice sha256_hex)
{
    return key_global("mr:key:", sha256_hex);
}

struct key key_meta(void)
{
    return key_global("mr:", SLICE("meta"));
}

struct key key_config(void)
{
    return key_global("mr:", SLICE("config"));
}

uint32_t partition_of(struct slice org, uint32_t partitions)
{
    must(partitions > 0);
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < org.len; i++)
        hash = (hash ^ (uint8_t)org.at[i]) * UINT64_C(0x100000001b3);
    return (uint32_t)(hash % partitions);
}
