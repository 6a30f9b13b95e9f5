/*
 * consumer_recover.c - entries that Redis gave to this consumer in an answer that never came
 *
 * They are pending for its own name and not held, and would wait for their lease to run out. So
 * after each loss of a connection the ids that are pending for the name are listed; the leases of
 * those that are not held start anew (which also tells whose they still are), and each is read from
 * the stream. XREADGROUP with an id would bring them too, but with them everything that is held, and
 * it counts as one more delivery of each: an entry of a process whose connection is often lost would
 * look like one that kills its readers. Nothing here counts: claims is what Redis says.
 * No reclaim runs meanwhile, or its entries would be taken twice.
 */
#include "consumer_private.h"

#include <stdio.h>

#include "script.h"

#define PAGE 100 /* ids listed at a time */

void consumer_owe_recovery(struct consumer *consumer)
{
    consumer->recovery.owed = true;
    consumer->recovery.after = (struct stream_id){0, 0};
}

static void end_step(struct consumer *consumer, const char *what, enum status status,
                     const struct redis_reply *reply)
{
    if (status != STATUS_OK)
        consumer_owe_recovery(consumer); /* from the beginning */
    consumer_read_ended(consumer, what, status, reply);
}

static const struct missing *find_missing(const struct recovery *recovery, struct stream_id id)
{
    for (size_t i = 0; i < recovery->count; i++)
        if (stream_id_cmp(recovery->missing[i].id, id) == 0)
            return &recovery->missing[i];
    return NULL;
}

/* [[id, fields]], or nothing when it was deleted: a reclaim will tell of that. */
static void take_entry(struct consumer *consumer, const struct redis_reply *reply)
{
    const struct redis_reply *entry = redis_reply_at(reply, 0);
    struct slice id_text = redis_reply_text(redis_reply_at(entry, 0));
    struct stream_id id;
    const struct missing *missing = NULL;
    if (stream_id_parse(id_text, &id) == STATUS_OK)
        missing = find_missing(&consumer->recovery, id);
    if (missing)
        consumer_hand_over(consumer, id_text, missing->claims, redis_reply_at(entry, 1));
}

static void on_entry(enum status status, const struct redis_reply *reply, void *self)
{
    struct consumer *consumer = self;
    struct recovery *recovery = &consumer->recovery;
    if (status == STATUS_CANCELLED)
        return;
    if (status == STATUS_OK)
        take_entry(consumer, reply);
    else
        recovery->status = status;
    if (--recovery->waiting > 0)
        return;
    consumer_lease_arm(consumer);
    consumer->owner.on_batch_end(consumer->owner.self);
    end_step(consumer, "xrange", recovery->status, reply);
}

static void fetch(struct consumer *consumer)
{
    struct recovery *recovery = &consumer->recovery;
    log_event(LOG_INFO, "consumer.recovered", log_text("stream", consumer->stream),
              log_int("count", (int64_t)recovery->count));
    recovery->status = STATUS_OK;
    recovery->waiting = recovery->count;
    for (size_t i = 0; i < recovery->count; i++) {
        char id[STREAM_ID_SIZE];
        stream_id_format(recovery->missing[i].id, id);
        redis_sendf(consumer->reader, on_entry, consumer, "XRANGE %s %s %s", consumer->stream, id,
                    id);
    }
}

static void drop_lost(struct recovery *recovery, const struct redis_reply *lost)
{
    for (size_t i = 0; i < redis_reply_count(lost); i++) {
        struct stream_id id;
        if (stream_id_parse(redis_reply_text(redis_reply_at(lost, i)), &id) != STATUS_OK)
            continue;
        size_t kept = 0;
        for (size_t k = 0; k < recovery->count; k++)
            if (stream_id_cmp(recovery->missing[k].id, id) != 0)
                recovery->missing[kept++] = recovery->missing[k];
        recovery->count = kept;
    }
}

static void on_renewed(enum status status, const struct redis_reply *reply, void *self)
{
    struct consumer *consumer = self;
    if (status == STATUS_CANCELLED)
        return;
    if (status == STATUS_OK)
        drop_lost(&consumer->recovery, reply);
    if (status == STATUS_OK && consumer->recovery.count > 0 && !consumer->stopped)
        fetch(consumer);
    else
        end_step(consumer, "renew", status, reply);
}

static void renew(struct consumer *consumer)
{
    struct redis_command *command = &consumer->command;
    script_start(command, SCRIPT_RENEW, 1);
    redis_command_text(command, consumer->stream);
    redis_command_text(command, consumer->group);
    redis_command_text(command, consumer->name);
    for (size_t i = 0; i < consumer->recovery.count; i++) {
        char id[STREAM_ID_SIZE];
        stream_id_format(consumer->recovery.missing[i].id, id);
        redis_command_text(command, id);
    }
    script_send(consumer->redis, SCRIPT_RENEW, command, on_renewed, consumer);
}

/* Rows of {id, consumer, idle ms, times delivered}. */
static void find_all_missing(struct consumer *consumer, const struct redis_reply *rows)
{
    struct recovery *recovery = &consumer->recovery;
    recovery->count = 0;
    for (size_t i = 0; i < redis_reply_count(rows) && recovery->count < recovery->most; i++) {
        const struct redis_reply *row = redis_reply_at(rows, i);
        struct stream_id id;
        if (stream_id_parse(redis_reply_text(redis_reply_at(row, 0)), &id) != STATUS_OK)
            continue;
        recovery->after = id;
        if (!consumer_find(consumer, id))
            recovery->missing[recovery->count++] =
                (struct missing){id, (uint32_t)redis_reply_int(redis_reply_at(row, 3))};
    }
}

static void on_listed(enum status status, const struct redis_reply *reply, void *self)
{
    struct consumer *consumer = self;
    struct recovery *recovery = &consumer->recovery;
    if (status == STATUS_CANCELLED)
        return;
    find_all_missing(consumer, reply);
    if (status == STATUS_OK && redis_reply_count(reply) == 0)
        recovery->owed = false;
    if (status == STATUS_OK && recovery->count > 0 && !consumer->stopped)
        renew(consumer);
    else
        end_step(consumer, "xpending", status, reply);
}

void consumer_recover(struct consumer *consumer, size_t room)
{
    struct recovery *recovery = &consumer->recovery;
    if (consumer->reclaiming)
        return; /* its answer comes back here */
    recovery->most = room < CONSUMER_RECOVER_MAX ? room : CONSUMER_RECOVER_MAX;
    consumer->reading = true;
    char after[STREAM_ID_SIZE];
    stream_id_format(recovery->after, after);
    redis_sendf(consumer->reader, on_listed, consumer, "XPENDING %s %s (%s + %lld %s",
                consumer->stream, consumer->group, after, (long long)PAGE, consumer->name);
}
