/*
 * jobs.c - which jobs may go on, and the next step of each
 */
#include "jobs.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "io/script.h"
#include "model/keys.h"
#include "forget.h"

#define SWEEP_MS 5000
#define RETRY_MS 500
#define SET_BACK_MS 5000 /* of a job whose step failed */
#define STEPPED_MAX 16   /* jobs per round: the others' turn is the next */
#define LOG_INTERVAL_MS 5000
#define KEYS_MAX 24

struct kind {
    const char *name;
    enum script script;
    size_t keys_count;
    enum partition_key keys[KEYS_MAX]; /* after those that every step has */
};

#define REPLAY_KEYS                                                                                \
    KEY_EVENTS, KEY_DELIVERIES, KEY_DUE, KEY_WAITING, KEY_DLQ, KEY_RECORD, KEY_ORG_DLQ, KEY_ENDPOINT

static const struct kind kinds[] = {
    {"release",
     SCRIPT_JOB_RELEASE,
     6,
     {KEY_DELIVERIES, KEY_WAITING, KEY_DUE, KEY_RECORD, KEY_LANE, KEY_ENDPOINT}},
    {"replay", SCRIPT_JOB_REPLAY, 10, {REPLAY_KEYS, KEY_HISTORY, KEY_ORG_EVENTS}},
    {"redrive", SCRIPT_JOB_LETTERS, 10, {REPLAY_KEYS, KEY_ORG_EVENTS, KEY_ORG_LETTERS}},
    {"purge", SCRIPT_JOB_LETTERS, 10, {REPLAY_KEYS, KEY_ORG_EVENTS, KEY_ORG_LETTERS}},
    {"forget",
     SCRIPT_JOB_FORGET,
     24,
     {KEY_EVENTS,        KEY_ATTEMPTS, KEY_DLQ,       KEY_DUE,        KEY_WAITING,
      KEY_CURSORS,       KEY_FAILING,  KEY_RECORD,    KEY_HISTORY,    KEY_LANE,
      KEY_ENDPOINT,      KEY_JOB,      KEY_DEDUP,     KEY_RATE,       KEY_ORG_EVENTS,
      KEY_ORG_ENDPOINTS, KEY_ORG_GONE, KEY_ORG_KEYS,  KEY_TURN,       KEY_STATS,
      KEY_ORG_LEASES,    KEY_ORG_DLQ,  KEY_ORG_AUDIT, KEY_ORG_LETTERS}},
};

struct jobs {
    struct redis *redis;
    uint32_t partition;
    int64_t retention_ms;
    struct redis_command command;
    struct loop_timer *timer;
    int64_t soonest_ms; /* until the next round, as far as is known in this one */
    size_t waiting;     /* answers of this round */
    bool stopped;
    struct log_limit log_limit;
};

struct step {
    struct jobs *jobs;
    const struct kind *kind;
    char id[OTHER_ID_SIZE];
};

static void add_key(struct jobs *jobs, enum partition_key which)
{
    struct key key = key_of(jobs->partition, which);
    redis_command_arg(&jobs->command, key_slice(&key));
}

static void no_later_than(struct jobs *jobs, int64_t ms)
{
    if (ms < jobs->soonest_ms)
        jobs->soonest_ms = ms;
}

static void rest(struct jobs *jobs)
{
    if (jobs->waiting == 0 && !jobs->stopped)
        loop_timer_start(jobs->timer, jobs->soonest_ms > 0 ? jobs->soonest_ms : 0);
}

static void note_failure(struct jobs *jobs, struct slice id, enum status status, struct slice why)
{
    uint64_t suppressed;
    if (log_limit_allows(&jobs->log_limit, LOG_INTERVAL_MS, &suppressed))
        log_event(LOG_ERROR, "job.error", log_int("partition", jobs->partition),
                  log_slice("job", id), log_text("status", status_name(status)),
                  log_slice("answer", why), log_int("suppressed", (int64_t)suppressed));
}

/* For all processors: nobody tries it again before. */
static void set_back(struct jobs *jobs, struct slice id)
{
    redis_command_start(&jobs->command);
    redis_command_text(&jobs->command, "ZADD");
    add_key(jobs, KEY_JOBS);
    redis_command_text(&jobs->command, "XX");
    redis_command_text(&jobs->command, "GT");
    redis_command_int(&jobs->command, clock_wall_ms() + SET_BACK_MS);
    redis_command_arg(&jobs->command, id);
    redis_send(jobs->redis, &jobs->command, NULL, NULL);
}

static void send_step(struct jobs *jobs, struct slice id, const struct kind *kind,
                      const char *news);

static void on_stepped(enum status status, const struct redis_reply *reply, void *self)
{
    struct step *step = self;
    struct jobs *jobs = step->jobs;
    if (status != STATUS_CANCELLED) {
        struct slice word = redis_reply_text(redis_reply_at(reply, 0));
        bool is_elsewhere =
            status == STATUS_OK && forget_elsewhere(jobs->redis, jobs->partition, reply);
        jobs->waiting--;
        if (is_elsewhere && slice_is(word, "organization"))
            send_step(jobs, slice_of(step->id), step->kind, "organization");
        if (is_elsewhere || (status == STATUS_OK && slice_is(word, "running")))
            no_later_than(jobs, redis_reply_int(redis_reply_at(reply, 1)));
        else if (status == STATUS_OK)
            log_event(LOG_INFO, "job.ended", log_text("job", step->id), log_slice("state", word));
        else
            note_failure(jobs, slice_of(step->id), status, redis_reply_text(reply));
        if (status == STATUS_FAILED)
            set_back(jobs, slice_of(step->id));
        rest(jobs);
    }
    free(step);
}

