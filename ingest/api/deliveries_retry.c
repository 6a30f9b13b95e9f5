/*
 * deliveries_retry.c - POST /api/deliveries/{id}/retry
 */
#include "model/json.h"
#include "api.h"
#include "delivery_query.h"
#include "replay.h"

static void answer_pending(struct call *call)
{
    struct buf body;
    buf_init(&body, 256);
    struct json_writer json = {.out = &body};
    json_open(&json, '{');
    json_name(&json, "delivery_id");
    json_put_text(&json, call->path_id);
    json_name(&json, "status");
    json_put_text(&json, SLICE("pending"));
    json_close(&json, '}');
    call_answer_json(call, 202, buf_slice(&body));
    buf_fini(&body);
}

static void on_replayed(enum status status, const enum replay_result *results, void *self)
{
    static const struct {
        const char *code, *detail;
    } conflicts[REPLAY_RESULTS] = {
        [REPLAY_PENDING] = {"already_pending", "this delivery is about to be sent"},
        [REPLAY_PAUSED] = {"endpoint_paused",
                           "this delivery is held until its endpoint is resumed"},
        [REPLAY_DISABLED] = {"endpoint_disabled", "the endpoint of this delivery is disabled"},
        [REPLAY_OUTLIVED] = {"event_gone",
                             "the event of this delivery is older than the retention"},
    };
    struct call *call = self;
    if (status != STATUS_OK)
        call_answer_store_failed(call, status);
    else if (results[0] == REPLAY_DONE)
        answer_pending(call);
    else if (conflicts[results[0]].code)
        call_answer_problem(call, 409, conflicts[results[0]].code, conflicts[results[0]].detail,
                            NULL);
    else
        call_answer_not_found(call);
}

void api_delivery_retry(struct call *call)
{
    struct replay_pair *pair = http_request_alloc(call->http, sizeof *pair);
    if (delivery_path_ids(call, &pair->event, &pair->endpoint) == STATUS_OK)
        replay_start(call, REPLAY_ANY, pair, 1, on_replayed, call);
}
