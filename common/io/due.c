/*
 * due.c - promotes waiting deliveries when their time has come
 */
#include "due.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../base/log.h"
#include "../model/keys.h"
#include "script.h"

#define SWEEP_MS 5000
#define PROMOTE_MAX 200
#define CLOCK_STEP_MS 5

struct due {
    struct loop *loop;
    struct redis *redis;
    uint32_t partition;
    struct redis_command command;
    struct loop_timer *timer;
    int64_t wake_at_ms; /* what the timer is set for */
    bool running;       /* promote is under way */
    bool stopped;
    uint64_t promoted;
};

static void arm(struct due *due, int64_t at_ms)
{
    int64_t now_ms = clock_wall_ms();
    due->wake_at_ms = at_ms;
    if (!due->stopped)
        loop_timer_start(due->timer, at_ms > now_ms ? at_ms - now_ms : 0);
}

static void arm_sweep(struct due *due)
{
    arm(due, clock_wall_ms() + loop_jitter(SWEEP_MS));
}

void due_hint(struct due *due, struct slice due_at_ms)
{
    uint64_t at_ms;
    if (due_at_ms.len == 0 || slice_to_u64(due_at_ms, INT64_MAX, &at_ms) != STATUS_OK)
        return;
    if (!due->running && (int64_t)at_ms < due->wake_at_ms)
        arm(due, (int64_t)at_ms);
}

static void on_promoted(enum status status, const struct redis_reply *reply, void *self)
{
    struct due *due = self;
    due->running = false;
    if (status == STATUS_CANCELLED)
        return;
    arm_sweep(due);
    if (status != STATUS_OK)
        return;
    int64_t moved = redis_reply_int(redis_reply_at(reply, 0));
    due->promoted += (uint64_t)moved;
    int64_t orphans = redis_reply_int(redis_reply_at(reply, 2));
    if (orphans > 0)
        log_event(LOG_ERROR, "due.orphans_removed", log_int("partition", due->partition), log_int("count", orphans));
    if (moved >= PROMOTE_MAX)
        arm(due, clock_wall_ms());
    else
        due_hint(due, redis_reply_text(redis_reply_at(reply, 1)));
    /* Redis's clock is behind ours: what we take for due is not yet. */
    if (moved == 0 && due->wake_at_ms < clock_wall_ms() + CLOCK_STEP_MS)
        arm(due, clock_wall_ms() + CLOCK_STEP_MS);
}

static void add_key(struct due *due, enum partition_key which)
{
    struct key key = key_of(due->partition, which);
    redis_command_arg(&due->command, key_slice(&key));
}

static void on_timer(void *self)
{
    struct due *due = self;
    if (due->running || due->stopped)
        return;
    if (!redis_is_up(due->redis)) {
        arm_sweep(due);
        return;
    }
    due->running = true;
    script_start(&due->command, SCRIPT_PROMOTE, 3);
    add_key(due, KEY_DUE);
    add_key(due, KEY_DELIVERIES);
    add_key(due, KEY_DELIVERY_PREFIX);
    redis_command_int(&due->command, PROMOTE_MAX);
    redis_command_text(&due->command, "");
    script_send(due->redis, SCRIPT_PROMOTE, &due->command, on_promoted, due);
}

struct due *due_new(struct loop *loop, struct redis *redis, uint32_t partition)
{
    struct due *due = xcalloc(1, sizeof *due);
    due->loop = loop;
    due->redis = redis;
    due->partition = partition;
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
    arm(due, clock_wall_ms());
}

void due_stop(struct due *due)
{
    due->stopped = true;
    loop_timer_stop(due->timer);
}

uint64_t due_promoted(const struct due *due)
{
    return due->promoted;
}
