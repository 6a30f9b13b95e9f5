/*
 * life_deliveries.c - where each delivery of an event is, and the attempts that were made
 *
 * A delivery that neither ended nor waits is in the deliveries stream, whose entries it cannot name. What is ready was written there
 * after the delivery's last change, so a short stretch from then on finds it unless very much is in flight.
 */
#include <stdio.h>
#include <string.h>

#include "life.h"
#include "model/delivery.h"
#include "model/fields.h"
#include "model/keys.h"
#include "print.h"

#define SLICES_MAX 64
#define STRETCH 100 /* entries that are looked through besides as many as the event has */
#define STRETCH_MAX 1000

static void on_attempt(enum status status, const struct redis_reply *reply, void *self)
{
    enum { NUMBER, OUTCOME, STATUS, DURATION, ALWAYS, ERROR = ALWAYS, FIELDS };
    static const char *const names[FIELDS] = {"attempt", "outcome", "status", "duration_ms",
                                              "error"};
    const struct redis_reply *fields = redis_reply_at(redis_reply_at(reply, 0), 1);
    struct slice slices[SLICES_MAX], values[FIELDS];
    size_t count = redis_reply_slices(fields, slices, SLICES_MAX);
    struct attempt *attempt = self;
    uint64_t numbers[3];

    (void)status;
    if (fields_pick(slices, count, names, ALWAYS, values) != STATUS_OK ||
        fields_pick_some(slices, count, &names[ERROR], 1, &values[ERROR]) != STATUS_OK ||
        slice_to_u64(values[NUMBER], INT64_MAX, &numbers[0]) != STATUS_OK ||
        slice_to_u64(values[STATUS], INT64_MAX, &numbers[1]) != STATUS_OK ||
        slice_to_u64(values[DURATION], INT64_MAX, &numbers[2]) != STATUS_OK)
        return;
    attempt->is_kept = true;
    attempt->number = (int64_t)numbers[0];
    attempt->status = (int64_t)numbers[1];
    attempt->duration_ms = (int64_t)numbers[2];
    text_keep(attempt->outcome, sizeof attempt->outcome, values[OUTCOME]);
    text_keep(attempt->error, sizeof attempt->error, values[ERROR]);
}

static void on_paused(enum status status, const struct redis_reply *reply, void *self)
{
    struct delivery *delivery = self;

    (void)status;
    if (slice_is(redis_reply_text(reply), "1"))
        text_keep(delivery->reason, sizeof delivery->reason, SLICE(DELIVERY_PAUSED));
}

/* Behind the answer above. */
static void on_lane_due(enum status status, const struct redis_reply *reply, void *self)
{
    struct delivery *delivery = self;

    (void)status;
    if (redis_reply_type(reply) != REDIS_NIL &&
        !slice_is(slice_of(delivery->reason), DELIVERY_PAUSED))
        delivery->until_ms = redis_reply_int(reply);
}

/* Of one that is held: whether its endpoint is paused, whatever it waited for before; else when its lane goes on. */
static void ask_lane(struct life *life, struct delivery *delivery)
{
    const struct slice endpoint = slice_of(delivery->endpoint);
    struct key record = key_of_id(life->event.partition, KEY_ENDPOINT, endpoint);
    struct key due = key_of(life->event.partition, KEY_DUE);

    ask_may_fail(life->ask, ASK_WORDS(SLICE("HGET"), key_slice(&record), SLICE("paused")),
                 on_paused, delivery);
    ask_may_fail(life->ask, ASK_WORDS(SLICE("ZSCORE"), key_slice(&due), endpoint), on_lane_due,
                 delivery);
}

static void ask_delivery(struct life *life, struct delivery *delivery)
{
    uint32_t partition = life->event.partition;
    struct key attempts = key_of(partition, KEY_ATTEMPTS);

    if (delivery->stage == DELIVERY_WAITING && delivery->until_ms < 0)
        ask_lane(life, delivery);

    for (size_t i = 0; i < delivery->history_count; i++) {
        char id[STREAM_ID_SIZE];
        if (delivery->history[i].is_kept)
            continue;
        stream_id_format(delivery->history[i].id, id);
        ask_words(life->ask,
                  ASK_WORDS(SLICE("XRANGE"), key_slice(&attempts), slice_of(id), slice_of(id)),
                  on_attempt, &delivery->history[i]);
    }
}

static struct delivery *find(struct life *life, struct slice endpoint)
{
    for (size_t i = 0; i < life->count; i++) {
        if (slice_is(endpoint, life->deliveries[i].endpoint))
            return &life->deliveries[i];
    }
    return NULL;
}

