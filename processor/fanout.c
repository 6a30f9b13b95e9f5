#include "fanout.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/must.h"
#include "io/script.h"
#include "model/keys.h"
#include "model/webhook.h"

#define ENDPOINTS_MAX 200
#define EVENTS_MAX 200
#define WIRE_MAX (8u * 1024 * 1024)
#define RETRY_MS 500

struct fanout {
    struct loop *loop;
    struct redis *redis;
    struct fanout_options options;
    struct redis_command command;
    struct buf body;
    struct work *waiting, **last_waiting;
    struct call *calls; /* under way */
    bool flush_queued;
    struct loop_timer *retry_timer;
    struct log_limit log_limit;
};

/* One call of the script; part[i] endpoints of works[i] go with it. */
struct call {
    struct call *next;
    struct fanout *fanout;
    size_t count, endpoints;
    struct work *works[EVENTS_MAX];
    uint16_t part[EVENTS_MAX];
};

static void flush(void *self);

static void queue(struct fanout *fanout, struct work *work)
{
    work->next = NULL;
    *fanout->last_waiting = work;
    fanout->last_waiting = &work->next;
}

static void queue_flush(struct fanout *fanout)
{
    if (fanout->flush_queued || loop_timer_is_set(fanout->retry_timer))
        return;
    fanout->flush_queued = true;
    loop_later(fanout->loop, flush, fanout);
}

void fanout_add(struct fanout *fanout, struct work *work)
{
    queue(fanout, work);
    queue_flush(fanout);
}

/* Takes the next of the waiting into the call, or says that the call is full. */
static bool take_next(struct fanout *fanout, struct call *call)
{
    struct work *work = fanout->waiting;
    if (!work || call->count == EVENTS_MAX || fanout->command.wire.len > WIRE_MAX)
        return false;
    size_t left = work->endpoints_count - work->written;
    size_t part = left < ENDPOINTS_MAX ? left : ENDPOINTS_MAX;
    if (call->endpoints + part > ENDPOINTS_MAX)
        return false;
    fanout->waiting = work->next;
    if (!fanout->waiting)
        fanout->last_waiting = &fanout->waiting;
    call->works[call->count] = work;
    call->part[call->count++] = (uint16_t)part;
    call->endpoints += part;
    return true;
}

static struct slice body_of(struct fanout *fanout, const struct work *work)
{
    buf_clear(&fanout->body); /* its maximum is inline_max: a larger body overflows and is left out */
    webhook_body(&fanout->body, slice_of(work->event_id), work->type, work->time, work->data);
    return fanout->body.overflow ? (struct slice){0} : buf_slice(&fanout->body);
}

static void add_event(struct fanout *fanout, const struct work *work, size_t part)
{
    struct redis_command *command = &fanout->command;
    char entry[STREAM_ID_SIZE];
    stream_id_format(work->entry, entry);
    size_t end = work->written + part;
    redis_command_text(command, entry);
    redis_command_text(command, work->event_id);
    redis_command_arg(command, work->org);
    redis_command_text(command, work->written ? work->endpoints[work->written - 1] : "");
    redis_command_text(command, end < work->endpoints_count ? work->endpoints[end - 1] : "");
    redis_command_text(command, work->skipped);
    redis_command_arg(command, work->trace);
    redis_command_arg(command, work->request);
    redis_command_arg(command, work->after);
    redis_command_arg(command, part ? body_of(fanout, work) : (struct slice){0});
    redis_command_int(command, (int64_t)part);
    for (size_t i = work->written; i < end; i++)
        redis_command_text(command, work->endpoints[i]);
}

static void start_command(struct fanout *fanout)
{
    static const enum partition_key keys[] = {KEY_EVENTS,        KEY_DELIVERIES,      KEY_DUE,         KEY_CURSORS,
                                              KEY_RECORD_PREFIX, KEY_DELIVERY_PREFIX, KEY_STATS_PREFIX};
    size_t count = sizeof keys / sizeof keys[0];
    script_start(&fanout->command, SCRIPT_FANOUT, count);
    for (size_t i = 0; i < count; i++) {
        struct key key = key_of(fanout->options.partition, keys[i]);
        redis_command_arg(&fanout->command, key_slice(&key));
    }
    redis_command_text(&fanout->command, GROUP_PROCESSOR);
    redis_command_text(&fanout->command, fanout->options.consumer);
    redis_command_text(&fanout->command, "");
}

