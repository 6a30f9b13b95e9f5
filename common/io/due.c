/*
 * due.c - promotes waiting deliveries, and lets lanes go on, when their time has come
 *
 * Times are Redis's. What its clock says now is reckoned from its last answer and our monotonic
 * clock, so that neither a difference between the two machines' clocks nor a step of ours matters.
 */
#include "due.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../base/log.h"
#include "release.h"

#define SWEEP_MS 5000
#define RETRY_MS 500
#define PROMOTE_MAX 200

struct due {
    struct redis *redis;
    uint32_t partition;
    struct redis_command command;
    struct loop_timer *timer;
    int64_t wake_at_ms; /* what the timer is set for */
    int64_t offset_ms;  /* Redis's clock minus our monotonic one */
    bool running;       /* promote is under way */
    bool woken;         /* while promote is under way: it may not have seen what for */
    bool stopped;
    uint64_t orphans;
    struct log_limit log_limit;
};

static int64_t now_ms(const struct due *due)
{
    return clock_mono_ms() + due->offset_ms;
}

static void arm(struct due *due, int64_t at_ms)
{
    int64_t delay_ms = at_ms - now_ms(due);
    due->wake_at_ms = at_ms;
    if (!due->stopped)
        loop_timer_start(due->timer, delay_ms > 0 ? delay_ms : 0);
}

static void arm_after(struct due *due, int64_t interval_ms)
{
    arm(due, now_ms(due) + loop_jitter(interval_ms));
}

void due_hint(struct due *due, struct slice due_at_ms)
{
    uint64_t at_ms;
    if (due_at_ms.len == 0 || slice_to_u64(due_at_ms, INT64_MAX, &at_ms) != STATUS_OK)
        return;
    /* Answers come in order: a promote under way knows all that came before its own. */
    if (!due->running && (int64_t)at_ms < due->wake_at_ms)
        arm(due, (int64_t)at_ms);
}

static void note_failure(struct due *due, enum status status, const struct redis_reply *reply)
{
    uint64_t suppressed;
    if (log_limit_allows(&due->log_limit, 5000, &suppressed))
        log_event(LOG_WARN, "due.error", log_int("partition", due->partition),
                  log_text("status", status_name(status)),
                  log_slice("answer", redis_reply_text(reply)),
                  log_int("suppressed", (int64_t)suppressed));
}

static void on_promoted(enum status status, const struct redis_reply *reply, void *self)
{
    struct due *due = self;
    due->running = false;
    if (status == STATUS_CANCELLED)
        return;
    if (status != STATUS_OK) {
        note_failure(due, status, reply);
        arm_after(due, RETRY_MS);
        return;
    }
    int64_t orphans = redis_reply_int(redis_reply_at(reply, 2));
    due->orphans += (uint64_t)orphans;
    if (orphans > 0)
        log_event(LOG_ERROR, "due.orphans_removed", log_int("partition", due->partition),
                  log_int("count", orphans));
    due->offset_ms = redis_reply_int(redis_reply_at(reply, 3)) - clock_mono_ms();
    arm_after(due, SWEEP_MS);
    due_hint(due, redis_reply_text(redis_reply_at(reply, 1))); /* in the past while more are due */
    if (due->woken)
        arm(due, now_ms(due));
}

static void on_timer(void *self)
{
    struct due *due = self;
    if (due->running || due->stopped)
        return;
    if (!redis_is_up(due->redis)) {
        arm_after(due, RETRY_MS);
        return;
    }
    due->running = true;
    due->woken = false;
    release_start(&due->command, SCRIPT_PROMOTE, due->partition);
    redis_command_int(&due->command, PROMOTE_MAX);
    redis_command_text(&due->command, "");
    script_send(due->redis, SCRIPT_PROMOTE, &due->command, on_promoted, due);
}

static void on_released(enum status status, const struct redis_reply *reply, void *self)
{
    struct due *due = self;
    if (status == STATUS_OK)
        due_hint(due, redis_reply_text(reply));
    else if (status != STATUS_CANCELLED)
        note_failure(due, status, reply); /* the lanes are in due, too */
}

void due_release(struct due *due, const struct slice *endpoints, size_t count)
{
    release_lanes(due->redis, due->partition, endpoints, count, on_released, due);
}

void due_wake(struct due *due)
{
    if (due->running)
        due->woken = true;
    else
        arm(due, now_ms(due));
}

int64_t due_mono_ms(const struct due *due, int64_t redis_ms)
{
    return redis_ms - due->offset_ms;
}

struct due *due_new(struct loop *loop, struct redis *redis, uint32_t partition)
{
    struct due *due = xcalloc(1, sizeof *due);
    due->redis = redis;
    due->partition = partition;
    due->offset_ms = clock_wall_ms() - clock_mono_ms(); /* until it has answered */
    due->timer = loop_timer_new(loop, on_timer, due);
    due->stopped = true;
    redis_command_init(&due->command);
    return due;
}

void due_free(struct due **due_at)
{
    struct due *due = *due_at;
    *due_at = NULL;
    if (!due)
        return;
    loop_timer_free(&due->timer);
    redis_command_fini(&due->command);
    free(due);
}

void due_start(struct due *due)
{
    due->stopped = false;
    arm(due, now_ms(due));
}

void due_stop(struct due *due)
{
    due->stopped = true;
    loop_timer_stop(due->timer);
}

uint64_t due_orphans(const struct due *due)
{
    return due->orphans;
}
