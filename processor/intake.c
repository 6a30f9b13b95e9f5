#include "intake.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "io/due.h"
#include "model/keys.h"
#include "model/trace.h"
#include "aside.h"
#include "freshness.h"
#include "metrics.h"
#include "recipients.h"
#include "unmatched.h"

#define READ_MAX 200
#define ASIDE_TIMES 4 /* as many events may be set aside as held, and as many bytes */

static const char claims_exceeded[] = "claims_exceeded";

struct intake {
    struct loop *loop;
    struct catalog *catalog;
    struct intake_options options;
    struct consumer *consumer;
    struct due *due;
    struct freshness *freshness;
    struct fanout *fanout;
    struct work *newest; /* all that is held, also aside */
    size_t count, bytes;
    size_t waits_count; /* for catalogs */
    struct unmatched *unmatched;
    struct aside *aside;
    int64_t last_end_mono_ms; /* of some work, or when the first of what is active came */
    bool poke_queued;
    bool draining;
};

/* Held, and not set aside. */
static size_t active(const struct intake *intake)
{
    return intake->count - aside_count(intake->aside);
}

static void poke(void *self)
{
    struct intake *intake = self;
    intake->poke_queued = false;
    consumer_poke(intake->consumer);
}

static void made_room(struct intake *intake)
{
    intake->last_end_mono_ms = clock_mono_ms();
    if (intake->poke_queued)
        return;
    intake->poke_queued = true;
    loop_later(intake->loop, poke, intake);
}

static void end_work(struct intake *intake, struct work *work)
{
    if (work->newer)
        work->newer->older = work->older;
    else
        intake->newest = work->older;
    if (work->older)
        work->older->newer = work->newer;
    intake->count--;
    intake->bytes -= work->bytes;
    struct stream_id entry = work->entry;
    work_free(&work);
    consumer_release(intake->consumer, entry);
    made_room(intake);
}

static enum events_result result_of(const struct work *work, enum fanout_end end)
{
    if (end == FANOUT_REFUSED)
        return EVENTS_REFUSED;
    if (work->skipped == claims_exceeded)
        return EVENTS_GIVEN_UP;
    return work->skipped[0] ? EVENTS_SKIPPED : EVENTS_PROCESSED;
}

static void log_end(const struct work *work, enum events_result result)
{
    static const char *const names[] = {
        [EVENTS_PROCESSED] = "event.fanned_out",
        [EVENTS_SKIPPED] = "event.skipped",
        [EVENTS_REFUSED] = "event.refused",
        [EVENTS_GIVEN_UP] = "event.given_up",
    };
    char room[TRACE_REQUEST_ID_LEN + 1];
    log_event(result == EVENTS_GIVEN_UP ? LOG_ERROR : LOG_INFO, names[result],
              log_text("event", work->event_id), log_slice("type", work->type),
              log_slice("org", work->org), log_int("deliveries", (int64_t)work->endpoints_count),
              log_text("reason", work->skipped),
              log_slice("request_id", request_id_whole(work->request, work->trace, room)),
              log_slice("trace", work->trace));
}

static void on_fanout_end(struct work *work, enum fanout_end end, void *self)
{
    enum events_result result = result_of(work, end);
    metric_add(METRIC_EVENTS, result, 1);
    if (end == FANOUT_DONE)
        metric_add(METRIC_FANOUT_DELIVERIES, 0, work->endpoints_count);
    log_end(work, result);
    end_work(self, work);
}

static void match(struct intake *intake, struct work *work)
{
    unmatched_leave(intake->unmatched, work);
    recipients_find(work, catalog_index(work->catalog));
    fanout_add(intake->fanout, work);
}

/* What a wait for a catalog is about. */
struct wait {
    struct intake *intake;
    struct work *work;
};

/* Not to be cured by asking again soon. */
static bool is_final(enum status status)
{
    return status == STATUS_FAILED || status == STATUS_LIMIT || status == STATUS_INVALID ||
           status == STATUS_DENIED;
}

