/*
 * retention.c - asks for the oldest, lets the script decide, and goes on while more is old
 */
#include "retention.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "io/script.h"
#include "model/keys.h"
#include "metrics.h"

#define INTERVAL_MS 60000
#define STEP_FIRST 10 /* events per call */
#define STEP_MAX 100
#define STEP_BYTES ((size_t)1 << 20) /* of events that are read for a call, about */
#define STEP_MS 20    /* between calls while there is more: trimming never competes with traffic */
#define LOG_STEP 1000 /* attempts or dead letters per call */

struct retention {
    struct redis *redis;
    uint32_t partition;
    int64_t retention_ms;
    struct redis_command command;
    struct loop_timer *timer;
    size_t step; /* events that are asked for: fewer while they are large */
    bool more;   /* something went, and more may go at once */
    bool stopped;
};

static int64_t cutoff_ms(const struct retention *retention)
{
    return clock_wall_ms() - retention->retention_ms;
}

static void rest(struct retention *retention)
{
    if (!retention->stopped)
        loop_timer_start(retention->timer, retention->more ? STEP_MS : loop_jitter(INTERVAL_MS));
}

static void on_trimmed(enum status status, const struct redis_reply *reply, void *self)
{
    struct retention *retention = self;
    if (status == STATUS_CANCELLED)
        return;
    int64_t count = redis_reply_int(redis_reply_at(reply, 0));
    struct slice word = redis_reply_text(redis_reply_at(reply, 1));
    if (count > 0 && slice_is(word, "all"))
        retention->more = true;
    rest(retention);
    if (count == 0)
        return;
    metric_add(METRIC_TRIMMED, 0, (uint64_t)count);
    log_event(LOG_DEBUG, "events.trimmed", log_int("partition", retention->partition),
              log_int("count", count), log_slice("stopped_by", word));
}

static void add_candidates(struct retention *retention, const struct redis_reply *entries,
                           bool records)
{
    for (size_t i = 0; i < redis_reply_count(entries); i++) {
        struct slice id = redis_reply_text(redis_reply_at(redis_reply_at(entries, i), 0));
        struct event_id event = {.partition = retention->partition};
        if (stream_id_parse(id, &event.entry) != STATUS_OK)
            continue; /* not Redis's; the script will refuse what is left */
        char text[EVENT_ID_LEN + 1];
        event_id_format(event, text);
        struct key record = key_record(retention->partition, slice_of(text));
        redis_command_arg(&retention->command, records ? key_slice(&record) : id);
    }
}

/* Redis has no way to tell ids alone, so the next step follows the size of what came. */
static void size_step(struct retention *retention, const struct redis_reply *entries)
{
    size_t bytes = 0;
    for (size_t i = 0; i < redis_reply_count(entries); i++) {
        const struct redis_reply *fields = redis_reply_at(redis_reply_at(entries, i), 1);
        for (size_t k = 1; k < redis_reply_count(fields); k += 2)
            bytes += redis_reply_text(redis_reply_at(fields, k)).len;
    }
    if (bytes > STEP_BYTES)
        retention->step = retention->step > 1 ? retention->step / 2 : 1;
    else if (retention->step < STEP_MAX)
        retention->step = retention->step * 2 < STEP_MAX ? retention->step * 2 : STEP_MAX;
}

static void on_oldest(enum status status, const struct redis_reply *reply, void *self)
{
    struct retention *retention = self;
    if (status == STATUS_CANCELLED)
        return;
    size_t count = redis_reply_count(reply);
    if (status != STATUS_OK || count == 0) {
        rest(retention);
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
    size_step(retention, reply);
}

static void on_log_trimmed(enum status status, const struct redis_reply *reply, void *self)
{
    struct retention *retention = self;
    if (status == STATUS_OK && redis_reply_int(reply) > 0)
        retention->more = true;
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
    redis_send(retention->redis, command, on_log_trimmed, retention);
}

/* Only what is old enough is read: an idle system asks for nothing but one empty range. Answers
 * come in order: that of the last command finds what the others have told. */
static void on_timer(void *self)
{
    struct retention *retention = self;
    retention->more = false;
    if (!redis_is_up(retention->redis)) {
        rest(retention);
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
    redis_command_int(command, (int64_t)retention->step);
    redis_send(retention->redis, command, on_oldest, retention);
}

struct retention *retention_new(struct loop *loop, struct redis *redis, uint32_t partition,
                                int64_t retention_ms)
{
    struct retention *retention = xcalloc(1, sizeof *retention);
    retention->redis = redis;
    retention->partition = partition;
    retention->retention_ms = retention_ms;
    retention->step = STEP_FIRST;
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
    loop_timer_start(
        retention->timer,
        loop_jitter(retention->retention_ms < INTERVAL_MS ? retention->retention_ms : INTERVAL_MS));
}

void retention_stop(struct retention *retention)
{
    retention->stopped = true;
    loop_timer_stop(retention->timer);
}
