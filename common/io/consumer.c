/*
 * consumer.c - reads a stream for a group and holds what it read
 */
#include "consumer_private.h"

#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/must.h"

#define FIELDS_MAX 64
#define RETRY_MS 500
#define UNBLOCK_MS 100
#define ANSWER_FIRST 50
#define ANSWER_BYTES ((size_t)16 << 20) /* well below what a connection takes as one answer */

static void try_read(struct consumer *consumer);

static struct slice held_key(const struct held *held)
{
    return (struct slice){(const char *)&held->id, sizeof held->id};
}

struct held *consumer_find(const struct consumer *consumer, struct stream_id id)
{
    return map_get(&consumer->held, (struct slice){(const char *)&id, sizeof id});
}

void consumer_note_error(struct consumer *consumer, const char *what, enum status status,
                         const struct redis_reply *reply)
{
    struct slice text = redis_reply_text(reply);
    if (slice_starts(text, "NOGROUP"))
        consumer->group_known = false;
    if (status == STATUS_UNSURE && consumer->answer_max > 1)
        consumer->answer_max = consumer->answer_max < 4 ? 1 : consumer->answer_max / 4;
    uint64_t suppressed;
    if (!log_limit_allows(&consumer->log_limit, 5000, &suppressed))
        return;
    log_event(LOG_WARN, "consumer.error", log_text("call", what),
              log_text("stream", consumer->stream), log_text("status", status_name(status)),
              log_slice("answer", text), log_int("suppressed", (int64_t)suppressed));
}

static void retry_later(struct consumer *consumer)
{
    if (!loop_timer_is_set(consumer->retry_timer))
        loop_timer_start(consumer->retry_timer, loop_jitter(RETRY_MS));
}

void consumer_progress(struct consumer *consumer)
{
    consumer->last_progress_mono_ms = clock_mono_ms();
}

bool consumer_hand_over(struct consumer *consumer, struct slice id_text, uint32_t claims,
                        const struct redis_reply *fields)
{
    struct stream_id id;
    if (stream_id_parse(id_text, &id) != STATUS_OK || redis_reply_type(fields) != REDIS_LIST)
        return false;
    struct held *held = consumer_find(consumer, id);
    if (held) { /* our own lease ran out while Redis was away, and we took the entry back */
        held->renewed_mono_ms = clock_mono_ms();
        return false;
    }
    held = xcalloc(1, sizeof *held);
    *held = (struct held){
        .id = id, .renewed_mono_ms = clock_mono_ms(), .session = consumer_session(consumer)};
    map_add(&consumer->held, held_key(held), held);
    struct slice slices[FIELDS_MAX];
    struct consumer_entry entry = {.id = id, .claims = claims, .fields = slices};
    entry.fields_count = redis_reply_slices(fields, slices, FIELDS_MAX);
    size_t bytes = 0;
    for (size_t i = 0; i < entry.fields_count; i++)
        bytes += slices[i].len;
    if (bytes > consumer->entry_bytes)
        consumer->entry_bytes = bytes;
    consumer->owner.on_entry(&entry, consumer->owner.self);
    return true;
}

/* An answer past the connection's bound would end it, and would again after each lease: how many
 * entries are asked for follows their size. */
static void size_answers(struct consumer *consumer)
{
    size_t grown = consumer->answer_max * 2;
    size_t fitting = ANSWER_BYTES / (consumer->entry_bytes + 1) + 1;
    consumer->answer_max = grown < fitting ? grown : fitting;
    if (consumer->answer_max > consumer->read_max)
        consumer->answer_max = consumer->read_max;
    consumer->entry_bytes -= consumer->entry_bytes / 4; /* a single large one is soon forgotten */
}

/* [[stream, [[id, fields], …]]] */
static void take_entries(struct consumer *consumer, const struct redis_reply *reply)
{
    const struct redis_reply *entries = redis_reply_at(redis_reply_at(reply, 0), 1);
    size_t count = redis_reply_count(entries);
    for (size_t i = 0; i < count; i++) {
        const struct redis_reply *entry = redis_reply_at(entries, i);
        consumer_hand_over(consumer, redis_reply_text(redis_reply_at(entry, 0)), 1,
                           redis_reply_at(entry, 1));
    }
    if (count == 0)
        return;
    size_answers(consumer);
    consumer_lease_arm(consumer);
    consumer->owner.on_batch_end(consumer->owner.self);
}