/* What is left while draining stays pending: it is another process's after the lease. */
static void set_aside(struct intake *intake, struct work *work, enum status why)
{
    unmatched_leave(intake->unmatched, work);
    if (intake->draining) {
        end_work(intake, work);
        return;
    }
    aside_add(intake->aside, work, why);
    made_room(intake); /* its place is free */
}

static void match_later(struct work *work, void *self)
{
    struct intake *intake = self;
    unmatched_add(intake->unmatched, work);
}

static void on_catalog(enum status status, struct cache_value *value, void *self)
{
    struct wait *wait = self;
    struct intake *intake = wait->intake;
    struct work *work = wait->work;
    free(wait);
    if (status == STATUS_CANCELLED)
        return; /* we may be gone already */
    intake->waits_count--;
    if (status == STATUS_OK && !unmatched_may_pass(intake->unmatched, work)) {
        cache_release(&value);
        match_later(work, intake);
    } else if (status == STATUS_OK) {
        work->catalog = value;
        aside_retry(intake->aside, work->org);
        match(intake, work);
    } else if (is_final(status)) {
        set_aside(intake, work, status);
    } else {
        match_later(work, intake);
    }
}

/* While others wait, of whatever organization, nobody looks for himself: a catalog may be there, and who waited for
 * it not told yet. Those who ask are answered in the order of asking. */
static void find_catalog(struct intake *intake, struct work *work)
{
    if (!unmatched_may_pass(intake->unmatched, work)) {
        match_later(work, intake);
        return;
    }
    if (intake->waits_count == 0 &&
        catalog_peek(intake->catalog, work->org, &work->catalog) == STATUS_OK) {
        match(intake, work);
        return;
    }
    struct wait *wait = xcalloc(1, sizeof *wait);
    *wait = (struct wait){intake, work};
    intake->waits_count++;
    catalog_get(intake->catalog, work->org, on_catalog, wait);
}

static void on_known(struct work *work, void *self)
{
    struct intake *intake = self;
    intake->last_end_mono_ms = clock_mono_ms();
    find_catalog(intake, work);
}

static void on_fresh(struct work *work, void *self)
{
    find_catalog(self, work);
}

static void ask_again(void *self)
{
    struct intake *intake = self;
    for (struct work *work; (work = unmatched_take(intake->unmatched));)
        freshness_add(intake->freshness, work);
    freshness_ask(intake->freshness);
}

static void on_entry(const struct consumer_entry *entry, void *self)
{
    struct intake *intake = self;
    struct work *work =
        work_new(entry->id, intake->options.partition, entry->fields, entry->fields_count);
    if (!work)
        work = work_new_unreadable(entry->id, intake->options.partition);
    else if (entry->claims > intake->options.claims_max)
        work->skipped = claims_exceeded;
    else
        work->mark_chars = pace_mark_chars(intake->options.pace, work->org, entry->id.ms);
    if (active(intake) == 0)
        intake->last_end_mono_ms = clock_mono_ms();
    work->older = intake->newest;
    if (work->older)
        work->older->newer = work;
    intake->newest = work;
    intake->count++;
    intake->bytes += work->bytes;
    if (work->skipped[0])
        fanout_add(intake->fanout, work);
    else
        freshness_add(intake->freshness, work);
}

static void on_batch_end(void *self)
{
    struct intake *intake = self;
    freshness_ask(intake->freshness);
}

/* Small reads are not worth their cost: half of the room must be free. */
static size_t room(void *self)
{
    struct intake *intake = self;
    size_t held = active(intake), bytes = intake->bytes - aside_bytes(intake->aside);
    if (held * 2 > intake->options.events_max || bytes >= intake->options.bytes_max ||
        aside_is_full(intake->aside) || !unmatched_is_empty(intake->unmatched))
        return 0;
    size_t count = intake->options.events_max - held;
    if (held == 0)
        return count;
    size_t average = bytes / held + 1;
    size_t fitting = (intake->options.bytes_max - bytes) / average + 1;
    return fitting < count ? fitting : count;
}

