/*
 * doctor_redis.c - what Redis says about itself
 */
#include <stdlib.h>

#include "base/clock.h"
#include "doctor.h"
#include "io/store_facts.h"
#include "print.h"

#define CLOCK_WARN_MS 1000
#define CLOCK_FAIL_MS 60000
#define MEMORY_WARN_PERCENT 80

struct server {
    char *info; /* the text of INFO */
    struct store_facts facts;
    int64_t time_ms; /* of Redis's clock */
};

static void on_info(enum status status, const struct redis_reply *reply, void *self)
{
    struct server *server = self;

    (void)status;
    free(server->info);
    server->info = xslicedup(redis_reply_text(reply));
}

static void on_config(enum status status, const struct redis_reply *reply, void *self)
{
    struct server *server = self;

    (void)status;
    store_facts_of_config(reply, &server->facts);
}

/* [seconds, microseconds] */
static void on_time(enum status status, const struct redis_reply *reply, void *self)
{
    struct server *server = self;

    (void)status;
    server->time_ms = redis_reply_int(redis_reply_at(reply, 0)) * 1000 +
                      redis_reply_int(redis_reply_at(reply, 1)) / 1000;
}

/* Of a line "name:value"; empty when there is none. */
static struct slice value_of(const struct server *server, const char *name)
{
    struct slice rest = slice_of(server->info);

    while (rest.len > 0) {
        struct slice line = slice_cut(&rest, '\n');
        struct slice key = slice_cut(&line, ':');
        if (slice_is(key, name)) {
            line.len -= line.len > 0 && line.at[line.len - 1] == '\r';
            return line;
        }
    }
    return (struct slice){0};
}

static uint64_t number_of(const struct server *server, const char *name)
{
    uint64_t number = 0;

    return slice_to_u64(value_of(server, name), UINT64_MAX, &number) == STATUS_OK ? number : 0;
}

static void check_version(struct doctor *doctor, const struct server *server,
                          const struct store_verdict *verdict)
{
    struct slice version = value_of(server, "redis_version");

    if (verdict->refusal[0] != '\0')
        doctor_say(doctor, FINDING_FAIL, "version", "%s", verdict->refusal);
    else
        doctor_say(doctor, FINDING_OK, "version", "Redis %.*s", (int)version.len, version.at);
    if (verdict->wait[0] != '\0')
        doctor_say(doctor, FINDING_FAIL, "role", "%s: the services wait until it can take writes",
                   verdict->wait);
    else
        doctor_say(doctor, FINDING_OK, "role", "a master that takes writes");
}

static void check_durability(struct doctor *doctor, const struct server *server,
                             const struct store_verdict *verdict)
{
    const struct store_facts *facts = &server->facts;

    if (verdict->refusal[0] != '\0' || verdict->wait[0] != '\0')
        return;
    if (verdict->durability == DURABILITY_FSYNC)
        doctor_say(
            doctor, FINDING_OK, "durability",
            "fsync: an accepted event survives a power loss (appendonly yes, appendfsync %s)",
            facts->is_fsync_always ? "always" : "everysec with WAITAOF");
    else
        doctor_say(doctor, FINDING_WARN, "durability", "%s", verdict->warning);
}

/* The verdict's warning may be about durability too, so this one is judged on its own. */
static void check_eviction(struct doctor *doctor, const struct server *server)
{
    const char *policy = server->facts.eviction;
    uint64_t evicted = number_of(server, "evicted_keys");

    if (slice_is(slice_of(policy), "noeviction"))
        doctor_say(doctor, FINDING_OK, "eviction", "maxmemory-policy noeviction");
    else
        doctor_say(doctor, FINDING_FAIL, "eviction",
                   "a full Redis throws away events: set maxmemory-policy noeviction (it is %s)",
                   policy[0] != '\0' ? policy : "unknown");
    if (evicted > 0)
        doctor_say(doctor, FINDING_FAIL, "evicted",
                   "Redis has thrown away %llu keys since it started: events may be lost",
                   (unsigned long long)evicted);
}

