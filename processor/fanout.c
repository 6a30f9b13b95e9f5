/*
 * fanout.c - gathers matched events into calls of fanout.lua, and sees each to its end
 */
#include "fanout.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/must.h"
#include "io/script.h"
#include "model/keys.h"
#include "model/webhook.h"

#define ENDPOINTS_MAX 200
#define EVENTS_MAX 200 /* lua/lib/packed.lua bounds it, too */
#define WIRE_MAX (8u * 1024 * 1024)
#define EVENT_WIRE 1024  /* of an event besides its body, at most */
#define ENDPOINT_WIRE 32 /* of an endpoint's id */
#define RETRY_MS 500
#define PLAIN_STRINGS 3 /* of an event, besides its endpoints */
#define ALL_STRINGS 8

struct queue {
    struct work *first, **last;
};

struct fanout {
    struct loop *loop;
    struct redis *redis;
    struct fanout_options options;
    struct redis_command command;
    struct buf body;
    struct queue waiting;
    size_t under_way; /* events in calls */
    bool flush_queued;
    struct loop_timer *retry_timer;
    struct log_limit log_limit;
};

/* One call of the script: so many endpoints of each of some events. */
struct part {
    struct work *work;
    size_t endpoints;
};

struct call {
    struct fanout *fanout;
    struct consumer_call entries; /* of its events */
    size_t endpoints, bytes;
    struct part parts[EVENTS_MAX];
};

static void queue_init(struct queue *queue)
{
    *queue = (struct queue){.last = &queue->first};
}

static void queue_add(struct queue *queue, struct work *work)
{
    work->next = NULL;
    *queue->last = work;
    queue->last = &work->next;
}

static struct work *queue_take(struct queue *queue)
{
    struct work *work = queue->first;
    queue->first = work->next;
    if (!queue->first)
        queue->last = &queue->first;
    return work;
}

static void flush(void *self);

void fanout_add(struct fanout *fanout, struct work *work)
{
    queue_add(&fanout->waiting, work);
    if (fanout->flush_queued || loop_timer_is_set(fanout->retry_timer))
        return;
    fanout->flush_queued = true;
    loop_later(fanout->loop, flush, fanout);
}

/* Takes the next of the waiting into the call, or says that the call is full. */
static bool take_next(struct fanout *fanout, struct call *call)
{
    const struct work *next = fanout->waiting.first;
    if (!next || call->entries.count == EVENTS_MAX || call->bytes > WIRE_MAX)
        return false;
    size_t left = next->endpoints_count - next->written;
    size_t endpoints = left < ENDPOINTS_MAX ? left : ENDPOINTS_MAX;
    if (call->endpoints + endpoints > ENDPOINTS_MAX)
        return false;
    call->endpoints += endpoints;
    call->bytes += EVENT_WIRE + ENDPOINT_WIRE * endpoints;
    if (next->data.len + next->ce.len < fanout->options.inline_max)
        call->bytes += next->data.len + next->ce.len;
    struct work *work = queue_take(&fanout->waiting);
    call->parts[call->entries.count] = (struct part){work, endpoints};
    consumer_call_add(fanout->options.consumer, &call->entries, work->entry, work->is_unsure);
    return true;
}

static struct slice body_of(struct fanout *fanout, const struct part *part)
{
    const struct work *work = part->work;

    if (part->endpoints == 0)
        return (struct slice){0};
    buf_clear(&fanout->body); /* its maximum is inline_max: a larger body overflows, is left out */
    webhook_body(&fanout->body, slice_of(work->event_id), work->type, work->time, work->data,
                 work->ce);
    return fanout->body.overflow ? (struct slice){0} : buf_slice(&fanout->body);
}

/* A whole event that is to be sent at once to all of its endpoints. */
static bool is_plain(const struct part *part)
{
    const struct work *work = part->work;

    return work->cursor[0] == '\0' && part->endpoints == work->endpoints_count &&
           work->skipped[0] == '\0' && work->after.len == 0 && !work->any_gated;
}

static void add_event(struct fanout *fanout, const struct part *part)
{
    struct redis_command *command = &fanout->command;
    const struct work *work = part->work;
    const bool is_short = is_plain(part);
    size_t end = work->written + part->endpoints;
    char entry[STREAM_ID_SIZE];
    stream_id_format(work->entry, entry);
    redis_command_pack_size(command, is_short ? PLAIN_STRINGS : ALL_STRINGS);
    redis_command_pack_size(command, part->endpoints);
    redis_command_pack_size(command, work->mark_chars);
    redis_command_text(command, entry);
    redis_command_text(command, work->event_id);
    redis_command_arg(command, work->origin);
    if (!is_short) {
        redis_command_text(command, work->cursor);
        redis_command_text(command, end < work->endpoints_count ? work->endpoints[end - 1] : "");
        redis_command_text(command, work->skipped);
        redis_command_arg(command, work->after);
        redis_command_text(command, work->any_gated ? "1" : "0");
    }
    for (size_t i = work->written; i < end; i++)
        redis_command_text(command, work->endpoints[i]);
}

static void start_command(struct fanout *fanout)
{
    static const enum partition_key keys[] = {
        KEY_EVENTS,  KEY_DELIVERIES, KEY_DUE,      KEY_WAITING, KEY_CURSORS,  KEY_RECORD,
        KEY_HISTORY, KEY_LANE,       KEY_ENDPOINT, KEY_STATS,   KEY_RECLAIMED};
    size_t count = sizeof keys / sizeof keys[0];
    script_start(&fanout->command, SCRIPT_FANOUT, count);
    for (size_t i = 0; i < count; i++) {
        struct key key = key_of(fanout->options.partition, keys[i]);
        redis_command_arg(&fanout->command, key_slice(&key));
    }
    redis_command_text(&fanout->command, GROUP_PROCESSOR);
    redis_command_text(&fanout->command, consumer_name(fanout->options.consumer));
    redis_command_text(&fanout->command, "");
}

