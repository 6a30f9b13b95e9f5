/*
 * consumer_lease.c - leases of held entries are renewed; entries of the dead are taken over; names
 * of the dead go; what the group has read is counted again
 */
#include "consumer_private.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "script.h"

#define RENEW_RETRY_MS 500
#define RECLAIM_INTERVAL_MS 3000 /* an idle process asks Redis less than twice a second, in all */
#define REAP_EVERY 100           /* reclaim rounds: every 5 minutes */
#define RECOUNT_EVERY 3          /* and every 9 s */
#define RECOUNT_MAX 100
#define REAP_IDLE_LEASES 20
#define REAP_IDLE_MIN_MS 600000

static int compare_ids(const void *a, const void *b)
{
    return stream_id_cmp(*(const struct stream_id *)a, *(const struct stream_id *)b);
}

static bool lose(struct consumer *consumer, struct slice id_text)
{
    struct stream_id id;
    if (stream_id_parse(id_text, &id) != STATUS_OK || !consumer_find(consumer, id))
        return false; /* released while the answer was on its way */
    consumer_release(consumer, id);
    if (consumer->owner.on_lost)
        consumer->owner.on_lost(id, consumer->owner.self);
    return true;
}

static void arm_renew(struct consumer *consumer, int64_t most_ms)
{
    int64_t tick_ms = consumer->lease_ms / 6;
    loop_timer_start(consumer->renew_timer, tick_ms < most_ms ? tick_ms : most_ms);
}

