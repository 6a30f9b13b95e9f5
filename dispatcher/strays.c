/*
 * strays.c - a timer and a cursor
 */
#include "strays.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "io/script.h"
#include "metrics.h"
#include "model/keys.h"

#define LOOKED_MAX 100
#define CURSOR_SIZE (STREAM_ID_SIZE + 1) /* "(" and an id */

struct strays {
    struct redis *redis;
    uint32_t partition;
    int64_t every_ms;
    struct redis_command command;
    struct loop_timer *timer;
    char cursor[CURSOR_SIZE];
    char mark
        [STREAM_ID_SIZE]; /* the stream's last id when the first that may be owed was seen; '': none is */
    int64_t unsure;       /* that may be owed, in this round */
    bool is_looking, is_stopped;
    struct log_limit log_limit;
};

static void arm(struct strays *strays, int64_t delay_ms)
{
    if (!strays->is_stopped) {
        loop_timer_start(strays->timer, delay_ms);
    }
}

/* What was seen is of a Redis that may have started anew. */
static void begin_anew(struct strays *strays)
{
    strays->cursor[0] = strays->mark[0] = '\0';
    strays->unsure = 0;
}

static void note_failure(struct strays *strays, enum status status, const struct redis_reply *reply)
{
    uint64_t suppressed = 0;
    if (log_limit_allows(&strays->log_limit, 5000, &suppressed)) {
        log_event(LOG_WARN, "strays.error", log_int("partition", strays->partition),
                  log_text("status", status_name(status)),
                  log_slice("answer", redis_reply_text(reply)),
                  log_int("suppressed", (int64_t)suppressed));
    }
}

/* [cursor, ready again, gone, may be owed, mark] */
static bool take_answer(struct strays *strays, const struct redis_reply *reply)
{
    int64_t ready = redis_reply_int(redis_reply_at(reply, 1));
    int64_t gone = redis_reply_int(redis_reply_at(reply, 2));
    struct slice mark = redis_reply_text(redis_reply_at(reply, 4));
    strays->unsure += redis_reply_int(redis_reply_at(reply, 3));
    metric_add(METRIC_STRAYS, STRAY_READY, (uint64_t)ready);
    metric_add(METRIC_STRAYS, STRAY_GONE, (uint64_t)gone);
    if (ready + gone > 0) {
        log_event(LOG_WARN, "strays.found", log_int("partition", strays->partition),
                  log_int("ready", ready), log_int("gone", gone));
    }
    return slice_to_text(redis_reply_text(redis_reply_at(reply, 0)), strays->cursor,
                         sizeof strays->cursor) == STATUS_OK &&
           slice_to_text(strays->unsure > 0 ? mark : (struct slice){0}, strays->mark,
                         sizeof strays->mark) == STATUS_OK;
}

static void on_looked(enum status status, const struct redis_reply *reply, void *self)
{
    struct strays *strays = self;
    strays->is_looking = false;
    if (status == STATUS_CANCELLED) {
        return;
    }
    if (status != STATUS_OK) {
        note_failure(strays, status, reply);
    }
    if (status != STATUS_OK || !take_answer(strays, reply)) {
        begin_anew(strays);
    }
    bool is_through = strays->cursor[0] == '\0';
    strays->unsure = is_through ? 0 : strays->unsure;
    arm(strays, is_through ? loop_jitter(strays->every_ms) : 0);
}

static void on_timer(void *self)
{
    struct strays *strays = self;
    if (strays->is_looking) {
        return; /* its answer goes on */
    }
    if (!redis_is_up(strays->redis)) {
        begin_anew(strays);
        arm(strays, loop_jitter(strays->every_ms));
        return;
    }
    struct key deliveries = key_of(strays->partition, KEY_DELIVERIES);
    struct key records = key_of(strays->partition, KEY_RECORD);
    struct redis_command *command = &strays->command;
    strays->is_looking = true;
    script_start(command, SCRIPT_STRAYS, 2);
    redis_command_arg(command, key_slice(&deliveries));
    redis_command_arg(command, key_slice(&records));
    redis_command_text(command, GROUP_DISPATCHER);
    redis_command_text(command, strays->cursor);
    redis_command_int(command, LOOKED_MAX);
    redis_command_text(command, strays->mark);
    script_send(strays->redis, SCRIPT_STRAYS, command, on_looked, strays);
}

struct strays *strays_new(struct loop *loop, struct redis *redis, uint32_t partition,
                          int64_t every_ms)
{
    struct strays *strays = xcalloc(1, sizeof *strays);
    strays->redis = redis;
    strays->partition = partition;
    strays->every_ms = every_ms;
    strays->timer = loop_timer_new(loop, on_timer, strays);
    strays->is_stopped = true;
    redis_command_init(&strays->command);
    return strays;
}

void strays_free(struct strays **strays_at)
{
    struct strays *strays = *strays_at;
    *strays_at = NULL;
    if (!strays) {
        return;
    }
    loop_timer_free(&strays->timer);
    redis_command_fini(&strays->command);
    free(strays);
}

void strays_start(struct strays *strays)
{
    strays->is_stopped = false;
    arm(strays, loop_jitter(strays->every_ms));
}

void strays_stop(struct strays *strays)
{
    strays->is_stopped = true;
    loop_timer_stop(strays->timer);
}
