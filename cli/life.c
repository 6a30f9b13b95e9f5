/*
 * life.c - the event's entry in the log, who has it, and the record of its deliveries
 */
#include "life.h"

#include <stdlib.h>
#include <string.h>

#include "model/attempt_item.h"
#include "model/delivery.h"
#include "model/delivery_state.h"
#include "model/keys.h"
#include "print.h"

#define DELIVERIES_MAX 100000

const char *const event_stage_names[] = {
    [EVENT_UNREAD] = "unread", [EVENT_CLAIMED] = "claimed", [EVENT_PROCESSED] = "processed"};

const char *const delivery_stage_names[DELIVERY_STAGES] = {
    [DELIVERY_DELIVERED] = "delivered",   [DELIVERY_DEAD] = "dead",
    [DELIVERY_WAITING] = "waiting",       [DELIVERY_READY] = "ready",
    [DELIVERY_IN_FLIGHT] = "in_flight",   [DELIVERY_UNDER_WAY] = "ready_or_in_flight",
    [DELIVERY_UNREADABLE] = "unreadable",
};

static void keep_fields(struct life *life, const struct log_entry *entry)
{
    size_t len = 1;
    char *at;

    for (size_t i = 0; i < LOG_FIELDS; i++)
        len += entry->fields[i].len;
    at = life->texts = xmalloc(len);
    for (size_t i = 0; i < LOG_FIELDS; i++) {
        life->fields[i] = (struct slice){.at = at, .len = entry->fields[i].len};
        if (entry->fields[i].len > 0)
            memcpy(at, entry->fields[i].at, entry->fields[i].len);
        at += entry->fields[i].len;
    }
}

static void on_entry(enum status status, const struct redis_reply *reply, void *self)
{
    struct life *life = self;
    struct log_entry entry;

    (void)status;
    if (log_entry_read(redis_reply_at(reply, 0), life->event.partition, &entry) != STATUS_OK)
        return;
    life->is_there = true;
    keep_fields(life, &entry);
}

static void on_oldest(enum status status, const struct redis_reply *reply, void *self)
{
    struct life *life = self;
    struct slice id = redis_reply_text(redis_reply_at(redis_reply_at(reply, 0), 0));
    struct stream_id oldest;

    (void)status;
    life->log_starts_ms =
        stream_id_parse(id, &oldest) == STATUS_OK ? (int64_t)(oldest.ms & INT64_MAX) : -1;
}

static void on_groups(enum status status, const struct redis_reply *reply, void *self)
{
    struct life *life = self;

    (void)status;
    group_read(reply, GROUP_PROCESSOR, &life->group);
}

static void on_holder(enum status status, const struct redis_reply *reply, void *self)
{
    struct life *life = self;

    (void)status;
    holder_read(reply, &life->holder);
}

/* The history itself says all of it. */
static void tell_by_item(const struct attempt_item *item, struct attempt *attempt)
{
    attempt->is_kept = true;
    attempt->number = item->attempt;
    attempt->status = item->status;
    attempt->duration_ms = item->duration_ms;
    text_keep(attempt->outcome, sizeof attempt->outcome, slice_of(outcome_name(OUTCOME_DELIVERED)));
}

static void add_attempts(struct delivery *delivery, struct slice history)
{
    while (history.len > 0) {
        struct attempt attempt = {.status = -1};
        struct attempt_item item;
        if (attempt_item_cut(&history, &item) != STATUS_OK)
            continue;
        attempt.id = item.entry;
        if (!item.has_entry)
            tell_by_item(&item, &attempt);
        delivery->history =
            xrealloc(delivery->history, (delivery->history_count + 1) * sizeof *delivery->history);
        delivery->history[delivery->history_count++] = attempt;
    }
}

static void read_state(struct slice text, struct delivery *delivery)
{
    static const enum delivery_stage stages[] = {
        [DELIVERY_WORD_PENDING] = DELIVERY_UNDER_WAY,
        [DELIVERY_WORD_WAITING] = DELIVERY_WAITING,
        [DELIVERY_WORD_DELIVERED] = DELIVERY_DELIVERED,
        [DELIVERY_WORD_DEAD] = DELIVERY_DEAD,
    };
    struct delivery_state state = {.changed_at_ms = -1};

    delivery->stage = DELIVERY_UNREADABLE;
    if (delivery_state_parse(text, &state) == STATUS_OK)
        delivery->stage = stages[state.word];
    delivery->attempts = state.attempts;
    delivery->status = state.status;
    delivery->at_ms = state.changed_at_ms;
    delivery->until_ms = state.until_ms;
    delivery->letter = state.letter;
    text_keep(delivery->reason, sizeof delivery->reason, state.reason);
    add_attempts(delivery, state.history);
}