void consumer_read_ended(struct consumer *consumer, const char *what, enum status status,
                         const struct redis_reply *reply)
{
    consumer->reading = false;
    consumer->failing = status != STATUS_OK;
    if (status == STATUS_OK) {
        consumer_progress(consumer);
        try_read(consumer);
    } else {
        consumer_note_error(consumer, what, status, reply);
        retry_later(consumer);
    }
    consumer_check_left(consumer);
}

static void on_read(enum status status, const struct redis_reply *reply, void *self)
{
    struct consumer *consumer = self;
    if (status == STATUS_CANCELLED)
        return; /* we are being freed, and the shared connection may be gone already */
    if (status == STATUS_OK)
        take_entries(consumer, reply);
    consumer_read_ended(consumer, "xreadgroup", status, reply);
}

static void on_group(enum status status, const struct redis_reply *reply, void *self)
{
    struct consumer *consumer = self;
    consumer->creating_group = false;
    if (status == STATUS_CANCELLED)
        return;
    consumer->group_known =
        status == STATUS_OK || slice_starts(redis_reply_text(reply), "BUSYGROUP");
    consumer->failing = !consumer->group_known;
    if (consumer->group_known) {
        consumer_progress(consumer); /* the first blocking read may take its whole time */
        try_read(consumer);
    } else {
        consumer_note_error(consumer, "xgroup create", status, reply);
        retry_later(consumer);
    }
}

/* At 0, never at the end: what is in the stream already is ours to process. */
static void create_group(struct consumer *consumer)
{
    consumer->creating_group = true;
    redis_sendf(consumer->reader, on_group, consumer, "XGROUP CREATE %s %s 0 MKSTREAM",
                consumer->stream, consumer->group);
}

static void try_read(struct consumer *consumer)
{
    if (!consumer->started || consumer->stopped || consumer->reading || consumer->creating_group ||
        !redis_is_up(consumer->reader))
        return;
    if (!consumer->group_known) {
        create_group(consumer);
        return;
    }
    size_t room = consumer->owner.room(consumer->owner.self);
    if (room == 0)
        return;
    if (consumer_is_reader_behind(consumer)) {
        redis_reconnect(consumer->reader);
        return;
    }
    if (consumer->recovery.owed) {
        consumer_recover(consumer, room);
        return;
    }
    if (consumer->reclaim_owed) {
        consumer_reclaim(consumer, room);
        return;
    }
    consumer->reading = true;
    redis_sendf(consumer->reader, on_read, consumer,
                "XREADGROUP GROUP %s %s COUNT %lld BLOCK %lld STREAMS %s >", consumer->group,
                consumer->name,
                (long long)(room < consumer->answer_max ? room : consumer->answer_max),
                (long long)CONSUMER_BLOCK_MS, consumer->stream);
}

/* A blocked read is ended by Redis, not by closing: entries it is just being given would wait
 * for their lease. Told until it has ended, since it may reach Redis later than the first word. */
static void unblock(struct consumer *consumer)
{
    if (!consumer->reading)
        return;
    if (consumer->reader_client_id > 0 && redis_is_up(consumer->redis))
        redis_sendf(consumer->redis, NULL, NULL, "CLIENT UNBLOCK %lld",
                    (long long)consumer->reader_client_id);
    loop_timer_start(consumer->retry_timer, UNBLOCK_MS);
}

static void on_retry(void *self)
{
    struct consumer *consumer = self;
    if (consumer->stopped)
        unblock(consumer);
    else
        try_read(consumer);
}

static void on_client_id(enum status status, const struct redis_reply *reply, void *self)
{
    struct consumer *consumer = self;
    consumer->reader_client_id = status == STATUS_OK ? redis_reply_int(reply) : 0;
}

static void on_reader_state(bool up, void *self)
{
    struct consumer *consumer = self;
    consumer->reader_client_id = 0;
    if (!up) {
        consumer->group_known = false; /* a Redis that comes back may have lost it */
        consumer_owe_recovery(consumer);
        return;
    }
    consumer->reader_since = redis_epoch(consumer->redis);
    redis_sendf(consumer->reader, on_client_id, consumer, "CLIENT ID");
    try_read(consumer);
}

