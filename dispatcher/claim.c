/*
 * claim.c - entries become deliveries, lanes get them, settle gives them back
 */
#include "claim.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "metrics.h"
#include "settle.h"
#include "strays.h"

#define READ_MAX 200

struct claim {
    struct loop *loop;
    struct claim_options options;
    struct delivery_owner owner;
    struct consumer *consumer;
    struct due *due;
    struct strays *strays;
    struct map held; /* deliveries by entry, those still ours */
    struct claim_share share;
    uint64_t reclaimed_told, lost_told; /* already in the metrics */
};

static struct slice entry_key(const struct stream_id *entry)
{
    return (struct slice){(const char *)entry, sizeof *entry};
}

static size_t room(void *self)
{
    struct claim *claim = self;
    return claim_window_room(claim->options.window, &claim->share);
}

static void poke(void *self)
{
    struct claim *claim = self;
    consumer_poke(claim->consumer);
}

static void on_end(struct delivery *delivery, void *self)
{
    struct claim *claim = self;
    if (!delivery->is_lost) {
        map_remove(&claim->held, entry_key(&delivery->entry));
        consumer_release(claim->consumer, delivery->entry);
    }
    claim_window_give(claim->options.window, &claim->share);
    delivery_free(&delivery);
}

static void on_judged(struct delivery *delivery, bool may_start, void *self)
{
    const struct claim *claim = self;
    lanes_judged(claim->options.lanes, delivery, may_start);
}

static void on_failing(const struct delivery *delivery, void *self)
{
    const struct claim *claim = self;
    disabler_disable(claim->options.disabler, delivery->fields.endpoint, delivery->fields.org,
                     "failing");
}

/* What somebody else wrote into the stream: it ends among the dead letters instead of coming back for ever. */
static const struct delivery_fields unreadable = {
    .event = SLICE("evt_00000000000000000000"),
    .endpoint = SLICE("ep_00000000000000000000"),
    .org = SLICE("org_00000000000000000000"),
    .attempt = 1,
};

static void on_entry(const struct consumer_entry *entry, void *self)
{
    struct claim *claim = self;
    struct delivery_fields fields;
    bool is_readable =
        delivery_from_fields(entry->fields, entry->fields_count, &fields) == STATUS_OK;
    struct delivery *delivery =
        delivery_new(entry->id, is_readable ? &fields : &unreadable, &claim->owner);
    delivery->made_mono_ms = due_mono_ms(claim->due, (int64_t)entry->id.ms);
    map_add(&claim->held, entry_key(&delivery->entry), delivery);
    claim_window_take(claim->options.window, &claim->share);
    if (!is_readable) {
        char text[STREAM_ID_SIZE];
        stream_id_format(entry->id, text);
        log_event(LOG_ERROR, "delivery.unreadable", log_int("partition", claim->options.partition),
                  log_text("entry", text));
        settle_unattempted(delivery, OUTCOME_DEAD, "unreadable", 0);
    } else if (entry->claims > claim->options.claims_max) {
        settle_unattempted(delivery, OUTCOME_DEAD, "claims_exceeded", 0);
    } else {
        lanes_push(claim->options.lanes, delivery);
    }
}

void claim_count(struct claim *claim)
{
    uint64_t reclaimed = consumer_reclaimed(claim->consumer),
             lost = consumer_lost_entries(claim->consumer) + due_orphans(claim->due);
    metric_add(METRIC_RECLAIMED, 0, reclaimed - claim->reclaimed_told);
    metric_add(METRIC_LOST_ENTRIES, 0, lost - claim->lost_told);
    claim->reclaimed_told = reclaimed;
    claim->lost_told = lost;
}

static void on_batch_end(void *self)
{
    struct claim *claim = self;
    claim_count(claim);
    lanes_pump(claim->options.lanes);
}

static void on_lost(struct stream_id id, void *self)
{
    struct claim *claim = self;
    struct delivery *delivery = map_remove(&claim->held, entry_key(&id));
    if (delivery) {
        log_event(LOG_WARN, "delivery.lost", log_text("delivery", delivery->id),
                  log_slice("request_id", delivery->fields.request));
        lanes_lose(claim->options.lanes, delivery);
    }
}

static void make_consumer(struct claim *claim, struct store *store)
{
    char stream[KEY_MAX + 1], reclaimed[KEY_MAX + 1];
    key_text(claim->options.partition, KEY_DELIVERIES, stream);
    key_text(claim->options.partition, KEY_RECLAIMED, reclaimed);
    struct consumer_options options = {
        .stream = stream,
        .group = GROUP_DISPATCHER,
        .reclaimed_key = reclaimed,
        .name = claim->options.consumer_name,
        .lease_ms = claim->options.lease_ms,
        .read_max = READ_MAX,
        .address = *store_address(store),
        .redis = store_redis(store),
    };
    struct consumer_owner owner = {.room = room,
                                   .on_entry = on_entry,
                                   .on_batch_end = on_batch_end,
                                   .on_lost = on_lost,
                                   .self = claim};
    claim->consumer = consumer_new(claim->loop, &options, &owner);
}

struct claim *claim_new(struct loop *loop, struct store *store, const struct claim_options *options)
{
    struct claim *claim = xcalloc(1, sizeof *claim);
    claim->loop = loop;
    claim->options = *options;
    map_init(&claim->held);
    claim->share = (struct claim_share){.poke = poke, .self = claim};
    claim->due = due_new(loop, store_redis(store), options->partition);
    claim->strays = strays_new(loop, store_redis(store), options->partition, options->lease_ms);
    make_consumer(claim, store);
    struct settle_options settle = {
        .partition = options->partition,
        .consumer = claim->consumer,
        .due = claim->due,
        .failing_after_ms = options->disable_after_ms,
    };
    claim->owner = (struct delivery_owner){
        .on_end = on_end,
        .on_judged = on_judged,
        .on_failing = on_failing,
        .self = claim,
        .settle = settle_new(loop, store_redis(store), &settle),
        .partition = options->partition,
    };
    return claim;
}

void claim_free(struct claim **claim_at)
{
    struct claim *claim = *claim_at;
    *claim_at = NULL;
    if (!claim) {
        return;
    }
    settle_free(&claim->owner.settle);
    consumer_free(&claim->consumer);
    due_free(&claim->due);
    strays_free(&claim->strays);
    map_fini(&claim->held);
    free(claim);
}

void claim_start(struct claim *claim)
{
    due_start(claim->due);
    strays_start(claim->strays);
    consumer_start(claim->consumer);
}

void claim_drain(struct claim *claim, loop_fn done, void *self)
{
    due_stop(claim->due);
    strays_stop(claim->strays);
    consumer_stop(claim->consumer);
    consumer_leave(claim->consumer, done, self);
}

void claim_wake(struct claim *claim)
{
    due_wake(claim->due);
}

const struct consumer *claim_consumer(const struct claim *claim)
{
    return claim->consumer;
}
