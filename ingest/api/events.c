/*
 * events.c - POST /api/events: one event, durable before its answer
 *
 * A CloudEvent in any mode too; a batch of them is answered as events_batch.c does.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "../content_type.h"
#include "../state.h"
#include "../publish.h"
#include "../metrics.h"
#include "api.h"
#include "cloudevents.h"

#define ANSWER_MAX 160

/* In the request's memory; the parsed batch is freed with the answer. */
struct post {
    struct call *call;
    struct event_batch *parsed;
    struct hook_event event; /* with the dedup id of the header */
    struct publish_item item;
};

static void log_accept(const struct post *post, const char *event, const char *id)
{
    log_event(LOG_INFO, event, log_text("event", id), log_slice("type", post->event.type),
              log_slice("org", post->item.org), log_slice("key", post->call->principal.key_id),
              log_text("request_id", post->call->request_id), log_slice("trace", post->item.trace));
}

/* Every event passes here, hence no json_writer; neither ids nor the levels' names need escapes. */
static void answer(struct post *post, int status, const char *id, enum durability durability)
{
    const struct slice parts[] = {
        SLICE("{\"id\":\""),
        slice_of(id),
        SLICE("\",\"status\":\"accepted\",\"duplicate\":"),
        status == 200 ? SLICE("true") : SLICE("false"),
        SLICE(",\"durability\":\""),
        slice_of(durability_names[durability]),
        SLICE("\"}"),
    };
    char json[ANSWER_MAX];
    size_t len = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        must(parts[i].len <= sizeof json - len);
        memcpy(json + len, parts[i].at, parts[i].len);
        len += parts[i].len;
    }
    call_answer_json(post->call, status, (struct slice){json, len});
}

static void answer_word(struct post *post, enum publish_word word, const char *id,
                        enum durability durability)
{
    switch (word) {
    case PUBLISH_ACCEPTED:
        metric_add(METRIC_EVENTS, EVENTS_ACCEPTED, 1);
        log_accept(post, "event.accepted", id);
        answer(post, 202, id, durability);
        return;
    case PUBLISH_DUPLICATE:
        metric_add(METRIC_EVENTS, EVENTS_DUPLICATE, 1);
        log_accept(post, "event.duplicate", id);
        answer(post, 200, id, durability);
        return;
    case PUBLISH_MISMATCH:
        metric_add(METRIC_EVENTS, EVENTS_MISMATCH, 1);
        call_answer_problem(post->call, 422, "dedup_mismatch",
                            "an event with this dedup_id and another payload was accepted before",
                            post->event.ce.len > 0 ? "/id" : "/dedup_id");
        return;
    case PUBLISH_LIMITED:
        metric_add(METRIC_EVENTS, EVENTS_LIMITED, 1);
        call_answer_limited(post->call);
        return;
    case PUBLISH_FULL:
        metric_add(METRIC_EVENTS, EVENTS_FULL, 1);
        call_answer_problem(post->call, 503, "backlog_full",
                            "too many events are waiting; try again", NULL);
        return;
    }
}

static void on_answered(struct publish_item *item, enum status status, enum publish_word word,
                        const char *id, enum durability durability)
{
    struct post *post = item->self;
    struct event_batch *parsed = post->parsed; /* the post goes with the answer */
    memcpy(post->call->rates, item->rates, sizeof item->rates);
    if (status == STATUS_OK) {
        answer_word(post, word, id, durability);
    } else {
        metric_add(METRIC_EVENTS, EVENTS_FAILED, 1);
        call_answer_store_failed(post->call, status);
    }
    event_batch_free(&parsed);
}

/* Idempotency-Key means the same as dedup_id; clients send it with or without quotes. A CloudEvent's source and id give way. */
static enum status take_idempotency_key(struct post *post, struct problem *problem)
{
    struct slice key = slice_trim(http_request_header(post->call->http, "idempotency-key"));
    if (!key.at)
        return STATUS_OK;
    if (key.len >= 2 && key.at[0] == '"' && key.at[key.len - 1] == '"')
        key = (struct slice){key.at + 1, key.len - 2};
    for (size_t i = 0; i < key.len; i++)
        if (key.at[i] < ' ' || key.at[i] > '~')
            return problem_set(problem, 422, "invalid_value",
                               "Idempotency-Key must be printable ASCII");
    if (key.len == 0 || key.len > EVENT_DEDUP_MAX)
        return problem_set(problem, 422, "invalid_value", "Idempotency-Key must have 1 to %d bytes",
                           EVENT_DEDUP_MAX);
    if (post->event.dedup_id.len > 0 && post->event.ce.len == 0 &&
        !slice_eq(post->event.dedup_id, key))
        return problem_set(problem, 422, "conflicting_fields",
                           "Idempotency-Key and dedup_id differ; send one of them");
    post->event.dedup_id = key;
    return STATUS_OK;
}

enum mode { MODE_PLAIN, MODE_STRUCTURED, MODE_BINARY, MODE_BATCHED };

/* STATUS_INVALID: answered. */
static enum status find_mode(struct call *call, enum mode *out)
{
    static const char *const types[] = {"application/json", CLOUDEVENT_TYPE, CLOUDEVENT_BATCH_TYPE,
                                        NULL};
    struct slice type;
    if (cloudevents_is_binary(call->http)) {
        *out = MODE_BINARY;
        return content_encoding_expect(call);
    }
    if (content_type_expect(call, types, &type) != STATUS_OK)
        return STATUS_INVALID;
    *out = slice_is(type, types[0])   ? MODE_PLAIN
           : slice_is(type, types[1]) ? MODE_STRUCTURED
                                      : MODE_BATCHED;
    return STATUS_OK;
}

static enum status parse(struct call *call, enum mode mode, struct event_batch **out,
                         struct problem *problem)
{
    if (mode == MODE_BINARY)
        return cloudevents_parse_binary(call, out, problem);
    if (mode == MODE_STRUCTURED)
        return event_parse_cloudevent(call->http->body, out, problem);
    return event_parse_json(call->http->body, clock_wall_ms(), out, problem);
}

void api_events_post(struct call *call)
{
    enum mode mode;
    struct problem problem;
    if (find_mode(call, &mode) != STATUS_OK)
        return;
    if (mode == MODE_BATCHED) {
        api_events_batch_post(call);
        return;
    }
    struct post *post = http_request_alloc(call->http, sizeof *post);
    *post = (struct post){.call = call};
    if (parse(call, mode, &post->parsed, &problem) != STATUS_OK) {
        metric_add(METRIC_EVENTS, EVENTS_REJECTED, 1);
        call_answer_refused(call, &problem);
        return;
    }
    post->event = event_batch_item(post->parsed, 0)->event;
    if (take_idempotency_key(post, &problem) != STATUS_OK) {
        struct event_batch *parsed = post->parsed;
        metric_add(METRIC_EVENTS, EVENTS_REJECTED, 1);
        call_answer_refused(call, &problem);
        event_batch_free(&parsed);
        return;
    }
    post->item = (struct publish_item){
        .org = call->principal.org,
        .trace = post->event.trace.len > 0 ? post->event.trace : slice_of(call->trace),
        .request = slice_of(call->request_id),
        .event = &post->event,
        .limits = call->principal.limits,
        .answered = on_answered,
        .self = post,
    };
    publisher_add(call->ingest->publisher, &post->item);
}