/* Nothing is known of what was written; the script answers "refused" or "behind" for what was. */
static void retry_later(struct fanout *fanout, struct work *work)
{
    queue_add(&fanout->waiting, work);
    if (!loop_timer_is_set(fanout->retry_timer))
        loop_timer_start(fanout->retry_timer, loop_jitter(RETRY_MS));
}

static void fail_call(struct call *call, enum status status, const struct redis_reply *reply)
{
    struct fanout *fanout = call->fanout;
    uint64_t suppressed;
    if (log_limit_allows(&fanout->log_limit, 5000, &suppressed))
        log_event(LOG_WARN, "fanout.error", log_text("status", status_name(status)),
                  log_slice("answer", redis_reply_text(reply)),
                  log_int("events", (int64_t)call->entries.count),
                  log_int("suppressed", (int64_t)suppressed));
    for (size_t i = 0; i < call->entries.count; i++) {
        struct work *work = call->parts[i].work;
        work->is_unsure = work->is_unsure || status != STATUS_DOWN;
        retry_later(fanout, work);
    }
}

/* Another process, or we in an earlier life, got as far as the cursor. The endpoint it names may be
 * gone by now: the script wants to hear the cursor itself. */
static void go_on_after(struct fanout *fanout, struct work *work, struct slice cursor)
{
    size_t low = 0, high = work->endpoints_count;
    if (slice_to_text(cursor, work->cursor, sizeof work->cursor) != STATUS_OK) {
        retry_later(fanout, work); /* not one of ours: until somebody takes it away */
        return;
    }
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(work->endpoints[middle], work->cursor) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    work->written = low;
    fanout_add(fanout, work);
}

static void settle_part(struct fanout *fanout, const struct part *part, struct slice word,
                        struct slice detail)
{
    struct work *work = part->work;
    if (slice_is(word, "continued")) {
        work->written += part->endpoints;
        must(slice_to_text(slice_of(work->endpoints[work->written - 1]), work->cursor,
                           sizeof work->cursor) == STATUS_OK);
        fanout_add(fanout, work);
    } else if (slice_is(word, "behind")) {
        go_on_after(fanout, work, detail);
    } else {
        enum fanout_end end = slice_is(word, "done") ? FANOUT_DONE : FANOUT_REFUSED;
        fanout->options.on_end(work, end, fanout->options.self);
    }
}

static void on_answer(enum status status, const struct redis_reply *reply, void *self)
{
    struct call *call = self;
    struct fanout *fanout = call->fanout;
    fanout->under_way -= call->entries.count;
    if (status == STATUS_OK && redis_reply_count(reply) == 1 + 2 * call->entries.count) {
        due_hint(fanout->options.due, redis_reply_text(redis_reply_at(reply, 0)));
        for (size_t i = 0; i < call->entries.count; i++)
            settle_part(fanout, &call->parts[i], redis_reply_text(redis_reply_at(reply, 1 + 2 * i)),
                        redis_reply_text(redis_reply_at(reply, 2 + 2 * i)));
    } else if (status != STATUS_CANCELLED) {
        fail_call(call, status, reply);
    }
    free(call);
}

static int compare_entries(const void *a, const void *b)
{
    const struct part *one = a, *other = b;
    return stream_id_cmp(one->work->entry, other->work->entry);
}

static void send_call(struct fanout *fanout)
{
    struct call *call = xcalloc(1, sizeof *call);
    call->fanout = fanout;
    while (take_next(fanout, call))
        continue;
    must(call->entries.count > 0);
    /* Ascending ids are looked up at once, others one by one. */
    qsort(call->parts, call->entries.count, sizeof call->parts[0], compare_entries);
    start_command(fanout);
    consumer_say(fanout->options.consumer, &fanout->command, &call->entries, fanout->under_way);
    fanout->under_way += call->entries.count;
    redis_command_open_pack(&fanout->command);
    for (size_t i = 0; i < call->entries.count; i++)
        add_event(fanout, &call->parts[i]);
    redis_command_close_pack(&fanout->command);
    for (size_t i = 0; i < call->entries.count; i++)
        redis_command_arg(&fanout->command, body_of(fanout, &call->parts[i]));
    script_send(fanout->redis, SCRIPT_FANOUT, &fanout->command, on_answer, call);
}

static void flush(void *self)
{
    struct fanout *fanout = self;
    fanout->flush_queued = false;
    while (fanout->waiting.first)
        send_call(fanout);
}

struct fanout *fanout_new(struct loop *loop, struct redis *redis,
                          const struct fanout_options *options)
{
    struct fanout *fanout = xcalloc(1, sizeof *fanout);
    fanout->loop = loop;
    fanout->redis = redis;
    fanout->options = *options;
    queue_init(&fanout->waiting);
    redis_command_init(&fanout->command);
    buf_init(&fanout->body, options->inline_max);
    fanout->retry_timer = loop_timer_new(loop, flush, fanout);
    return fanout;
}

void fanout_free(struct fanout **fanout_at)
{
    struct fanout *fanout = *fanout_at;
    *fanout_at = NULL;
    if (!fanout)
        return;
    loop_later_cancel(fanout->loop, fanout);
    loop_timer_free(&fanout->retry_timer);
    redis_command_fini(&fanout->command);
    buf_fini(&fanout->body);
    free(fanout);
}
