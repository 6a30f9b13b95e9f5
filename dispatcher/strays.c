/*
 * strays.c - a timer and a cursor
 */
#include "strays.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "io/script.h"
#include "model/keys.h"

#define LOOKED_MAX 100
#define OWED_AFTER_LOOKS 10
#define CURSOR_SIZE (STREAM_ID_SIZE + 1) /* "(" and an id */

struct strays {
    struct redis *redis;
    uint32_t partition;
    int64_t every_ms;
    struct redis_command command;
    struct loop_timer *timer;
    char cursor[CURSOR_SIZE];
    bool is_looking, is_stopped;
};

static void arm(struct strays *strays, int64_t delay_ms)
{
    if (!strays->is_stopped) {
        loop_timer_start(strays->timer, delay_ms);
    }
}

/* [cursor, ready again, gone] */
static void on_looked(enum status status, const struct redis_reply *reply, void *self)
{
    struct strays *strays = self;
    strays->is_looking = false;
    if (status == STATUS_CANCELLED) {
        return;
    }
    if (status != STATUS_OK || slice_to_text(redis_reply_text(redis_reply_at(reply, 0)),
                                             strays->cursor, sizeof strays->cursor) != STATUS_OK) {
        strays->cursor[0] = '\0';
    }
    int64_t ready = redis_reply_int(redis_reply_at(reply, 1));
    int64_t gone = redis_reply_int(redis_reply_at(reply, 2));
    if (status == STATUS_OK && ready + gone > 0) {
        log_event(LOG_WARN, "strays.found", log_int("partition", strays->partition),
                  log_int("ready", ready), log_int("gone", gone));
    }
    arm(strays, strays->cursor[0] != '\0' ? 0 : loop_jitter(strays->every_ms));
}

static void on_timer(void *self)
{
    struct strays *strays = self;
    if (strays->is_looking) {
        return; /* its answer goes on */
    }
    if (!redis_is_up(strays->redis)) {
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
    redis_command_int(command, OWED_AFTER_LOOKS * strays->every_ms);
    redis_command_text(command, ""); /* Redis's own time */
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