/* [[id, [name value …]] …] of the deliveries stream. */
static void on_stretch(enum status status, const struct redis_reply *reply, void *self)
{
    struct slice slices[SLICES_MAX];
    struct delivery_fields fields;
    struct life *life = self;

    (void)status;
    for (size_t i = 0; i < redis_reply_count(reply); i++) {
        const struct redis_reply *entry = redis_reply_at(reply, i);
        size_t count = redis_reply_slices(redis_reply_at(entry, 1), slices, SLICES_MAX);
        struct delivery *delivery;
        struct stream_id id;
        if (delivery_from_fields(slices, count, &fields) != STATUS_OK ||
            !slice_is(fields.event, life->id) ||
            stream_id_parse(redis_reply_text(redis_reply_at(entry, 0)), &id) != STATUS_OK)
            continue;
        delivery = find(life, fields.endpoint);
        if (delivery != NULL && delivery->stage == DELIVERY_UNDER_WAY) {
            delivery->stage = DELIVERY_READY;
            delivery->entry = id;
        }
    }
}

/* The earliest time at which one of those that are under way can have been written into the stream. */
static int64_t written_from_ms(const struct life *life, const struct delivery *delivery)
{
    int64_t accepted_ms = (int64_t)life->event.entry.ms;

    return delivery->at_ms > accepted_ms ? delivery->at_ms : accepted_ms;
}

static void ask_stretch(struct life *life)
{
    struct key stream = key_of(life->event.partition, KEY_DELIVERIES);
    size_t count = life_count(life, DELIVERY_UNDER_WAY) + STRETCH;
    int64_t from_ms = INT64_MAX;
    char from[24], max[24];

    if (count == STRETCH)
        return;
    for (size_t i = 0; i < life->count; i++) {
        int64_t at_ms = written_from_ms(life, &life->deliveries[i]);
        if (life->deliveries[i].stage == DELIVERY_UNDER_WAY && at_ms < from_ms)
            from_ms = at_ms;
    }
    snprintf(from, sizeof from, "%lld", (long long)from_ms);
    snprintf(max, sizeof max, "%zu", count < STRETCH_MAX ? count : STRETCH_MAX);
    ask_words(life->ask,
              ASK_WORDS(SLICE("XRANGE"), key_slice(&stream), slice_of(from), SLICE("+"),
                        SLICE("COUNT"), slice_of(max)),
              on_stretch, life);
}

static void on_holder(enum status status, const struct redis_reply *reply, void *self)
{
    struct delivery *delivery = self;

    (void)status;
    holder_read(reply, &delivery->holder);
    if (delivery->holder.name[0] != '\0')
        delivery->stage = DELIVERY_IN_FLIGHT;
}

static void ask_holder(struct life *life, struct delivery *delivery)
{
    struct key stream = key_of(life->event.partition, KEY_DELIVERIES);
    char id[STREAM_ID_SIZE];

    stream_id_format(delivery->entry, id);
    ask_may_fail(life->ask,
                 ASK_WORDS(SLICE("XPENDING"), key_slice(&stream), SLICE(GROUP_DISPATCHER),
                           slice_of(id), slice_of(id), SLICE("1")),
                 on_holder, delivery);
}

static void on_dead_letter(enum status status, const struct redis_reply *reply, void *self)
{
    static const char *const names[] = {"reason"};
    struct delivery *delivery = self;
    struct slice slices[SLICES_MAX], reason;
    size_t count =
        redis_reply_slices(redis_reply_at(redis_reply_at(reply, 0), 1), slices, SLICES_MAX);

    (void)status;
    if (fields_pick(slices, count, names, 1, &reason) == STATUS_OK)
        text_keep(delivery->reason, sizeof delivery->reason, reason);
}

/* When its dead letter is not kept any more, the last attempt says at least what was wrong with that one. */
static void ask_reason(struct life *life, struct delivery *delivery)
{
    struct key dlq = key_of(life->event.partition, KEY_DLQ);
    char id[STREAM_ID_SIZE];

    if (delivery->history_count > 0)
        text_keep(delivery->reason, sizeof delivery->reason,
                  slice_of(delivery->history[delivery->history_count - 1].error));
    stream_id_format(delivery->letter, id);
    ask_words(life->ask, ASK_WORDS(SLICE("XRANGE"), key_slice(&dlq), slice_of(id), slice_of(id)),
              on_dead_letter, delivery);
}

enum status life_read_deliveries(struct life *life, struct error *err)
{
    enum status status;

    for (size_t i = 0; i < life->count; i++)
        ask_delivery(life, &life->deliveries[i]);
    status = ask_wait(life->ask, err);
    if (status != STATUS_OK)
        return status;
    ask_stretch(life);
    status = ask_wait(life->ask, err);
    for (size_t i = 0; status == STATUS_OK && i < life->count; i++) {
        if (life->deliveries[i].stage == DELIVERY_READY)
            ask_holder(life, &life->deliveries[i]);
        if (life->deliveries[i].stage == DELIVERY_DEAD)
            ask_reason(life, &life->deliveries[i]);
    }
    return status == STATUS_OK ? ask_wait(life->ask, err) : status;
}
