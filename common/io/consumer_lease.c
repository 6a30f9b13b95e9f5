/*
 * consumer_lease.c - leases of held entries are renewed; entries of the dead are taken over; names of the dead go
 */
#include "consumer_private.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "script.h"

#define RECLAIM_INTERVAL_MS 2000
#define REAP_EVERY 150 /* reclaim rounds: every 5 minutes */
#define REAP_IDLE_LEASES 20
#define REAP_IDLE_MIN_MS 600000

static int compare_ids(const void *a, const void *b)
{
    return stream_id_cmp(*(const struct stream_id *)a, *(const struct stream_id *)b);
}

static void lose(struct consumer *consumer, struct slice id_text)
{
    struct stream_id id;
    if (stream_id_parse(id_text, &id) != STATUS_OK ||
        !map_get(&consumer->held, (struct slice){(const char *)&id, sizeof id}))
        return;
    log_event(LOG_WARN, "lease.lost", log_text("stream", consumer->stream), log_slice("entry", id_text));
    consumer_release(consumer, id);
    if (consumer->owner.on_lost)
        consumer->owner.on_lost(id, consumer->owner.self);
}

static void on_renewed(enum status status, const struct redis_reply *reply, void *self)
{
    struct consumer *consumer = self;
    consumer->renewing--;
    if (status != STATUS_OK) {
        consumer_note_error(consumer, "renew", status, reply);
        return;
    }
    for (size_t i = 0; i < redis_reply_count(reply); i++)
        lose(consumer, redis_reply_text(redis_reply_at(reply, i)));
}

static void renew(struct consumer *consumer, const struct stream_id *ids, size_t count)
{
    struct redis_command *command = &consumer->command;
    script_start(command, SCRIPT_RENEW, 1);
    redis_command_text(command, consumer->stream);
    redis_command_text(command, consumer->group);
    redis_command_text(command, consumer->name);
    for (size_t i = 0; i < count; i++) {
        char text[STREAM_ID_SIZE];
        stream_id_format(ids[i], text);
        redis_command_text(command, text);
    }
    consumer->renewing++;
    script_send(consumer->redis, SCRIPT_RENEW, command, on_renewed, consumer);
}

/* Everything held since a third of the lease, oldest id first; renewed again only after another third. */
static void on_renew_tick(void *self)
{
    struct consumer *consumer = self;
    if (consumer->held.count == 0)
        return; /* armed again with the next entry */
    loop_timer_start(consumer->renew_timer, consumer->lease_ms / 6);
    if (consumer->renewing > 0 || !redis_is_up(consumer->redis))
        return;
    int64_t now_mono_ms = clock_mono_ms();
    struct stream_id *ids = xmalloc(consumer->held.count * sizeof *ids);
    size_t count = 0, cursor = 0;
    for (struct held *held; (held = map_next(&consumer->held, &cursor));) {
        if (now_mono_ms - held->renewed_mono_ms < consumer->lease_ms / 3)
            continue;
        held->renewed_mono_ms = now_mono_ms;
        ids[count++] = held->id;
    }
    qsort(ids, count, sizeof *ids, compare_ids);
    for (size_t at = 0; at < count; at += CONSUMER_SCRIPT_MAX)
        renew(consumer, ids + at, count - at < CONSUMER_SCRIPT_MAX ? count - at : CONSUMER_SCRIPT_MAX);
    free(ids);
}

void consumer_lease_arm(struct consumer *consumer)
{
    if (!loop_timer_is_set(consumer->renew_timer))
        loop_timer_start(consumer->renew_timer, consumer->lease_ms / 6);
}

static void schedule_reclaim(struct consumer *consumer, bool at_once)
{
    int64_t interval_ms = consumer->lease_ms / 2 < RECLAIM_INTERVAL_MS ? consumer->lease_ms / 2 : RECLAIM_INTERVAL_MS;
    if (!consumer->stopped)
        loop_timer_start(consumer->reclaim_timer, at_once ? 0 : loop_jitter(interval_ms));
}

static void count_lost_entries(struct consumer *consumer, const struct redis_reply *deleted)
{
    size_t count = redis_reply_count(deleted);
    if (count == 0)
        return;
    consumer->lost_entries += count;
    log_event(LOG_ERROR, "stream.entries_lost", log_text("stream", consumer->stream), log_int("count", (int64_t)count),
              log_slice("first", redis_reply_text(redis_reply_at(deleted, 0))));
}

