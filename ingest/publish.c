/*
 * publish.c - gathers the events of a turn into calls of publish.lua, and tells each what became of it
 */
#include "publish.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/must.h"
#include "io/script.h"
#include "model/keys.h"
#include "publish_command.h"

#define ITEMS_MAX 200 /* lua/lib/packed.lua bounds it, too */
#define WIRE_MAX (8u * 1024 * 1024)
#define WAITAOF_TIMEOUT_MS 5000

/* Items of one partition, gathered over the turn. */
struct queue {
    struct publish_item *first, **last;
};

struct publisher {
    struct loop *loop;
    struct store *store;
    struct redis *redis;
    struct publisher_options options;
    struct redis_command command;
    struct queue *partitions;
    uint32_t partitions_count;
    bool flush_queued;
    bool was_up;
    struct log_limit log_limit;
};

struct call_result {
    struct publish_item *item;
    enum publish_word word;
    char id[EVENT_ID_LEN + 1];
};

/* One call of the script. Answers wait in results for the barrier, when there is one. */
struct batch {
    struct batch *next;
    struct publisher *publisher;
    struct barrier *barrier; /* NULL: the script's answer is enough */
    enum durability durability;
    uint32_t partition;
    size_t count;
    struct publish_item *items[ITEMS_MAX];
    struct rate_batch limits;
    struct call_result *results;
};

/* WAITAOF after the batches of one turn, and those of them that have answered before it. */
struct barrier {
    struct publisher *publisher;
    struct batch *answered, **last_answered;
    size_t unanswered;
    bool is_over; /* WAITAOF has answered */
};

/* Only these two say that nothing was done. A script may fail half-way, and what is cancelled may
 * have been sent. */
static enum status told_for(enum status status)
{
    return status == STATUS_DOWN || status == STATUS_LIMIT ? STATUS_DOWN : STATUS_UNSURE;
}

static void fail_items(struct batch *batch, enum status status)
{
    enum status told = told_for(status);
    for (size_t i = 0; i < batch->count; i++)
        batch->items[i]->answered(batch->items[i], told, PUBLISH_FULL, "", DURABILITY_RELAXED);
}

static void free_batch(struct batch *batch)
{
    rate_batch_fini(&batch->limits);
    free(batch->results);
    free(batch);
}

static void tell_results(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct call_result *result = &batch->results[i];
        result->item->answered(result->item, STATUS_OK, result->word, result->id,
                               batch->durability);
    }
}

static bool read_word(struct slice word, enum publish_word *out)
{
    static const char *const words[] = {"accepted", "duplicate", "mismatch", "full", "limited"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (slice_is(word, words[i])) {
            *out = (enum publish_word)i;
            return true;
        }
    }
    return false;
}

static bool read_result(const struct batch *batch, const struct redis_reply *reply, size_t index,
                        struct call_result *out)
{
    struct event_id id = {.partition = batch->partition};
    struct slice entry = redis_reply_text(redis_reply_at(reply, 2 * index + 1));
    out->item = batch->items[index];
    out->id[0] = '\0';
    if (!read_word(redis_reply_text(redis_reply_at(reply, 2 * index)), &out->word))
        return false;
    if (out->word == PUBLISH_FULL || out->word == PUBLISH_LIMITED)
        return true;
    if (stream_id_parse(entry, &id.entry) != STATUS_OK)
        return false;
    event_id_format(id, out->id);
    return true;
}

static bool read_results(struct batch *batch, const struct redis_reply *reply)
{
    if (redis_reply_count(reply) != 2 * batch->count + RATE_NUMBERS * batch->limits.count)
        return false;
    batch->results = xcalloc(batch->count, sizeof *batch->results);
    for (size_t i = 0; i < batch->count; i++)
        if (!read_result(batch, reply, i, &batch->results[i]))
            return false;
    for (size_t i = 0; i < batch->count; i++)
        rate_batch_tell(&batch->limits, reply, 2 * batch->count, batch->items[i]->limits,
                        batch->items[i]->rates);
    return true;
}

static void note_failure(struct publisher *publisher, enum status status,
                         const struct redis_reply *reply, size_t count)
{
    uint64_t suppressed;
    if (status != STATUS_CANCELLED && log_limit_allows(&publisher->log_limit, 5000, &suppressed))
        log_event(LOG_WARN, "publish.failed", log_text("status", status_name(status)),
                  log_slice("answer", redis_reply_text(reply)), log_int("events", (int64_t)count),
                  log_int("suppressed", (int64_t)suppressed));
}

static void on_synced(enum status status, const struct redis_reply *reply, void *self);

static struct barrier *barrier_new(struct publisher *publisher)
{
    struct barrier *barrier = xcalloc(1, sizeof *barrier);
    barrier->publisher = publisher;
    barrier->last_answered = &barrier->answered;
    return barrier;
}

static void barrier_add(struct barrier *barrier, struct batch *batch)
{
    batch->next = NULL;
    *barrier->last_answered = batch;
    barrier->last_answered = &batch->next;
}

static void barrier_send(struct barrier *barrier)
{
    redis_sendf(barrier->publisher->redis, on_synced, barrier, "WAITAOF 1 0 %d",
                WAITAOF_TIMEOUT_MS);
}

static void barrier_done(struct barrier *barrier)
{
    if (barrier && barrier->is_over && barrier->unanswered == 0)
        free(barrier);
}

/* A call that Redis had to be told the script for was made again, behind the WAITAOF of its turn:
 * it needs one of its own. */
static void wait_for_sync(struct batch *batch)
{
    struct barrier *barrier = batch->barrier;
    if (!barrier->is_over) {
        barrier_add(barrier, batch);
        return;
    }
    struct barrier *own = barrier_new(batch->publisher);
    barrier_add(own, batch);
    barrier_send(own);
}

