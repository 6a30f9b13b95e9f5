/*
 * events_batch.c - POST /api/events/batch: many events in one request, each accepted or refused by
 * itself
 *
 * The answer waits for all. When the store fails for some, those say so in their results and the
 * others keep their ids; when it fails for all, the answer is 503 as for a single event.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "model/json.h"
#include "../content_type.h"
#include "../state.h"
#include "../publish.h"
#include "../metrics.h"
#include "api.h"
#include "cloudevents.h"

struct entry {
    struct publish_item item;
    struct batch *batch;
    enum status status;
    enum publish_word word;
    char id[EVENT_ID_LEN + 1];
};

struct batch {
    struct call *call;
    struct event_batch *parsed;
    size_t count, waiting;
    enum durability durability; /* the least of any of its items */
    struct entry *entries;
};

/* Of one result: a byte of a pointer takes up to six, as \u00XX, one of a detail up to two. */
#define RESULT_MAX                                                                                 \
    (6 * sizeof(((struct problem *)0)->pointer) + 2 * sizeof(((struct problem *)0)->detail) + 128)

static void put_error(struct json_writer *json, const char *code, const char *pointer,
                      const char *detail)
{
    json_name(json, "error");
    json_open(json, '{');
    json_name(json, "code");
    json_put_text(json, slice_of(code));
    json_name(json, "detail");
    json_put_text(json, slice_of(detail));
    if (pointer[0]) {
        json_name(json, "pointer");
        json_put_text(json, slice_of(pointer));
    }
    json_close(json, '}');
}

static void put_published(struct json_writer *json, const struct entry *entry)
{
    bool durable = entry->status == STATUS_OK &&
                   (entry->word == PUBLISH_ACCEPTED || entry->word == PUBLISH_DUPLICATE);
    if (durable) {
        json_name(json, "id");
        json_put_text(json, slice_of(entry->id));
        json_name(json, "duplicate");
        json_put_bool(json, entry->word == PUBLISH_DUPLICATE);
    } else if (entry->status == STATUS_UNSURE) {
        put_error(json, "outcome_unknown", "",
                  "the store did not answer; repeat it with the same dedup_id");
    } else if (entry->status != STATUS_OK) {
        put_error(json, "store_unavailable", "", "the store cannot take this now; try again");
    } else if (entry->word == PUBLISH_MISMATCH) {
        put_error(json, "dedup_mismatch", entry->item.event->ce.len > 0 ? "/id" : "/dedup_id",
                  "an event with this dedup_id and another payload was accepted before");
    } else if (entry->word == PUBLISH_LIMITED) {
        put_error(json, "rate_limited", "", "over a rate limit; repeat it later");
    } else {
        put_error(json, "backlog_full", "", "too many events are waiting; try again");
    }
}

struct totals {
    int64_t accepted, duplicates, rejected, failed;
};

static enum events_result result_of(const struct batch *batch, size_t index)
{
    const struct entry *entry = &batch->entries[index];
    if (!event_batch_item(batch->parsed, index)->valid)
        return EVENTS_REJECTED;
    if (entry->status != STATUS_OK)
        return EVENTS_FAILED;
    switch (entry->word) {
    case PUBLISH_ACCEPTED:
        return EVENTS_ACCEPTED;
    case PUBLISH_DUPLICATE:
        return EVENTS_DUPLICATE;
    case PUBLISH_MISMATCH:
        return EVENTS_MISMATCH;
    case PUBLISH_FULL:
        return EVENTS_FULL;
    case PUBLISH_LIMITED:
        return EVENTS_LIMITED;
    }
    return EVENTS_FAILED;
}

static void log_result(const struct batch *batch, size_t index, enum events_result result)
{
    if (result != EVENTS_ACCEPTED && result != EVENTS_DUPLICATE)
        return;
    const struct call *call = batch->call;
    log_event(LOG_INFO, result == EVENTS_ACCEPTED ? "event.accepted" : "event.duplicate",
              log_text("event", batch->entries[index].id),
              log_slice("type", batch->entries[index].item.event->type),
              log_slice("org", call->principal.org), log_slice("key", call->principal.key_id),
              log_text("request_id", call->request_id),
              log_slice("trace", batch->entries[index].item.trace));
}

static struct totals count_results(const struct batch *batch)
{
    struct totals totals = {0};
    for (size_t i = 0; i < batch->count; i++) {
        enum events_result result = result_of(batch, i);
        metric_add(METRIC_EVENTS, result, 1);
        log_result(batch, i, result);
        totals.accepted += result == EVENTS_ACCEPTED;
        totals.duplicates += result == EVENTS_DUPLICATE;
        totals.failed +=
            result == EVENTS_FAILED || result == EVENTS_FULL || result == EVENTS_LIMITED;
    }
    totals.rejected = (int64_t)batch->count - totals.accepted - totals.duplicates;
    return totals;
}