static void take_over(struct consumer *consumer, const struct redis_reply *entries)
{
    size_t count = redis_reply_count(entries);
    if (count == 0)
        return;
    size_t before = consumer->held.count;
    for (size_t i = 0; i < count; i++) {
        const struct redis_reply *entry = redis_reply_at(entries, i);
        consumer_hand_over(consumer, redis_reply_text(redis_reply_at(entry, 0)),
                           (uint32_t)redis_reply_int(redis_reply_at(entry, 1)), redis_reply_at(entry, 2));
    }
    uint64_t taken = consumer->held.count - before;
    consumer->reclaimed += taken;
    log_event(LOG_INFO, "lease.reclaimed", log_text("stream", consumer->stream), log_int("count", (int64_t)taken));
    consumer_lease_arm(consumer);
    consumer->owner.on_batch_end(consumer->owner.self);
}

static void on_reclaimed(enum status status, const struct redis_reply *reply, void *self)
{
    struct consumer *consumer = self;
    consumer->reclaiming = false;
    if (status == STATUS_CANCELLED)
        return;
    bool more = false;
    if (status == STATUS_OK) {
        consumer->last_progress_mono_ms = clock_mono_ms();
        if (stream_id_parse(redis_reply_text(redis_reply_at(reply, 0)), &consumer->reclaim_cursor) != STATUS_OK)
            consumer->reclaim_cursor = (struct stream_id){0, 0};
        more = consumer->reclaim_cursor.ms > 0;
        count_lost_entries(consumer, redis_reply_at(reply, 1));
        take_over(consumer, redis_reply_at(reply, 2));
    } else {
        consumer_note_error(consumer, "reclaim", status, reply);
        if (!consumer->group_known)
            consumer_poke(consumer);
    }
    schedule_reclaim(consumer, more);
    consumer_check_left(consumer);
}

static void reap(struct consumer *consumer, const char *name, redis_reply_fn fn)
{
    int64_t idle_ms = consumer->lease_ms * REAP_IDLE_LEASES;
    struct redis_command *command = &consumer->command;
    script_start(command, SCRIPT_REAP, 1);
    redis_command_text(command, consumer->stream);
    redis_command_text(command, consumer->group);
    redis_command_int(command, idle_ms > REAP_IDLE_MIN_MS ? idle_ms : REAP_IDLE_MIN_MS);
    redis_command_text(command, name);
    redis_command_int(command, CONSUMER_SCRIPT_MAX);
    script_send(consumer->redis, SCRIPT_REAP, command, fn, fn ? consumer : NULL);
}

static void on_reclaim_tick(void *self)
{
    struct consumer *consumer = self;
    size_t room = consumer->owner.room(consumer->owner.self);
    if (consumer->reclaiming)
        return;
    if (room == 0 || !consumer->group_known || !redis_is_up(consumer->redis)) {
        schedule_reclaim(consumer, false);
        return;
    }
    char cursor[STREAM_ID_SIZE];
    stream_id_format(consumer->reclaim_cursor, cursor);
    struct redis_command *command = &consumer->command;
    script_start(command, SCRIPT_RECLAIM, 1);
    redis_command_text(command, consumer->stream);
    redis_command_text(command, consumer->group);
    redis_command_text(command, consumer->name);
    redis_command_int(command, consumer->lease_ms);
    redis_command_text(command, cursor);
    redis_command_int(command, (int64_t)(room < CONSUMER_SCRIPT_MAX ? room : CONSUMER_SCRIPT_MAX));
    consumer->reclaiming = true;
    script_send(consumer->redis, SCRIPT_RECLAIM, command, on_reclaimed, consumer);
    if (consumer->reclaim_rounds++ % REAP_EVERY == 0)
        reap(consumer, "", NULL);
}

void consumer_lease_start(struct consumer *consumer)
{
    consumer->renew_timer = loop_timer_new(consumer->loop, on_renew_tick, consumer);
    consumer->reclaim_timer = loop_timer_new(consumer->loop, on_reclaim_tick, consumer);
}

void consumer_lease_stop(struct consumer *consumer)
{
    loop_timer_stop(consumer->reclaim_timer);
}

static void on_reaped_self(enum status status, const struct redis_reply *reply, void *self)
{
    (void)reply;
    if (status == STATUS_CANCELLED) /* the connection is being freed, and we with it */
        return;
    struct consumer *consumer = self;
    consumer->on_left(consumer->on_left_self); /* a name that stays is reaped by others once it has been idle */
}

void consumer_reap_self(struct consumer *consumer)
{
    reap(consumer, consumer->name, on_reaped_self);
}
