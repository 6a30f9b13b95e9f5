/*
 * retention.c - a pass over what is old, a step at a time, once a minute
 *
 * Cost:  a call looks at up to 100 events or a mebibyte, at some 10 us of Redis each, 20 ms after
 *        the one before: at most a twentieth of its time. What is old and still needed (a delivery
 *        that waits for weeks) is looked at again in each pass, by each processor.
 */
#include "retention.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "io/script.h"
#include "model/keys.h"
#include "metrics.h"

#define INTERVAL_MS 60000
#define MEASURE_MS 5000 /* with a bound on bytes, which fill up faster than time goes by */
#define FIRST_MS 500
#define STEP_MS 20    /* between calls: trimming never competes with traffic */
#define STEP_MAX 100  /* events or dead letters that a call looks at */
#define LOG_STEP 1000 /* attempts per call */

struct retention {
    struct redis *redis;
    uint32_t partition;
    struct retention_options options;
    bool is_over; /* the log has more bytes than it may */
    struct redis_command command;
    struct loop_timer *timer;
    char cursor[STREAM_ID_SIZE]; /* the pass goes on after it; "": from the oldest */
    bool in_pass;                /* there may be more old events after the cursor */
    bool more_logs;              /* some went, and more may go at once */
    int64_t went, kept;          /* in this pass */
    size_t waiting;              /* answers */
    bool stopped;
};

static int64_t cutoff_ms(const struct retention *retention)
{
    return clock_wall_ms() - retention->options.age_ms;
}

static void begin_pass(struct retention *retention)
{
    retention->cursor[0] = '\0';
    retention->in_pass = true;
    retention->went = retention->kept = 0;
}

static void rest(struct retention *retention)
{
    if (retention->stopped || retention->waiting > 0)
        return;
    if (retention->in_pass || retention->more_logs) {
        loop_timer_start(retention->timer, STEP_MS);
        return;
    }
    begin_pass(retention);
    loop_timer_start(retention->timer,
                     loop_jitter(retention->options.bytes_max > 0 ? MEASURE_MS : INTERVAL_MS));
}

static void end_pass(struct retention *retention)
{
    retention->in_pass = false;
    if (retention->went + retention->kept > 0)
        log_event(LOG_DEBUG, "events.trimmed", log_int("partition", retention->partition),
                  log_int("count", retention->went), log_int("kept", retention->kept));
}

static void on_trimmed(enum status status, const struct redis_reply *reply, void *self)
{
    struct retention *retention = self;
    if (status == STATUS_CANCELLED)
        return;
    retention->waiting--;
    struct slice cursor = redis_reply_text(redis_reply_at(reply, 2));
    int64_t went = redis_reply_int(redis_reply_at(reply, 0));
    retention->went += went;
    retention->kept += redis_reply_int(redis_reply_at(reply, 1));
    if (went > 0)
        metric_add(METRIC_TRIMMED, 0, (uint64_t)went);
    if (status != STATUS_OK || cursor.len == 0 ||
        slice_to_text(cursor, retention->cursor, sizeof retention->cursor) != STATUS_OK)
        end_pass(retention);
    rest(retention);
}

static void on_log_trimmed(enum status status, const struct redis_reply *reply, void *self)
{
    struct retention *retention = self;
    if (status == STATUS_CANCELLED)
        return;
    retention->waiting--;
    if (status == STATUS_OK && redis_reply_int(reply) > 0)
        retention->more_logs = true;
    rest(retention);
}

static void trim_attempts(struct retention *retention)
{
    struct key key = key_of(retention->partition, KEY_ATTEMPTS);
    struct redis_command *command = &retention->command;
    redis_command_start(command);
    redis_command_text(command, "XTRIM");
    redis_command_arg(command, key_slice(&key));
    redis_command_text(command, "MINID");
    redis_command_text(command, "~");
    redis_command_int(command, cutoff_ms(retention));
    redis_command_text(command, "LIMIT");
    redis_command_int(command, LOG_STEP);
    retention->waiting++;
    redis_send(retention->redis, command, on_log_trimmed, retention);
}