static void on_published(enum status status, const struct redis_reply *reply, void *self)
{
    struct batch *batch = self;
    struct barrier *barrier = batch->barrier;
    if (barrier)
        barrier->unanswered--;
    if (status != STATUS_OK || !read_results(batch, reply)) {
        note_failure(batch->publisher, status, reply, batch->count);
        /* An answer we cannot read leaves open what was done. */
        fail_items(batch, status == STATUS_OK ? STATUS_UNSURE : status);
        free_batch(batch);
    } else if (barrier) {
        wait_for_sync(batch);
    } else {
        tell_results(batch);
        free_batch(batch);
    }
    barrier_done(barrier);
}

/* [local fsyncs, replicas] */
static void on_synced(enum status status, const struct redis_reply *reply, void *self)
{
    struct barrier *barrier = self;
    bool durable = status == STATUS_OK && redis_reply_int(redis_reply_at(reply, 0)) >= 1;
    if (!durable)
        note_failure(barrier->publisher, status == STATUS_OK ? STATUS_UNSURE : status, reply, 0);
    for (struct batch *batch = barrier->answered, *next; batch; batch = next) {
        next = batch->next;
        if (durable)
            tell_results(batch);
        else
            fail_items(batch, STATUS_UNSURE);
        free_batch(batch);
    }
    barrier->is_over = true;
    barrier_done(barrier);
}

static void send_batch(struct publisher *publisher, struct batch *batch)
{
    struct publish_command_options options = {
        .partition = batch->partition,
        .max_depth = publisher->options.max_depth,
        .dedup_window_ms = publisher->options.dedup_window_ms,
    };
    publish_command_write(&publisher->command, &options, batch->items, batch->count,
                          &batch->limits);
    script_send(publisher->redis, SCRIPT_PUBLISH, &publisher->command, on_published, batch);
}

static void flush_partition(struct publisher *publisher, uint32_t index, struct barrier *barrier)
{
    struct queue *queue = &publisher->partitions[index];
    struct publish_item *item = queue->first;
    queue->first = NULL;
    queue->last = &queue->first;
    while (item) {
        struct batch *batch = xcalloc(1, sizeof *batch);
        batch->publisher = publisher;
        batch->barrier = barrier;
        batch->durability = store_durability(publisher->store);
        batch->partition = index;
        size_t bytes = 0;
        for (; item && batch->count < ITEMS_MAX; item = item->next) {
            bytes += item->event->data.len + item->event->ce.len;
            if (batch->count > 0 && bytes > WIRE_MAX)
                break; /* a large one must not take others past the bound of a command */
            batch->items[batch->count++] = item;
        }
        if (barrier)
            barrier->unanswered++;
        send_batch(publisher, batch);
    }
}

static void flush(void *self)
{
    struct publisher *publisher = self;
    publisher->flush_queued = false;
    struct barrier *barrier = store_needs_waitaof(publisher->store) ? barrier_new(publisher) : NULL;
    for (uint32_t i = 0; i < publisher->partitions_count; i++)
        flush_partition(publisher, i, barrier);
    if (barrier)
        barrier_send(barrier);
}

void publisher_add(struct publisher *publisher, struct publish_item *item)
{
    struct queue *queue =
        &publisher->partitions[partition_of(item->org, publisher->partitions_count)];
    item->next = NULL;
    *queue->last = item;
    queue->last = &item->next;
    if (publisher->flush_queued)
        return;
    publisher->flush_queued = true;
    loop_later(publisher->loop, flush, publisher);
}

bool publisher_is_up(const struct publisher *publisher)
{
    return redis_is_up(publisher->redis);
}

/* The first connection is made while the store's own says what Redis is like; another one may lead to
 * another Redis. */
static void on_state(bool up, void *self)
{
    struct publisher *publisher = self;
    if (publisher->was_up)
        store_doubt(publisher->store);
    publisher->was_up |= up;
}

struct publisher *publisher_new(struct loop *loop, struct store *store,
                                const struct publisher_options *options)
{
    struct publisher *publisher = xcalloc(1, sizeof *publisher);
    publisher->loop = loop;
    publisher->store = store;
    publisher->options = *options;
    publisher->partitions_count = store_partitions(store);
    publisher->partitions = xcalloc(publisher->partitions_count, sizeof *publisher->partitions);
    for (uint32_t i = 0; i < publisher->partitions_count; i++)
        publisher->partitions[i].last = &publisher->partitions[i].first;
    redis_command_init(&publisher->command);
    struct redis_options redis = {
        .address = *store_address(store),
        .client_name = options->client_name,
        .connect_timeout_ms = 5000,
        .reply_timeout_ms = WAITAOF_TIMEOUT_MS + 5000,
        .load_scripts = true,
    };
    publisher->redis = redis_new(loop, &redis);
    redis_listen(publisher->redis, on_state, publisher);
    return publisher;
}

static void fail_queued(struct queue *queue)
{
    for (struct publish_item *item = queue->first, *next; item; item = next) {
        next = item->next;
        item->answered(item, STATUS_DOWN, PUBLISH_FULL, "", DURABILITY_RELAXED);
    }
}

void publisher_free(struct publisher **publisher_at)
{
    struct publisher *publisher = *publisher_at;
    *publisher_at = NULL;
    if (!publisher)
        return;
    redis_free(&publisher->redis);
    loop_later_cancel(publisher->loop, publisher);
    for (uint32_t i = 0; i < publisher->partitions_count; i++)
        fail_queued(&publisher->partitions[i]);
    redis_command_fini(&publisher->command);
    free(publisher->partitions);
    free(publisher);
}