static const struct kind *find_kind(struct slice name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (slice_is(name, kinds[i].name))
            return &kinds[i];
    return NULL;
}

static void send_step(struct jobs *jobs, struct slice id, const struct kind *kind, const char *news)
{
    struct step *step = xcalloc(1, sizeof *step);
    struct key job = key_of_id(jobs->partition, KEY_JOB, id);
    step->jobs = jobs;
    step->kind = kind;
    if (slice_to_text(id, step->id, sizeof step->id) != STATUS_OK)
        step->id[0] = '\0'; /* only for the log */
    script_start(&jobs->command, kind->script, 4 + kind->keys_count);
    redis_command_arg(&jobs->command, key_slice(&job));
    add_key(jobs, KEY_JOBS);
    add_key(jobs, KEY_ORG_JOBS);
    add_key(jobs, KEY_ORG_RUNNING);
    for (size_t i = 0; i < kind->keys_count; i++)
        add_key(jobs, kind->keys[i]);
    redis_command_text(&jobs->command, ""); /* Redis's time */
    redis_command_int(&jobs->command, jobs->retention_ms);
    redis_command_int(&jobs->command, jobs->partition);
    redis_command_text(&jobs->command, news);
    jobs->waiting++;
    script_send(jobs->redis, kind->script, &jobs->command, on_stepped, step);
}

/* Of a kind that this release does not know, or without a record: left to be looked at. */
static void step_job(struct jobs *jobs, struct slice id, struct slice name)
{
    const struct kind *kind = find_kind(name);
    if (kind && id.len < OTHER_ID_SIZE) {
        send_step(jobs, id, kind, "");
    } else {
        note_failure(jobs, id, STATUS_INVALID, SLICE("no such kind of job"));
        set_back(jobs, id);
    }
}

static void on_due(enum status status, const struct redis_reply *reply, void *self)
{
    struct jobs *jobs = self;
    if (status == STATUS_CANCELLED)
        return;
    jobs->waiting--;
    if (status != STATUS_OK)
        note_failure(jobs, (struct slice){0}, status, redis_reply_text(reply));
    else if (redis_reply_text(redis_reply_at(reply, 0)).len > 0)
        no_later_than(jobs, redis_reply_int(redis_reply_at(reply, 0)));
    for (size_t i = 1; status == STATUS_OK && i + 1 < redis_reply_count(reply); i += 2)
        step_job(jobs, redis_reply_text(redis_reply_at(reply, i)),
                 redis_reply_text(redis_reply_at(reply, i + 1)));
    rest(jobs);
}

static void on_timer(void *self)
{
    struct jobs *jobs = self;
    if (jobs->stopped || jobs->waiting > 0)
        return;
    if (!redis_is_up(jobs->redis)) {
        loop_timer_start(jobs->timer, loop_jitter(RETRY_MS));
        return;
    }
    jobs->soonest_ms = loop_jitter(SWEEP_MS);
    jobs->waiting++;
    script_start(&jobs->command, SCRIPT_LIST_JOBS_DUE, 2);
    add_key(jobs, KEY_JOBS);
    add_key(jobs, KEY_JOB);
    redis_command_text(&jobs->command, "");
    redis_command_int(&jobs->command, STEPPED_MAX);
    script_send(jobs->redis, SCRIPT_LIST_JOBS_DUE, &jobs->command, on_due, jobs);
}

struct jobs *jobs_new(struct loop *loop, struct redis *redis, uint32_t partition,
                      int64_t retention_ms)
{
    struct jobs *jobs = xcalloc(1, sizeof *jobs);
    jobs->redis = redis;
    jobs->partition = partition;
    jobs->retention_ms = retention_ms;
    jobs->stopped = true;
    redis_command_init(&jobs->command);
    jobs->timer = loop_timer_new(loop, on_timer, jobs);
    return jobs;
}

void jobs_free(struct jobs **jobs_at)
{
    struct jobs *jobs = *jobs_at;
    *jobs_at = NULL;
    if (!jobs)
        return;
    loop_timer_free(&jobs->timer);
    redis_command_fini(&jobs->command);
    free(jobs);
}

void jobs_start(struct jobs *jobs)
{
    jobs->stopped = false;
    loop_timer_start(jobs->timer, 0);
}

void jobs_stop(struct jobs *jobs)
{
    jobs->stopped = true;
    loop_timer_stop(jobs->timer);
}

void jobs_config_changed(struct jobs *jobs, const struct config_change *change)
{
    if (jobs->stopped || !(change->flush || slice_is(change->kind, "job")))
        return;
    if (jobs->waiting > 0)
        jobs->soonest_ms = 0; /* a round is under way, that may not have seen it */
    else
        loop_timer_start(jobs->timer, 0);
}
