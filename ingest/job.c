/*
 * job.c - jobs are made
 */
#include "job.h"

#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "base/random.h"
#include "io/config_feed.h"
#include "io/script.h"
#include "model/json.h"
#include "model/keys.h"
#include "call_audit.h"
#include "state.h"

#define UNFINISHED_MAX 100
#define ANSWER_MAX 128

struct creation {
    struct call *call;
    job_created_fn fn;
    void *self;
    char org[OTHER_ID_SIZE], id[OTHER_ID_SIZE];
};

static struct store *store_of(const struct creation *creation)
{
    return service_store(creation->call->ingest->service);
}

static void on_created(enum status status, const struct redis_reply *reply, void *self)
{
    struct creation *creation = self;
    bool is_full = status == STATUS_OK && slice_is(redis_reply_text(reply), "full");
    if (status == STATUS_OK && !is_full)
        config_announce(store_redis(store_of(creation)), SLICE("job"), slice_of(creation->id),
                        slice_of(creation->org), "created", NULL, NULL);
    status = is_full ? STATUS_LIMIT : status == STATUS_CANCELLED ? STATUS_DOWN : status;
    creation->fn(status, creation->id, creation->self);
}

static bool is_bounded(const char *kind)
{
    return strcmp(kind, "release") != 0 && strcmp(kind, "forget") != 0;
}

/* They free what Redis holds. */
static bool is_made_when_full(const char *kind)
{
    return !is_bounded(kind) || strcmp(kind, "purge") == 0;
}

void job_create(struct call *call, struct slice org, const char *kind, const struct slice *fields,
                size_t count, job_created_fn fn, void *self)
{
    struct creation *creation = http_request_alloc(call->http, sizeof *creation);
    *creation = (struct creation){.call = call, .fn = fn, .self = self};
    must(slice_to_text(org, creation->org, sizeof creation->org) == STATUS_OK);
    other_id_format("job_", clock_wall_ms(), random_u64(), creation->id);
    struct store *store = store_of(creation);
    uint32_t partition = partition_of(org, store_partitions(store));
    struct key job = key_of_id(partition, KEY_JOB, slice_of(creation->id));
    struct key jobs = key_of(partition, KEY_JOBS);
    struct key index = key_of_id(partition, KEY_ORG_JOBS, org);
    struct key running = key_of_id(partition, KEY_ORG_RUNNING, org);
    struct redis_command command;
    enum script script = is_made_when_full(kind) ? SCRIPT_JOB_CREATE_WHEN_FULL : SCRIPT_JOB_CREATE;
    call_audit(call, store,
               (struct audit_entry){.org = slice_of(creation->org),
                                    .action = SLICE("job.created"),
                                    .target = slice_of(creation->id),
                                    .detail = slice_of(kind),
                                    .when_full = is_made_when_full(kind)});
    redis_command_init(&command);
    script_start(&command, script, 4);
    redis_command_arg(&command, key_slice(&job));
    redis_command_arg(&command, key_slice(&jobs));
    redis_command_arg(&command, key_slice(&index));
    redis_command_arg(&command, key_slice(&running));
    redis_command_int(&command, is_bounded(kind) ? UNFINISHED_MAX : 0);
    redis_command_text(&command, ""); /* Redis's time */
    redis_command_text(&command, creation->id);
    redis_command_arg(&command, org);
    redis_command_text(&command, kind);
    redis_command_arg(&command, call->principal.key_id);
    for (size_t i = 0; i < count; i++)
        redis_command_arg(&command, fields[i]);
    script_send(store_redis(store), script, &command, on_created, creation);
    redis_command_fini(&command);
}

void job_answer_created(enum status status, const char *job_id, void *self)
{
    struct call *call = self;
    if (status == STATUS_LIMIT) {
        call_answer_problem(call, 409, "too_many_jobs",
                            "the organization has as many unfinished jobs as it may", NULL);
        return;
    }
    if (status != STATUS_OK) {
        call_answer_store_failed(call, status);
        return;
    }
    struct buf body;
    buf_init(&body, ANSWER_MAX);
    struct json_writer json = {.out = &body};
    json_open(&json, '{');
    json_name(&json, "job");
    json_put_text(&json, slice_of(job_id));
    json_close(&json, '}');
    call_answer_json(call, 202, buf_slice(&body));
    buf_fini(&body);
}
