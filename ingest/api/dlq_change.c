/*
 * dlq_change.c - POST /api/dlq/replay and /api/dlq/purge: by ids at once, by a filter as a job
 */
#include <stdio.h>

#include "base/must.h"
#include "model/dlq_request.h"
#include "model/json.h"
#include "../call_audit.h"
#include "../content_type.h"
#include "../job.h"
#include "../state.h"
#include "api.h"
#include "replay.h"

#define ANSWER_MAX ((size_t)64 * 1024)

struct change {
    struct call *call;
    bool is_purge;
    struct dlq_request request;
    struct replay_pair pairs[DLQ_IDS_MAX];
};

static void put_results(struct json_writer *json, const struct change *change,
                        const enum replay_result *results)
{
    static const char *const names[REPLAY_RESULTS] = {
        [REPLAY_DONE] = "replayed",          [REPLAY_PENDING] = "already_pending",
        [REPLAY_PAUSED] = "endpoint_paused", [REPLAY_DISABLED] = "endpoint_disabled",
        [REPLAY_GONE] = "endpoint_deleted",  [REPLAY_OUTLIVED] = "event_gone",
        [REPLAY_ABSENT] = "not_found",
    };
    json_name(json, "results");
    json_open(json, '[');
    for (size_t i = 0; i < change->request.count; i++) {
        char id[DELIVERY_ID_LEN + 1];
        bool is_purged = change->is_purge && results[i] == REPLAY_DONE;
        delivery_id_format(change->pairs[i].event, change->pairs[i].endpoint, id);
        json_open(json, '{');
        json_name(json, "id");
        json_put_text(json, slice_of(id));
        json_name(json, "status");
        json_put_text(json, slice_of(is_purged ? "purged" : names[results[i]]));
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void on_changed(enum status status, const enum replay_result *results, void *self)
{
    struct change *change = self;
    int64_t done = 0;
    if (status != STATUS_OK) {
        call_answer_store_failed(change->call, status);
        return;
    }
    for (size_t i = 0; i < change->request.count; i++)
        done += results[i] == REPLAY_DONE;
    struct buf body;
    buf_init(&body, ANSWER_MAX);
    struct json_writer json = {.out = &body};
    json_open(&json, '{');
    json_name(&json, change->is_purge ? "purged" : "replayed");
    json_put_int(&json, done);
    put_results(&json, change, results);
    json_close(&json, '}');
    call_answer_json(change->call, 200, buf_slice(&body));
    buf_fini(&body);
}

/* Which they are is said only of a single one. */
static void audit(const struct change *change)
{
    struct call *call = change->call;
    const struct dlq_request *request = &change->request;
    char id[DELIVERY_ID_LEN + 1] = "", detail[DECIMAL_MAX + sizeof "ids: "];
    if (request->count == 1)
        delivery_id_format(change->pairs[0].event, change->pairs[0].endpoint, id);
    snprintf(detail, sizeof detail, "ids: %zu", request->count);
    call_audit(call, service_store(call->ingest->service),
               (struct audit_entry){
                   .org = call->principal.org,
                   .action = slice_of(change->is_purge ? "dlq.purged" : "dlq.replayed"),
                   .target = slice_of(id),
                   .detail = slice_of(detail),
                   .when_full = change->is_purge,
               });
}

static void start_ids(struct change *change)
{
    for (size_t i = 0; i < change->request.count; i++)
        change->pairs[i] = (struct replay_pair){slice_of(change->request.ids[i].event),
                                                slice_of(change->request.ids[i].endpoint)};
    audit(change);
    replay_start(change->call, change->is_purge ? REPLAY_PURGE : REPLAY_DEAD, change->pairs,
                 change->request.count, on_changed, change);
}

static void start_job(struct change *change)
{
    const struct dlq_request *filter = &change->request;
    struct buf since, until;
    buf_init(&since, DECIMAL_MAX);
    buf_init(&until, DECIMAL_MAX);
    if (filter->since_ms >= 0)
        buf_add_i64(&since, filter->since_ms);
    if (filter->until_ms >= 0)
        buf_add_i64(&until, filter->until_ms);
    const struct slice fields[] = {
        SLICE("endpoint"), slice_of(filter->endpoint), SLICE("type"),     slice_of(filter->type),
        SLICE("reason"),   slice_of(filter->reason),   SLICE("since_ms"), buf_slice(&since),
        SLICE("until_ms"), buf_slice(&until)};
    job_create(change->call, change->call->principal.org, change->is_purge ? "purge" : "redrive",
               fields, sizeof fields / sizeof fields[0], job_answer_created, change->call);
    buf_fini(&since);
    buf_fini(&until);
}

static void start(struct call *call, bool is_purge)
{
    static const char *const types[] = {"application/json", NULL};
    struct slice type;
    struct problem problem;
    struct change *change = http_request_alloc(call->http, sizeof *change);
    change->call = call;
    change->is_purge = is_purge;
    if (content_type_expect(call, types, &type) != STATUS_OK)
        return;
    if (dlq_request_parse(call->http->body, &change->request, &problem) != STATUS_OK)
        call_answer_refused(call, &problem);
    else if (change->request.count > 0)
        start_ids(change);
    else
        start_job(change);
}

void api_dlq_replay(struct call *call)
{
    start(call, false);
}

void api_dlq_purge(struct call *call)
{
    start(call, true);
}