static void check_writes(struct doctor *doctor, const struct server *server)
{
    struct slice aof = value_of(server, "aof_last_write_status");
    struct slice snapshot = value_of(server, "rdb_last_bgsave_status");
    uint64_t delayed = number_of(server, "aof_delayed_fsync");

    if (slice_is(value_of(server, "aof_enabled"), "1") && !slice_is(aof, "ok"))
        doctor_say(doctor, FINDING_FAIL, "aof_write",
                   "the last write to the append-only file failed: is the disk full?");
    else
        doctor_say(doctor, FINDING_OK, "aof_write", "the last write succeeded");
    if (!slice_is(snapshot, "ok"))
        doctor_say(doctor, FINDING_WARN, "snapshot",
                   "the last snapshot failed; with save points set Redis refuses writes then");
    if (delayed > 0)
        doctor_say(doctor, FINDING_WARN, "slow_disk",
                   "%llu syncs waited for a slow disk since Redis started",
                   (unsigned long long)delayed);
}

static void check_memory(struct doctor *doctor, const struct server *server)
{
    uint64_t used = number_of(server, "used_memory");
    uint64_t max = number_of(server, "maxmemory");
    uint64_t percent = max > 0 ? (uint64_t)((double)used * 100.0 / (double)max) : 0;

    if (max == 0)
        doctor_say(doctor, FINDING_OK, "memory", "%llu MiB used, no maxmemory",
                   (unsigned long long)(used >> 20));
    else
        doctor_say(doctor, percent < MEMORY_WARN_PERCENT ? FINDING_OK : FINDING_WARN, "memory",
                   "%llu%% of maxmemory used%s", (unsigned long long)percent,
                   percent < MEMORY_WARN_PERCENT
                       ? ""
                       : ": at 100% new events are refused; raise maxmemory or shorten retention");
}

static void check_clock(struct doctor *doctor, int64_t redis_ms, int64_t before_ms,
                        int64_t after_ms)
{
    int64_t apart_ms = redis_ms < before_ms  ? before_ms - redis_ms
                       : redis_ms > after_ms ? redis_ms - after_ms
                                             : 0;
    const char *side = redis_ms < before_ms ? "behind" : "ahead of";

    if (apart_ms < CLOCK_WARN_MS)
        doctor_say(doctor, FINDING_OK, "clock", "Redis's clock and this one differ by %lld ms",
                   (long long)apart_ms);
    else
        doctor_say(doctor, apart_ms < CLOCK_FAIL_MS ? FINDING_WARN : FINDING_FAIL, "clock",
                   "Redis's clock is %lld ms %s this one: retries and delays are off by as much, "
                   "so synchronise them (NTP)",
                   (long long)apart_ms, side);
}

static enum status ask_all(struct ask *ask, struct server *server, int64_t *out_before_ms,
                           int64_t *out_after_ms, struct error *err)
{
    enum status status;

    ask_words(ask, ASK_WORDS(SLICE("INFO")), on_info, server);
    ask_may_fail(ask,
                 ASK_WORDS(SLICE("CONFIG"), SLICE("GET"), SLICE("appendonly"), SLICE("appendfsync"),
                           SLICE("no-appendfsync-on-rewrite")),
                 on_config, server);
    status = ask_wait(ask, err);
    if (status != STATUS_OK)
        return status;
    *out_before_ms = clock_wall_ms();
    ask_words(ask, ASK_WORDS(SLICE("TIME")), on_time, server);
    status = ask_wait(ask, err);
    *out_after_ms = clock_wall_ms();
    return status;
}

void doctor_check_redis(struct doctor *doctor, struct ask *ask)
{
    struct server server = {0};
    struct store_verdict verdict, durability;
    int64_t before_ms = 0, after_ms = 0;
    struct error err;

    if (ask_all(ask, &server, &before_ms, &after_ms, &err) != STATUS_OK) {
        doctor_say(doctor, FINDING_FAIL, "redis", "%s", err.text);
    } else if (store_facts_of_info(slice_of(server.info), &server.facts) != STATUS_OK) {
        doctor_say(doctor, FINDING_FAIL, "redis", "it answers, but what it says is no Redis");
    } else {
        store_judge(&server.facts, DURABILITY_RELAXED, &verdict);
        /* Without what eviction would add to the warning. */
        struct store_facts facts = server.facts;
        facts.eviction[0] = '\0';
        store_judge(&facts, DURABILITY_FSYNC, &durability);
        doctor_say(doctor, FINDING_OK, "redis", "answers within %lld ms",
                   (long long)(after_ms - before_ms));
        check_version(doctor, &server, &verdict);
        check_durability(doctor, &server, &durability);
        check_eviction(doctor, &server);
        check_writes(doctor, &server);
        check_memory(doctor, &server);
        check_clock(doctor, server.time_ms, before_ms, after_ms);
    }
    free(server.info);
}