static void put_results(struct json_writer *json, const struct batch *batch)
{
    json_name(json, "results");
    json_open(json, '[');
    for (size_t i = 0; i < batch->count; i++) {
        const struct event_item *item = event_batch_item(batch->parsed, i);
        json_open(json, '{');
        if (item->valid)
            put_published(json, &batch->entries[i]);
        else
            put_error(json, item->problem.code, item->problem.pointer, item->problem.detail);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void answer(struct batch *batch, const struct totals *totals)
{
    struct call *call = batch->call;
    struct buf body;
    buf_init(&body, 1024 + batch->count * RESULT_MAX);
    struct json_writer json = {.out = &body};
    json_open(&json, '{');
    json_name(&json, "accepted");
    json_put_int(&json, totals->accepted);
    json_name(&json, "duplicates");
    json_put_int(&json, totals->duplicates);
    json_name(&json, "rejected");
    json_put_int(&json, totals->rejected);
    json_name(&json, "durability");
    json_put_text(&json, slice_of(durability_names[batch->durability]));
    put_results(&json, batch);
    json_close(&json, '}');
    must(!body.overflow);
    call_answer_json(call, 202, buf_slice(&body));
    buf_fini(&body);
}

static void finish(struct batch *batch)
{
    struct totals totals = count_results(batch);
    struct event_batch *parsed = batch->parsed;
    struct entry *entries = batch->entries;
    const struct entry *first = entries; /* none in a batch of no CloudEvents, which is one, too */
    if (batch->count == 0 || totals.failed < (int64_t)batch->count)
        answer(batch, &totals);
    else if (first->status != STATUS_OK)
        call_answer_store_failed(batch->call, first->status);
    else if (first->word == PUBLISH_LIMITED)
        call_answer_limited(batch->call);
    else
        call_answer_problem(batch->call, 503, "backlog_full",
                            "too many events are waiting; try again", NULL);
    free(entries);
    event_batch_free(&parsed);
}

static void on_answered(struct publish_item *item, enum status status, enum publish_word word,
                        const char *id, enum durability durability)
{
    struct entry *entry = item->self;
    struct batch *batch = entry->batch;
    entry->status = status;
    entry->word = word;
    memcpy(batch->call->rates, item->rates, sizeof item->rates);
    if (status == STATUS_OK && durability < batch->durability)
        batch->durability = durability;
    if (slice_to_text(slice_of(id), entry->id, sizeof entry->id) != STATUS_OK)
        entry->status = STATUS_UNSURE;
    if (--batch->waiting == 0)
        finish(batch);
}

static enum status parse(struct call *call, struct slice type, struct event_batch **out,
                         struct problem *problem)
{
    struct slice body = call->http->body;
    size_t item_max = (size_t)call->ingest->settings->max_body;
    int64_t now_ms = clock_wall_ms();
    if (slice_is(type, "application/x-ndjson"))
        return event_parse_ndjson(body, item_max, now_ms, out, problem);
    if (slice_is(type, "application/json"))
        return event_parse_json_array(body, item_max, now_ms, out, problem);
    if (slice_is(type, CLOUDEVENT_BATCH_TYPE))
        return event_parse_cloudevent_array(body, item_max, out, problem);
    return event_parse_msgpack(body, item_max, now_ms, out, problem);
}

static void publish_all(struct batch *batch)
{
    struct call *call = batch->call;
    batch->waiting = 1; /* ours, until all are on their way */
    for (size_t i = 0; i < batch->count; i++) {
        const struct event_item *parsed = event_batch_item(batch->parsed, i);
        struct entry *entry = &batch->entries[i];
        entry->batch = batch;
        if (!parsed->valid)
            continue;
        entry->item = (struct publish_item){
            .org = call->principal.org,
            .trace = parsed->event.trace.len > 0 ? parsed->event.trace : slice_of(call->trace),
            .request = slice_of(call->request_id),
            .event = &parsed->event,
            .limits = call->principal.limits,
            .answered = on_answered,
            .self = entry,
        };
        batch->waiting++;
        publisher_add(call->ingest->publisher, &entry->item);
    }
    if (--batch->waiting == 0)
        finish(batch);
}

void api_events_batch_post(struct call *call)
{
    static const char *const types[] = {"application/json",
                                        "application/x-ndjson",
                                        "application/msgpack",
                                        "application/x-msgpack",
                                        "application/vnd.msgpack",
                                        CLOUDEVENT_BATCH_TYPE,
                                        NULL};
    struct slice type;
    struct problem problem;
    if (content_type_expect(call, types, &type) != STATUS_OK)
        return;
    if (cloudevents_is_binary(call->http)) {
        call_answer_problem(
            call, 415, "unsupported_media_type",
            "headers ce-* are of a CloudEvent in binary mode: post it to /api/events", NULL);
        return;
    }
    if (http_request_has_header(call->http, "idempotency-key")) {
        call_answer_problem(call, 422, "invalid_value",
                            "Idempotency-Key is for single events; give each item a dedup_id",
                            NULL);
        return;
    }
    struct batch *batch = http_request_alloc(call->http, sizeof *batch);
    *batch = (struct batch){.call = call,
                            .durability = store_durability(service_store(call->ingest->service))};
    if (parse(call, type, &batch->parsed, &problem) != STATUS_OK) {
        call_answer_refused(call, &problem);
        return;
    }
    batch->count = event_batch_count(batch->parsed);
    batch->entries = xcalloc(batch->count, sizeof *batch->entries);
    publish_all(batch);
}
