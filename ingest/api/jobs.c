/*
 * jobs.c - GET /api/jobs, GET /api/jobs/{id}, POST /api/jobs/{id}/cancel
 */
#include <string.h>

#include "io/script.h"
#include "model/job_record.h"
#include "model/json.h"
#include "model/keys.h"
#include "../call_audit.h"
#include "../org_scope.h"
#include "../query.h"
#include "../state.h"
#include "api.h"

#define JOB_JSON_MAX 4096

struct asked {
    struct call *call;
    const char *org;
    uint32_t partition;
    struct key job; /* of one */
    struct page page;
};

static struct redis *redis_of(const struct asked *asked)
{
    return store_redis(service_store(asked->call->ingest->service));
}

static struct asked *new_asked(struct call *call)
{
    struct asked *asked = http_request_alloc(call->http, sizeof *asked);
    *asked = (struct asked){.call = call};
    return asked;
}

static void set_org(struct asked *asked, const char *org)
{
    struct store *store = service_store(asked->call->ingest->service);
    asked->org = org;
    asked->partition = partition_of(slice_of(org), store_partitions(store));
}

static enum status read_job(const struct redis_reply *reply, struct job_record *out)
{
    struct slice fields[2 * JOB_FIELDS_MAX];
    return job_record_read(fields, redis_reply_slices(reply, fields, 2 * JOB_FIELDS_MAX), out);
}

static void answer_failed(struct call *call, enum status status)
{
    call_answer_store_failed(call, status == STATUS_CANCELLED ? STATUS_DOWN : status);
}

/* One more than the page has was asked for: it tells that there is another page. */
static void on_listed(enum status status, const struct redis_reply *reply, void *self)
{
    struct asked *asked = self;
    char last[OTHER_ID_SIZE] = "";
    struct job_record job;
    struct buf body;
    if (status != STATUS_OK) {
        answer_failed(asked->call, status);
        return;
    }
    size_t count = redis_reply_count(reply), shown = 0;
    bool has_more = count > asked->page.limit;
    buf_init(&body, (asked->page.limit + 1) * JOB_JSON_MAX);
    struct json_writer json = {.out = &body};
    page_begin(&json);
    for (; shown < count && shown < asked->page.limit; shown++) {
        if (read_job(redis_reply_at(reply, shown), &job) != STATUS_OK)
            continue;
        job_record_put(&json, &job);
        if (slice_to_text(job.id, last, sizeof last) != STATUS_OK)
            last[0] = '\0';
    }
    page_end(&json, asked->call, asked->org, has_more && last[0] ? last : NULL);
    call_answer_json(asked->call, 200, buf_slice(&body));
    buf_fini(&body);
}

static void list(struct call *call, const char *org, void *self)
{
    struct asked *asked = self;
    struct redis_command command;
    set_org(asked, org);
    if (query_page(call, org, &asked->page) != STATUS_OK)
        return;
    struct key index = key_of_id(asked->partition, KEY_ORG_JOBS, slice_of(org));
    struct key jobs = key_of(asked->partition, KEY_JOB);
    redis_command_init(&command);
    script_start(&command, SCRIPT_LIST_JOBS, 2);
    redis_command_arg(&command, key_slice(&index));
    redis_command_arg(&command, key_slice(&jobs));
    redis_command_text(&command, asked->page.position);
    redis_command_int(&command, (int64_t)asked->page.limit + 1);
    script_send(redis_of(asked), SCRIPT_LIST_JOBS, &command, on_listed, asked);
    redis_command_fini(&command);
}

void api_jobs_get(struct call *call)
{
    org_scope_find(call, "", list, NULL, new_asked(call));
}

static void on_job(enum status status, const struct redis_reply *reply, void *self)
{
    struct asked *asked = self;
    struct job_record job;
    struct buf body;
    if (status != STATUS_OK) {
        answer_failed(asked->call, status);
        return;
    }
    if (read_job(reply, &job) != STATUS_OK || !slice_is(job.org, asked->org)) {
        call_answer_not_found(asked->call);
        return;
    }
    buf_init(&body, JOB_JSON_MAX);
    struct json_writer json = {.out = &body};
    job_record_put(&json, &job);
    call_answer_json(asked->call, 200, buf_slice(&body));
    buf_fini(&body);
}

static void show(struct asked *asked)
{
    struct redis_command command;
    redis_command_init(&command);
    redis_command_start(&command);
    redis_command_text(&command, "HGETALL");
    redis_command_arg(&command, key_slice(&asked->job));
    redis_send(redis_of(asked), &command, on_job, asked);
    redis_command_fini(&command);
}

static void find(struct call *call, const char *org, void *self)
{
    struct asked *asked = self;
    set_org(asked, org);
    asked->job = key_of_id(asked->partition, KEY_JOB, call->path_id);
    show(asked);
}

void api_job_get(struct call *call)
{
    if (other_id_is_valid(call->path_id, "job_"))
        org_scope_find(call, "", find, NULL, new_asked(call));
    else
        call_answer_not_found(call);
}

static void on_cancelled(enum status status, const struct redis_reply *reply, void *self)
{
    struct asked *asked = self;
    struct slice word = redis_reply_text(reply);
    if (status != STATUS_OK)
        answer_failed(asked->call, status);
    else if (slice_is(word, "absent"))
        call_answer_not_found(asked->call);
    else if (slice_is(word, "finished"))
        call_answer_problem(asked->call, 409, "job_finished",
                            "the job is finished, or is of a kind that goes on to its end", NULL);
    else
        show(asked);
}

static void cancel(struct call *call, const char *org, void *self)
{
    struct asked *asked = self;
    struct redis_command command;
    set_org(asked, org);
    asked->job = key_of_id(asked->partition, KEY_JOB, call->path_id);
    struct key jobs = key_of(asked->partition, KEY_JOBS);
    struct key running = key_of_id(asked->partition, KEY_ORG_RUNNING, slice_of(org));
    call_audit(call, service_store(call->ingest->service),
               (struct audit_entry){.org = slice_of(asked->org),
                                    .action = SLICE("job.cancelled"),
                                    .target = call->path_id,
                                    .when_full = true});
    redis_command_init(&command);
    script_start(&command, SCRIPT_JOB_CANCEL, 3);
    redis_command_arg(&command, key_slice(&asked->job));
    redis_command_arg(&command, key_slice(&jobs));
    redis_command_arg(&command, key_slice(&running));
    redis_command_text(&command, org);
    redis_command_text(&command, "");
    script_send(redis_of(asked), SCRIPT_JOB_CANCEL, &command, on_cancelled, asked);
    redis_command_fini(&command);
}

void api_job_cancel(struct call *call)
{
    if (other_id_is_valid(call->path_id, "job_"))
        org_scope_find(call, "", cancel, NULL, new_asked(call));
    else
        call_answer_not_found(call);
}