static void make_consumer(struct intake *intake, struct store *store)
{
    const struct intake_options *options = &intake->options;
    char stream[KEY_MAX + 1], reclaimed[KEY_MAX + 1];
    key_text(options->partition, KEY_EVENTS, stream);
    key_text(options->partition, KEY_RECLAIMED, reclaimed);
    struct consumer_options consumer = {
        .stream = stream,
        .group = GROUP_PROCESSOR,
        .reclaimed_key = reclaimed,
        .name = options->consumer_name,
        .lease_ms = options->lease_ms,
        .read_max = READ_MAX,
        .address = *store_address(store),
        .redis = store_redis(store),
    };
    struct consumer_owner owner = {
        .room = room, .on_entry = on_entry, .on_batch_end = on_batch_end, .self = intake};
    intake->consumer = consumer_new(intake->loop, &consumer, &owner);
}

static void make_aside(struct intake *intake)
{
    const struct intake_options *options = &intake->options;
    struct aside_options aside = {
        .catalog = intake->catalog,
        .events_max = options->events_max * ASIDE_TIMES,
        .bytes_max = options->bytes_max * ASIDE_TIMES,
        .retry_ms = options->aside_retry_ms,
        .on_known = on_known,
        .self = intake,
    };
    intake->aside = aside_new(intake->loop, &aside);
}

struct intake *intake_new(struct loop *loop, struct store *store, struct catalog *catalog,
                          const struct intake_options *options)
{
    struct intake *intake = xcalloc(1, sizeof *intake);
    intake->loop = loop;
    intake->catalog = catalog;
    intake->options = *options;
    intake->due = due_new(loop, store_redis(store), options->partition);
    make_consumer(intake, store);
    struct fanout_options fanout = {
        .partition = options->partition,
        .consumer = intake->consumer,
        .inline_max = options->inline_max,
        .due = intake->due,
        .on_end = on_fanout_end,
        .self = intake,
    };
    intake->fanout = fanout_new(loop, store_redis(store), &fanout);
    struct freshness_options freshness = {
        .redis = store_redis(store),
        .feed = options->feed,
        .catalog = catalog,
        .on_fresh = on_fresh,
        .on_failed = match_later,
        .self = intake,
    };
    intake->freshness = freshness_new(&freshness);
    make_aside(intake);
    intake->unmatched = unmatched_new(loop, ask_again, intake);
    return intake;
}

void intake_free(struct intake **intake_at)
{
    struct intake *intake = *intake_at;
    *intake_at = NULL;
    if (!intake)
        return;
    fanout_free(&intake->fanout);
    freshness_free(&intake->freshness);
    aside_free(&intake->aside);
    for (struct work *work = intake->newest, *older; work; work = older) {
        older = work->older;
        work_free(&work);
    }
    loop_later_cancel(intake->loop, intake);
    unmatched_free(&intake->unmatched);
    consumer_free(&intake->consumer);
    due_free(&intake->due);
    free(intake);
}

void intake_start(struct intake *intake)
{
    due_start(intake->due);
    consumer_start(intake->consumer);
}

void intake_drain(struct intake *intake, loop_fn done, void *self)
{
    intake->draining = true;
    due_stop(intake->due);
    consumer_stop(intake->consumer);
    for (struct work *work; (work = aside_take(intake->aside));)
        end_work(intake, work);
    consumer_leave(intake->consumer, done, self);
}

const struct consumer *intake_consumer(const struct intake *intake)
{
    return intake->consumer;
}

uint64_t intake_lost_entries(const struct intake *intake)
{
    return consumer_lost_entries(intake->consumer) + due_orphans(intake->due);
}

void intake_config_changed(struct intake *intake, const struct config_change *change)
{
    aside_retry(intake->aside, change->flush ? (struct slice){0} : change->org);
}

size_t intake_aside(const struct intake *intake)
{
    return aside_count(intake->aside);
}

bool intake_is_stuck(const struct intake *intake, int64_t most_ms)
{
    return aside_is_full(intake->aside) ||
           (active(intake) > 0 && clock_mono_ms() - intake->last_end_mono_ms >= most_ms);
}
