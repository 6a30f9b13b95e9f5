/*
 * store_facts.c - INFO and CONFIG GET read, and judged
 *
 * An accept is on disk when Redis syncs before it answers (appendfsync always, also while it rewrites its file), or when we wait for its
 * next sync (WAITAOF). Everything else is relaxed.
 */
#include "store_facts.h"

#include <stdio.h>

#define CONFIG_MAX 32

/* The value of a line "name:value" of INFO; at is NULL when there is none. */
static struct slice info_value(struct slice info, const char *name)
{
    while (info.len > 0) {
        struct slice line = slice_cut(&info, '\n');
        struct slice key = slice_cut(&line, ':');
        if (slice_is(key, name)) {
            if (line.len > 0 && line.at[line.len - 1] == '\r')
                line.len--;
            return line;
        }
    }
    return (struct slice){0};
}

enum status store_facts_of_info(struct slice info, struct store_facts *facts)
{
    struct slice version = info_value(info, "redis_version");
    struct slice major = slice_cut(&version, '.');
    struct slice minor = slice_cut(&version, '.');
    uint64_t numbers[2];

    if (slice_to_u64(major, 1000, &numbers[0]) != STATUS_OK ||
        slice_to_u64(minor, 1000, &numbers[1]) != STATUS_OK)
        return STATUS_INVALID;
    facts->major = (unsigned)numbers[0];
    facts->minor = (unsigned)numbers[1];
    facts->is_replica = slice_is(info_value(info, "role"), "slave");
    facts->is_loading = slice_is(info_value(info, "loading"), "1");
    return slice_to_text(info_value(info, "maxmemory_policy"), facts->eviction,
                         sizeof facts->eviction);
}

void store_facts_of_config(const struct redis_reply *reply, struct store_facts *facts)
{
    struct slice pairs[CONFIG_MAX];
    size_t count = redis_reply_slices(reply, pairs, CONFIG_MAX);
    size_t known = 0;

    for (size_t i = 0; i + 1 < count; i += 2) {
        struct slice name = pairs[i];
        struct slice value = pairs[i + 1];
        known++;
        if (slice_is(name, "appendonly")) {
            facts->is_aof = slice_is(value, "yes");
        } else if (slice_is(name, "appendfsync")) {
            facts->is_fsync_always = slice_is(value, "always");
            facts->is_fsync_everysec = slice_is(value, "everysec");
        } else if (slice_is(name, "no-appendfsync-on-rewrite")) {
            facts->is_fsync_in_rewrite = slice_is(value, "no");
        } else {
            known--;
        }
    }
    facts->is_config_known = known == 3;
}

static bool has_waitaof(const struct store_facts *facts)
{
    return facts->major > 7 || (facts->major == 7 && facts->minor >= 2);
}

static size_t append(char *out, size_t size, size_t len, const char *text)
{
    int more = snprintf(out + len, size - len, "%s", text);
    return len + (size_t)more < size ? len + (size_t)more : size - 1;
}

static void judge_fsync(const struct store_facts *facts, struct store_verdict *out)
{
    size_t len = 0, size = sizeof out->warning;
    bool is_kept_by_redis = facts->is_fsync_always && facts->is_fsync_in_rewrite;
    bool is_kept_by_wait = facts->is_fsync_everysec && has_waitaof(facts);

    if (!facts->is_config_known) {
        append(
            out->warning, size, len,
            "durability fsync cannot be checked: CONFIG GET is not allowed; accepts are relaxed");
        return;
    }
    if (facts->is_aof && (is_kept_by_redis || is_kept_by_wait)) {
        out->durability = DURABILITY_FSYNC;
        out->needs_waitaof = !is_kept_by_redis;
        return;
    }
    len = append(out->warning, size, len,
                 "durability fsync cannot be kept, accepts are relaxed; set in Redis:");
    if (!facts->is_aof)
        len = append(out->warning, size, len, " appendonly yes");
    if (!is_kept_by_wait && !facts->is_fsync_always)
        len = append(out->warning, size, len, " appendfsync always");
    if (!is_kept_by_wait && !facts->is_fsync_in_rewrite)
        len = append(out->warning, size, len, " no-appendfsync-on-rewrite no");
    if (facts->is_fsync_everysec && !is_kept_by_wait)
        append(out->warning, size, len, " (everysec is enough from Redis 7.2 on)");
}

void store_judge(const struct store_facts *facts, enum durability wanted, struct store_verdict *out)
{
    *out = (struct store_verdict){.durability = DURABILITY_RELAXED};
    if (facts->major < 7) {
        snprintf(out->refusal, sizeof out->refusal,
                 "Redis %u.%u is too old: 7.0 or later is needed", facts->major, facts->minor);
        return;
    }
    if (facts->is_loading)
        snprintf(out->wait, sizeof out->wait, "Redis is loading its data");
    if (facts->is_replica)
        snprintf(out->wait, sizeof out->wait, "Redis is a replica; its master is needed");
    if (out->wait[0] != '\0')
        return;
    if (wanted == DURABILITY_FSYNC)
        judge_fsync(facts, out);
    if (facts->eviction[0] != '\0' && !slice_is(slice_of(facts->eviction), "noeviction")) {
        size_t size = sizeof out->warning;
        size_t len = slice_of(out->warning).len;
        if (len > 0)
            len = append(out->warning, size, len, "; ");
        len = append(out->warning, size, len,
                     "Redis may throw away events when it is full: "
                     "maxmemory-policy is ");
        len = append(out->warning, size, len, facts->eviction);
        append(out->warning, size, len, ", it must be noeviction");
    }
}