static void add_delivery(struct life *life, struct slice endpoint, struct slice state)
{
    struct delivery *delivery = &life->deliveries[life->count];

    if (!other_id_is_valid(endpoint, "ep_"))
        return;
    text_keep(delivery->endpoint, sizeof delivery->endpoint, endpoint);
    delivery_id_format(slice_of(life->id), endpoint, delivery->id);
    read_state(state, delivery);
    life->count++;
}

static int by_endpoint(const void *a, const void *b)
{
    return strcmp(((const struct delivery *)a)->endpoint, ((const struct delivery *)b)->endpoint);
}

/* endpoint state endpoint state … , and skipped with its reason */
static void on_record(enum status status, const struct redis_reply *reply, void *self)
{
    struct life *life = self;
    size_t pairs = redis_reply_count(reply) / 2;

    (void)status;
    pairs = pairs < DELIVERIES_MAX ? pairs : DELIVERIES_MAX;
    if (pairs == 0)
        return;
    life->deliveries = xcalloc(pairs, sizeof *life->deliveries);
    for (size_t i = 0; i < pairs; i++) {
        struct slice name = redis_reply_text(redis_reply_at(reply, 2 * i));
        struct slice value = redis_reply_text(redis_reply_at(reply, 2 * i + 1));
        if (slice_is(name, "skipped"))
            text_keep(life->skipped, sizeof life->skipped, value);
        else
            add_delivery(life, name, value);
    }
    qsort(life->deliveries, life->count, sizeof *life->deliveries, by_endpoint);
}

/* The record is asked for last: whatever the group says is done has been written into it before. */
static void ask_all(struct life *life)
{
    struct key events = key_of(life->event.partition, KEY_EVENTS);
    struct key record = key_of_id(life->event.partition, KEY_RECORD, slice_of(life->id));
    char entry[STREAM_ID_SIZE];
    struct slice id;

    stream_id_format(life->event.entry, entry);
    id = slice_of(entry);
    ask_words(life->ask, ASK_WORDS(SLICE("XRANGE"), key_slice(&events), id, id), on_entry, life);
    ask_words(life->ask,
              ASK_WORDS(SLICE("XRANGE"), key_slice(&events), SLICE("-"), SLICE("+"), SLICE("COUNT"),
                        SLICE("1")),
              on_oldest, life);
    ask_may_fail(life->ask, ASK_WORDS(SLICE("XINFO"), SLICE("GROUPS"), key_slice(&events)),
                 on_groups, life);
    ask_may_fail(life->ask,
                 ASK_WORDS(SLICE("XPENDING"), key_slice(&events), SLICE(GROUP_PROCESSOR), id, id,
                           SLICE("1")),
                 on_holder, life);
    ask_words(life->ask, ASK_WORDS(SLICE("HGETALL"), key_slice(&record)), on_record, life);
}

enum status life_read(struct ask *ask, struct event_id event, struct life *life, struct error *err)
{
    enum status status;

    life->ask = ask;
    life->event = event;
    event_id_format(event, life->id);
    ask_all(life);
    status = ask_wait(ask, err);
    if (status != STATUS_OK)
        return status;
    if (!life->is_there) {
        bool is_older = life->log_starts_ms > (int64_t)event.entry.ms;
        error_set(err, "%s is not in the log: %s", life->id,
                  is_older ? "it is older than what is kept (setting retention of the processor)"
                           : "no event with this id was accepted here (is MILLRACE_REDIS_URL that "
                             "of its server?)");
        return STATUS_ABSENT;
    }
    life->stage = life->holder.name[0] != '\0' ? EVENT_CLAIMED
                  : !life->group.exists || stream_id_cmp(event.entry, life->group.last) > 0
                      ? EVENT_UNREAD
                      : EVENT_PROCESSED;
    return life_read_deliveries(life, err);
}

void life_fini(struct life *life)
{
    for (size_t i = 0; i < life->count; i++)
        free(life->deliveries[i].history);
    free(life->deliveries);
    free(life->texts);
    *life = (struct life){0};
}

size_t life_count(const struct life *life, enum delivery_stage stage)
{
    size_t count = 0;

    for (size_t i = 0; i < life->count; i++)
        count += life->deliveries[i].stage == stage;
    return count;
}