static void on_renewed(enum status status, const struct redis_reply *reply, void *self)
{
    struct consumer *consumer = self;
    consumer->renewing--;
    if (status == STATUS_CANCELLED)
        return;
    if (status != STATUS_OK) {
        consumer->renew_all = true; /* a third of the lease later may be too late */
        arm_renew(consumer, RENEW_RETRY_MS);
        consumer_note_error(consumer, "renew", status, reply);
        return;
    }
    consumer_progress(consumer);
    int64_t lost = 0;
    for (size_t i = 0; i < redis_reply_count(reply); i++)
        lost += lose(consumer, redis_reply_text(redis_reply_at(reply, i)));
    if (lost > 0)
        log_event(LOG_WARN, "lease.lost", log_text("stream", consumer->stream),
                  log_int("count", lost),
                  log_slice("first", redis_reply_text(redis_reply_at(reply, 0))));
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

/* Everything held since a third of the lease, oldest id first; renewed again only after another
 * third. */
static void on_renew_tick(void *self)
{
    struct consumer *consumer = self;
    if (consumer->held.count == 0)
        return; /* armed again with the next entry */
    bool is_up = redis_is_up(consumer->redis);
    arm_renew(consumer, is_up ? consumer->lease_ms : RENEW_RETRY_MS);
    if (consumer->renewing > 0 || !is_up)
        return;
    int64_t now_mono_ms = clock_mono_ms();
    struct stream_id *ids = xmalloc(consumer->held.count * sizeof *ids);
    size_t count = 0, cursor = 0;
    for (struct held *held; (held = map_next(&consumer->held, &cursor));) {
        bool is_due = now_mono_ms - held->renewed_mono_ms >= consumer->lease_ms / 3;
        if (!is_due && !consumer->renew_all)
            continue;
        held->renewed_mono_ms = now_mono_ms;
        ids[count++] = held->id;
    }
    consumer->renew_all = false;
    qsort(ids, count, sizeof *ids, compare_ids);
    for (size_t at = 0; at < count; at += CONSUMER_SCRIPT_MAX)
        renew(consumer, ids + at,
              count - at < CONSUMER_SCRIPT_MAX ? count - at : CONSUMER_SCRIPT_MAX);
    free(ids);
}

void consumer_lease_arm(struct consumer *consumer)
{
    if (!loop_timer_is_set(consumer->renew_timer))
        arm_renew(consumer, consumer->lease_ms);
}

static void schedule_reclaim(struct consumer *consumer, bool at_once)
{
    int64_t interval_ms =
        consumer->lease_ms / 2 < RECLAIM_INTERVAL_MS ? consumer->lease_ms / 2 : RECLAIM_INTERVAL_MS;
    if (!consumer->stopped)
        loop_timer_start(consumer->reclaim_timer, at_once ? 0 : loop_jitter(interval_ms));
}

static void count_lost_entries(struct consumer *consumer, const struct redis_reply *deleted)
{
    size_t count = redis_reply_count(deleted);
    if (count == 0)
        return;
    consumer->lost_entries += count;
    log_event(LOG_ERROR, "stream.entries_lost", log_text("stream", consumer->stream),
              log_int("count", (int64_t)count),
              log_slice("first", redis_reply_text(redis_reply_at(deleted, 0))));
}

static void take_over(struct consumer *consumer, const struct redis_reply *entries)
{
    size_t count = redis_reply_count(entries);
    if (count == 0)
        return;
    uint64_t taken = 0; /* counted one by one: an owner may release some at once */
    for (size_t i = 0; i < count; i++) {
        const struct redis_reply *entry = redis_reply_at(entries, i);
        taken += consumer_hand_over(consumer, redis_reply_text(redis_reply_at(entry, 0)),
                                    (uint32_t)redis_reply_int(redis_reply_at(entry, 1)),
                                    redis_reply_at(entry, 2));
    }
    consumer->reclaimed += taken;
    if (taken > 0) /* else all were our own, renewed too late */
        log_event(LOG_INFO, "lease.reclaimed", log_text("stream", consumer->stream),
                  log_int("count", (int64_t)taken));
    consumer_lease_arm(consumer);
    consumer->owner.on_batch_end(consumer->owner.self);
}

static void on_reclaimed(enum status status, const struct redis_reply *reply, void *self)
{
    struct consumer *consumer = self;
    consumer->reclaiming = false;
    if (status == STATUS_CANCELLED)
        return;
    consumer->reclaim_owed = false;
    bool more = false;
    if (status == STATUS_OK) {
        consumer_progress(consumer);
        if (stream_id_parse(redis_reply_text(redis_reply_at(reply, 0)),
                            &consumer->reclaim_cursor) != STATUS_OK)
            consumer->reclaim_cursor = (struct stream_id){0, 0};
        more = consumer->reclaim_cursor.ms > 0;
        count_lost_entries(consumer, redis_reply_at(reply, 1));
        take_over(consumer, redis_reply_at(reply, 2));
    } else {
        consumer_note_error(consumer, "reclaim", status, reply);
        if (status == STATUS_UNSURE)
            consumer_owe_recovery(consumer);
    }
    schedule_reclaim(consumer, more);
    consumer_poke(consumer);
    consumer_check_left(consumer);
}

static int64_t dead_after_ms(const struct consumer *consumer)
{
    int64_t usual_ms = consumer->lease_ms * REAP_IDLE_LEASES;
    if (consumer->dead_after_ms > 0)
        return consumer->dead_after_ms;
    return usual_ms > REAP_IDLE_MIN_MS ? usual_ms : REAP_IDLE_MIN_MS;
}

static void reap(struct consumer *consumer, const char *name, redis_reply_fn fn)
{
    struct redis_command *command = &consumer->command;
    script_start(command, SCRIPT_REAP, 1);
    redis_command_text(command, consumer->stream);
    redis_command_text(command, consumer->group);
    redis_command_int(command, dead_after_ms(consumer));
    redis_command_text(command, name);
    redis_command_int(command, CONSUMER_SCRIPT_MAX);
    script_send(consumer->redis, SCRIPT_REAP, command, fn, fn ? consumer : NULL);
}

/* What Redis knows of the lag may be wrong since it was started. */
static void recount(struct consumer *consumer)
{
    struct redis_command *command = &consumer->command;
    script_start(command, SCRIPT_RECOUNT, 1);
    redis_command_text(command, consumer->stream);
    redis_command_text(command, consumer->group);
    redis_command_int(command, RECOUNT_MAX);
    script_send(consumer->redis, SCRIPT_RECOUNT, command, NULL, NULL);
}

/* A tenth of what the script looks at changes hands: at most as much as there is room for. */
void consumer_reclaim(struct consumer *consumer, size_t room)
{
    if (consumer->reclaiming)
        return;
    size_t most = room < consumer->answer_max ? room : consumer->answer_max;
    size_t look_at = most < CONSUMER_SCRIPT_MAX / 10 ? most * 10 : CONSUMER_SCRIPT_MAX;
    char cursor[STREAM_ID_SIZE];
    stream_id_format(consumer->reclaim_cursor, cursor);
    struct redis_command *command = &consumer->command;
    script_start(command, SCRIPT_RECLAIM, 2);
    redis_command_text(command, consumer->stream);
    redis_command_text(command, consumer->reclaimed_key);
    redis_command_text(command, consumer->group);
    redis_command_text(command, consumer->name);
    redis_command_int(command, consumer->lease_ms);
    redis_command_text(command, cursor);
    redis_command_int(command, (int64_t)look_at);
    consumer->reclaiming = true;
    script_send(consumer->redis, SCRIPT_RECLAIM, command, on_reclaimed, consumer);
    if (consumer->reclaim_rounds % RECOUNT_EVERY == 0)
        recount(consumer);
    if (consumer->reclaim_rounds++ % REAP_EVERY == 0)
        reap(consumer, "", NULL);
}

static void on_reclaim_tick(void *self)
{
    struct consumer *consumer = self;
    size_t room = consumer->owner.room(consumer->owner.self);
    bool possible =
        consumer->group_known && redis_is_up(consumer->redis) && !consumer->recovery.owed;
    consumer->reclaim_owed = possible && room == 0;
    if (consumer->reclaim_owed)
        consumer_progress(consumer);
    if (possible && room > 0)
        consumer_reclaim(consumer, room);
    else
        schedule_reclaim(consumer, false);
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
    /* a name that stays is reaped by others once it has been idle */
    consumer->on_left(consumer->on_left_self);
}

void consumer_reap_self(struct consumer *consumer)
{
    reap(consumer, consumer->name, on_reaped_self);
}
