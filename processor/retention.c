#include "retention.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "io/script.h"
#include "model/keys.h"
#include "metrics.h"

#define INTERVAL_MS 60000
#define STEP 100    /* events per call */
#define STEP_MS 20  /* between calls while there is more: trimming never competes with traffic */
#define LOG_STEP 1000 /* attempts or dead letters per call */

struct retention {
    struct redis *redis;
    uint32_t partition;
    int64_t retention_ms;
    struct redis_command command;
    struct loop_timer *timer;
    bool stopped;
};

static int64_t cutoff_ms(const struct retention *retention)
{
    return clock_wall_ms() - retention->retention_ms;
}

static void again(struct retention *retention, int64_t delay_ms)
{
    if (!retention->stopped)
        loop_timer_start(retention->timer, delay_ms);
}

static void on_trimmed(enum status status, const struct redis_reply *reply, void *self)
{
    struct retention *retention = self;
    if (status == STATUS_CANCELLED)
        return;
    int64_t count = redis_reply_int(redis_reply_at(reply, 0));
    bool more = status == STATUS_OK && count == STEP;
    again(retention, more ? STEP_MS : loop_jitter(INTERVAL_MS));
    if (status != STATUS_OK || count == 0)
        return;
    metric_add(METRIC_TRIMMED, 0, (uint64_t)count);
    log_event(LOG_DEBUG, "events.trimmed", log_int("partition", retention->partition), log_int("count", count),
              log_slice("stopped_by", redis_reply_text(redis_reply_at(reply, 1))));
}

static void add_candidates(struct retention *retention, const struct redis_reply *entries, bool records)
{
    for (size_t i = 0; i < redis_reply_count(entries); i++) {
        struct slice id = redis_reply_text(redis_reply_at(redis_reply_at(entries, i), 0));
        struct event_id event = {.partition = retention->partition};
        if (stream_id_parse(id, &event.entry) != STATUS_OK)
            continue;
        char text[EVENT_ID_LEN + 1];
        event_id_format(event, text);
        struct key record = key_record(retention->partition, slice_of(text));
        redis_command_arg(&retention->command, records ? key_slice(&record) : id);
    }
}

static void on_oldest(enum status status, const struct redis_reply *reply, void *self)
{
    struct retention *retention = self;
    if (status == STATUS_CANCELLED)
        return;
    size_t count = redis_reply_count(reply);
    if (status != STATUS_OK || count == 0) {
        again(retention, loop_jitter(INTERVAL_MS));
        return;
    }
    struct key events = key_of(retention->partition, KEY_EVENTS);
    script_start(&retention->command, SCRIPT_TRIM, 1 + count);
    redis_command_arg(&retention->command, key_slice(&events));
    add_candidates(retention, reply, true);
    redis_command_text(&retention->command, GROUP_PROCESSOR);
    redis_command_int(&retention->command, cutoff_ms(retention));
    add_candidates(retention, reply, false);
    script_send(retention->redis, SCRIPT_TRIM, &retention->command, on_trimmed, retention);
}

static void trim_log(struct retention *retention, enum partition_key which)
{
    struct key key = key_of(retention->partition, which);
    struct redis_command *command = &retention->command;
    redis_command_start(command);
    redis_command_text(command, "XTRIM");
    redis_command_arg(command, key_slice(&key));
    redis_command_text(command, "MINID");
    redis_command_text(command, "~");
    redis_command_int(command, cutoff_ms(retention));
    redis_command_text(command, "LIMIT");
    redis_command_int(command, LOG_STEP);
    redis_send(retention->redis, command, NULL, NULL);
}

/* Only what is old enough is read: an idle system asks for nothing but one empty range. */
static void on_timer(void *self)
{
    struct retention *retention = self;
    if (!redis_is_up(retention->redis)) {
        again(retention, loop_jitter(INTERVAL_MS));
        return;
    }
    trim_log(retention, KEY_ATTEMPTS);
    trim_log(retention, KEY_DLQ);
    struct key events = key_of(retention->partition, KEY_EVENTS);
    struct redis_command *command = &retention->command;
    redis_command_start(command);
    redis_command_text(command, "XRANGE");
    redis_command_arg(command, key_slice(&events));
    redis_command_text(command, "-");
    redis_command_int(command, cutoff_ms(retention));
    redis_command_text(command, "COUNT");
    redis_command_int(command, STEP);
    redis_send(retention->redis, command, on_oldest, retention);
}

struct retention *retention_new(struct loop *loop, struct redis *redis, uint32_t partition, int64_t retention_ms)
{
    struct retention *retention = xcalloc(1, sizeof *retention);
    retention->redis = redis;
    retention->partition = partition;
    retention->retention_ms = retention_ms;
    retention->stopped = true;
    redis_command_init(&retention->command);
    retention->timer = loop_timer_new(loop, on_timer, retention);
    return retention;
}

void retention_free(struct retention **retention_at)
{
    struct retention *retention = *retention_at;
    *retention_at = NULL;
    if (!retention)
        return;
    loop_timer_free(&retention->timer);
    redis_command_fini(&retention->command);
    free(retention);
}

void retention_start(struct retention *retention)
{
    retention->stopped = false;
    loop_timer_start(retention->timer, loop_jitter(retention->retention_ms < INTERVAL_MS ? retention->retention_ms : INTERVAL_MS));
}

void retention_stop(struct retention *retention)
{
    retention->stopped = true;
    loop_timer_stop(retention->timer);
}
