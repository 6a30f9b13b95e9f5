/*
 * endpoints_try.c - POST /api/endpoints/{id}/test: an event for that endpoint alone, on the way of all events
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/must.h"
#include "model/json.h"
#include "../metrics.h"
#include "../publish.h"
#include "../state.h"
#include "api.h"
#include "endpoint_find.h"

#define TYPE "millrace.test"

struct trial {
    struct call *call;
    char endpoint[OTHER_ID_SIZE], org[OTHER_ID_SIZE];
    char data[64];
    struct hook_event event;
    struct publish_item item;
};

static void answer_accepted(const struct trial *trial, const char *id)
{
    char delivery[DELIVERY_ID_LEN + 1];
    struct buf body;
    buf_init(&body, 256);
    struct json_writer json = {.out = &body};
    delivery_id_format(slice_of(id), slice_of(trial->endpoint), delivery);
    log_event(LOG_INFO, "event.accepted", log_text("event", id), log_text("type", TYPE),
              log_text("org", trial->org), log_slice("key", trial->call->principal.key_id),
              log_text("request_id", trial->call->request_id),
              log_text("trace", trial->call->trace));
    json_open(&json, '{');
    json_name(&json, "event_id");
    json_put_text(&json, slice_of(id));
    json_name(&json, "delivery_id");
    json_put_text(&json, slice_of(delivery));
    json_close(&json, '}');
    call_answer_json(trial->call, 202, buf_slice(&body));
    buf_fini(&body);
}

static void answer_word(const struct trial *trial, enum publish_word word, const char *id)
{
    switch (word) {
    case PUBLISH_ACCEPTED:
        metric_add(METRIC_EVENTS, EVENTS_ACCEPTED, 1);
        answer_accepted(trial, id);
        return;
    case PUBLISH_LIMITED:
        metric_add(METRIC_EVENTS, EVENTS_LIMITED, 1);
        call_answer_limited(trial->call);
        return;
    case PUBLISH_FULL:
        metric_add(METRIC_EVENTS, EVENTS_FULL, 1);
        call_answer_problem(trial->call, 503, "backlog_full",
                            "too many events are waiting; try again", NULL);
        return;
    case PUBLISH_DUPLICATE:
    case PUBLISH_MISMATCH:
        break;
    }
    must(word == PUBLISH_ACCEPTED); /* it has no dedup_id */
}

static void on_answered(struct publish_item *item, enum status status, enum publish_word word,
                        const char *id, enum durability durability)
{
    struct trial *trial = item->self;
    (void)durability;
    memcpy(trial->call->rates, item->rates, sizeof item->rates);
    if (status == STATUS_OK) {
        answer_word(trial, word, id);
    } else {
        metric_add(METRIC_EVENTS, EVENTS_FAILED, 1);
        call_answer_store_failed(trial->call, status);
    }
}

static void publish(struct call *call, const struct endpoint *endpoint, int64_t failing_since_ms,
                    void *self)
{
    struct trial *trial = self;
    (void)failing_since_ms;
    if (endpoint->disabled) {
        call_answer_problem(call, 409, "endpoint_disabled", "this endpoint is disabled", NULL);
        return;
    }
    memcpy(trial->endpoint, endpoint->id, sizeof endpoint->id);
    memcpy(trial->org, endpoint->org, sizeof endpoint->org);
    snprintf(trial->data, sizeof trial->data, "{\"test\":true,\"endpoint\":\"%s\"}",
             trial->endpoint);
    trial->event = (struct hook_event){.type = SLICE(TYPE),
                                       .data = slice_of(trial->data),
                                       .occurred_at_ms = -1,
                                       .deliver_at_ms = -1,
                                       .delay_ms = -1};
    trial->item = (struct publish_item){
        .org = slice_of(trial->org),
        .trace = slice_of(call->trace),
        .request = slice_of(call->request_id),
        .to = slice_of(trial->endpoint),
        .event = &trial->event,
        .limits = call->principal.limits,
        .answered = on_answered,
        .self = trial,
    };
    publisher_add(call->ingest->publisher, &trial->item);
}

void api_endpoint_test(struct call *call)
{
    struct trial *trial = http_request_alloc(call->http, sizeof *trial);
    *trial = (struct trial){.call = call};
    endpoint_find(call, publish, NULL, trial);
}