static void end_call(struct call *call)
{
    struct call **at = &call->fanout->calls;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    free(call);
}

/* Nothing is known of what was written; the script answers "refused" or "behind" for what was. */
static void retry_call(struct call *call, enum status status, const struct redis_reply *reply)
{
    struct fanout *fanout = call->fanout;
    uint64_t suppressed;
    if (log_limit_allows(&fanout->log_limit, 5000, &suppressed))
        log_event(LOG_WARN, "fanout.error", log_text("status", status_name(status)),
                  log_slice("answer", redis_reply_text(reply)), log_int("events", (int64_t)call->count),
                  log_int("suppressed", (int64_t)suppressed));
    for (size_t i = 0; i < call->count; i++)
        queue(fanout, call->works[i]);
    loop_timer_start(fanout->retry_timer, loop_jitter(RETRY_MS));
}

/* The first endpoint after the cursor: another process, or we in an earlier life, got that far. */
static size_t position_after(const struct work *work, struct slice cursor)
{
    size_t low = 0, high = work->endpoints_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (slice_cmp(slice_of(work->endpoints[middle]), cursor) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void settle_one(struct fanout *fanout, struct work *work, size_t part, struct slice word, struct slice detail)
{
    if (slice_is(word, "done") || slice_is(word, "refused")) {
        work->written += part;
        fanout->options.on_end(work, slice_is(word, "done") ? FANOUT_DONE : FANOUT_REFUSED, fanout->options.self);
        return;
    }
    work->written = slice_is(word, "behind") ? position_after(work, detail) : work->written + part;
    fanout_add(fanout, work);
}

static void on_answer(enum status status, const struct redis_reply *reply, void *self)
{
    struct call *call = self;
    struct fanout *fanout = call->fanout;
    if (status == STATUS_CANCELLED) {
        end_call(call);
        return;
    }
    if (status != STATUS_OK || redis_reply_count(reply) != 1 + 2 * call->count) {
        retry_call(call, status, reply);
        end_call(call);
        return;
    }
    due_hint(fanout->options.due, redis_reply_text(redis_reply_at(reply, 0)));
    for (size_t i = 0; i < call->count; i++)
        settle_one(fanout, call->works[i], call->part[i], redis_reply_text(redis_reply_at(reply, 1 + 2 * i)),
                   redis_reply_text(redis_reply_at(reply, 2 + 2 * i)));
    end_call(call);
}

static void flush(void *self)
{
    struct fanout *fanout = self;
    fanout->flush_queued = false;
    while (fanout->waiting) {
        struct call *call = xcalloc(1, sizeof *call);
        call->fanout = fanout;
        call->next = fanout->calls;
        fanout->calls = call;
        start_command(fanout);
        while (take_next(fanout, call))
            add_event(fanout, call->works[call->count - 1], call->part[call->count - 1]);
        must(call->count > 0);
        script_send(fanout->redis, SCRIPT_FANOUT, &fanout->command, on_answer, call);
    }
}

struct fanout *fanout_new(struct loop *loop, struct redis *redis, const struct fanout_options *options)
{
    struct fanout *fanout = xcalloc(1, sizeof *fanout);
    fanout->loop = loop;
    fanout->redis = redis;
    fanout->options = *options;
    fanout->last_waiting = &fanout->waiting;
    redis_command_init(&fanout->command);
    buf_init(&fanout->body, options->inline_max);
    fanout->retry_timer = loop_timer_new(loop, flush, fanout);
    return fanout;
}

/* After the connection was freed, so that no call is under way. */
void fanout_free(struct fanout **fanout_at)
{
    struct fanout *fanout = *fanout_at;
    *fanout_at = NULL;
    if (!fanout)
        return;
    for (struct call *call = fanout->calls, *next; call; call = next) {
        next = call->next;
        free(call);
    }
    loop_later_cancel(fanout->loop, fanout);
    loop_timer_free(&fanout->retry_timer);
    redis_command_fini(&fanout->command);
    buf_fini(&fanout->body);
    free(fanout);
}