static void add_keys(struct retention *retention, const enum partition_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct key key = key_of(retention->partition, keys[i]);
        redis_command_arg(&retention->command, key_slice(&key));
    }
}

static void trim_letters(struct retention *retention)
{
    static const enum partition_key keys[] = {KEY_DLQ, KEY_RECORD, KEY_ORG_DLQ, KEY_ORG_LETTERS};
    const size_t count = sizeof keys / sizeof keys[0];
    struct redis_command *command = &retention->command;
    script_start(command, SCRIPT_TRIM_LETTERS, count);
    add_keys(retention, keys, count);
    redis_command_int(command, cutoff_ms(retention));
    redis_command_int(command, STEP_MAX);
    retention->waiting++;
    script_send(retention->redis, SCRIPT_TRIM_LETTERS, command, on_log_trimmed, retention);
}

static void trim_events(struct retention *retention)
{
    static const enum partition_key keys[] = {KEY_EVENTS,     KEY_RECORD,  KEY_ORG_EVENTS,
                                              KEY_ORG_LEASES, KEY_HISTORY, KEY_ORG_LETTERS};
    const size_t count = sizeof keys / sizeof keys[0];
    struct redis_command *command = &retention->command;
    script_start(command, SCRIPT_TRIM, count);
    add_keys(retention, keys, count);
    redis_command_text(command, GROUP_PROCESSOR);
    redis_command_int(command, retention->is_over ? clock_wall_ms() : cutoff_ms(retention));
    redis_command_text(command, retention->cursor);
    redis_command_int(command, STEP_MAX);
    redis_command_int(command, retention->partition);
    retention->waiting++;
    script_send(retention->redis, SCRIPT_TRIM, command, on_trimmed, retention);
}

static void on_measured(enum status status, const struct redis_reply *reply, void *self)
{
    struct retention *retention = self;
    if (status == STATUS_CANCELLED)
        return;
    retention->waiting--;
    retention->is_over =
        status == STATUS_OK && redis_reply_int(reply) > retention->options.bytes_max;
    trim_events(retention);
}

/* Redis samples a few nodes of the stream: a few microseconds, and right within some percent. */
static void measure(struct retention *retention)
{
    struct key key = key_of(retention->partition, KEY_EVENTS);
    redis_command_start(&retention->command);
    redis_command_text(&retention->command, "MEMORY");
    redis_command_text(&retention->command, "USAGE");
    redis_command_arg(&retention->command, key_slice(&key));
    retention->waiting++;
    redis_send(retention->redis, &retention->command, on_measured, retention);
}

static void on_timer(void *self)
{
    struct retention *retention = self;
    retention->more_logs = false;
    if (!redis_is_up(retention->redis)) {
        end_pass(retention);
        rest(retention);
        return;
    }
    trim_attempts(retention);
    trim_letters(retention);
    if (retention->in_pass && retention->options.bytes_max > 0)
        measure(retention);
    else if (retention->in_pass)
        trim_events(retention);
}

struct retention *retention_new(struct loop *loop, struct redis *redis, uint32_t partition,
                                const struct retention_options *options)
{
    struct retention *retention = xcalloc(1, sizeof *retention);
    retention->redis = redis;
    retention->partition = partition;
    retention->options = *options;
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
    begin_pass(retention);
    int64_t first_ms = retention->options.bytes_max > 0 ? FIRST_MS : INTERVAL_MS;
    if (retention->options.age_ms < first_ms)
        first_ms = retention->options.age_ms;
    loop_timer_start(retention->timer, loop_jitter(first_ms));
}

void retention_stop(struct retention *retention)
{
    retention->stopped = true;
    loop_timer_stop(retention->timer);
}