struct consumer *consumer_new(struct loop *loop, const struct consumer_options *options,
                              const struct consumer_owner *owner)
{
    must(owner->room && owner->on_entry && owner->on_batch_end);
    struct consumer *consumer = xcalloc(1, sizeof *consumer);
    consumer->loop = loop;
    consumer->owner = *owner;
    consumer->stream = xstrdup(options->stream);
    consumer->group = xstrdup(options->group);
    consumer->name = xstrdup(options->name);
    consumer->reclaimed_key = xstrdup(options->reclaimed_key);
    consumer->lease_ms = options->lease_ms;
    consumer->dead_after_ms = options->dead_after_ms;
    consumer->read_max = options->read_max;
    consumer->answer_max = options->read_max < ANSWER_FIRST ? options->read_max : ANSWER_FIRST;
    consumer->redis = options->redis;
    map_init(&consumer->held);
    redis_command_init(&consumer->command);
    struct redis_options reader = {
        .address = options->address,
        .client_name = options->name,
        .connect_timeout_ms = 5000,
        .reply_timeout_ms = CONSUMER_BLOCK_MS + 5000,
    };
    consumer->reader = redis_new(loop, &reader);
    redis_listen(consumer->reader, on_reader_state, consumer);
    consumer->retry_timer = loop_timer_new(loop, on_retry, consumer);
    consumer_lease_start(consumer);
    return consumer;
}

void consumer_free(struct consumer **consumer_at)
{
    struct consumer *consumer = *consumer_at;
    *consumer_at = NULL;
    if (!consumer)
        return;
    redis_free(&consumer->reader);
    loop_timer_free(&consumer->retry_timer);
    loop_timer_free(&consumer->renew_timer);
    loop_timer_free(&consumer->reclaim_timer);
    size_t cursor = 0;
    for (struct held *held; (held = map_next(&consumer->held, &cursor));)
        free(held);
    map_fini(&consumer->held);
    redis_command_fini(&consumer->command);
    free(consumer->stream);
    free(consumer->group);
    free(consumer->name);
    free(consumer->reclaimed_key);
    free(consumer);
}

void consumer_start(struct consumer *consumer)
{
    consumer->started = true;
    loop_timer_start(consumer->reclaim_timer, 0);
    try_read(consumer);
}

void consumer_poke(struct consumer *consumer)
{
    try_read(consumer);
}

void consumer_release(struct consumer *consumer, struct stream_id id)
{
    struct held *held = consumer_find(consumer, id);
    if (!held)
        return;
    map_remove(&consumer->held, held_key(held));
    free(held);
    consumer_check_left(consumer);
}

size_t consumer_held(const struct consumer *consumer)
{
    return consumer->held.count;
}

const char *consumer_name(const struct consumer *consumer)
{
    return consumer->name;
}

bool consumer_is_reading(const struct consumer *consumer)
{
    return consumer->started && redis_is_up(consumer->reader) && consumer->group_known &&
           !consumer->failing;
}

int64_t consumer_last_progress_mono_ms(const struct consumer *consumer)
{
    return consumer->last_progress_mono_ms;
}

uint64_t consumer_reclaimed(const struct consumer *consumer)
{
    return consumer->reclaimed;
}

uint64_t consumer_lost_entries(const struct consumer *consumer)
{
    return consumer->lost_entries;
}

void consumer_stop(struct consumer *consumer)
{
    consumer->stopped = true;
    consumer_lease_stop(consumer);
    unblock(consumer);
}

void consumer_leave(struct consumer *consumer, loop_fn done, void *self)
{
    must(consumer->stopped && !consumer->on_left);
    consumer->on_left = done;
    consumer->on_left_self = self;
    consumer_check_left(consumer);
}

void consumer_check_left(struct consumer *consumer)
{
    if (!consumer->on_left || consumer->leaving || consumer->reading || consumer->reclaiming ||
        consumer->held.count > 0)
        return;
    consumer->leaving = true;
    consumer_reap_self(consumer);
}
