/*
 * endpoints_replay.c - POST /api/endpoints/{id}/replay: deliveries of a time that is past are made again
 */
#include "base/clock.h"
#include "base/must.h"
#include "model/keys.h"
#include "model/replay_request.h"
#include "../content_type.h"
#include "../job.h"
#include "../org_scope.h"
#include "../state.h"
#include "api.h"

#define SEQ_MAX ((UINT64_C(1) << 35) - 1)
#define PARTITION_MAX ((1U << 15) - 1)

struct replay {
    struct call *call;
    struct replay_request request;
    const char *org;
};

static void create_job(const struct replay *replay)
{
    const struct replay_request *request = &replay->request;
    struct event_id first = {.entry = {.ms = (uint64_t)request->since_ms}};
    struct event_id last = {.entry = {.ms = (uint64_t)request->until_ms, .seq = SEQ_MAX},
                            .partition = PARTITION_MAX};
    char from[EVENT_ID_LEN + 1], to[EVENT_ID_LEN + 1];
    struct buf since, until;
    event_id_format(first, from);
    event_id_format(last, to);
    buf_init(&since, 32);
    buf_init(&until, 32);
    if (request->since_ms > 0)
        buf_add_i64(&since, request->since_ms);
    buf_add_i64(&until, request->until_ms);
    const struct slice fields[] = {
        SLICE("endpoint"), replay->call->path_id, SLICE("status"),   slice_of(request->status),
        SLICE("since_ms"), buf_slice(&since),     SLICE("until_ms"), buf_slice(&until),
        SLICE("from"),     slice_of(from),        SLICE("to"),       slice_of(to)};
    job_create(replay->call, slice_of(replay->org), "replay", fields,
               sizeof fields / sizeof fields[0], job_answer_created, replay->call);
    buf_fini(&since);
    buf_fini(&until);
}

static void on_endpoint(enum status status, const struct redis_reply *reply, void *self)
{
    struct replay *replay = self;
    if (status != STATUS_OK)
        call_answer_store_failed(replay->call, status == STATUS_CANCELLED ? STATUS_DOWN : status);
    else if (!slice_is(redis_reply_text(reply), replay->org))
        call_answer_not_found(replay->call);
    else
        create_job(replay);
}

static void find_endpoint(struct call *call, const char *org, void *self)
{
    struct replay *replay = self;
    struct store *store = service_store(call->ingest->service);
    struct key endpoint = key_of_id(partition_of(slice_of(org), store_partitions(store)),
                                    KEY_ENDPOINT, call->path_id);
    struct redis_command command;
    replay->org = org;
    redis_command_init(&command);
    redis_command_start(&command);
    redis_command_text(&command, "HGET");
    redis_command_arg(&command, key_slice(&endpoint));
    redis_command_text(&command, "org");
    redis_send(store_redis(store), &command, on_endpoint, replay);
    redis_command_fini(&command);
}

void api_endpoints_replay(struct call *call)
{
    static const char *const types[] = {"application/json", NULL};
    struct slice type;
    struct problem problem;
    struct replay *replay = http_request_alloc(call->http, sizeof *replay);
    *replay = (struct replay){.call = call};
    if (content_type_expect(call, types, &type) != STATUS_OK)
        return;
    if (!other_id_is_valid(call->path_id, "ep_"))
        call_answer_not_found(call);
    else if (replay_parse_request(call->http->body, clock_wall_ms(), &replay->request, &problem) !=
             STATUS_OK)
        call_answer_refused(call, &problem);
    else
        org_scope_find(call, "", find_endpoint, NULL, replay);
}
