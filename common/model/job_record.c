#include "job_record.h"

#include <stddef.h>

static const struct {
    const char *name;
    size_t at;
} texts[] =
    {
        {"id", offsetof(struct job_record, id)},
        {"kind", offsetof(struct job_record, kind)},
        {"org", offsetof(struct job_record, org)},
        {"state", offsetof(struct job_record, state)},
        {"error", offsetof(struct job_record, error)},
        {"endpoint", offsetof(struct job_record, endpoint)},
        {"type", offsetof(struct job_record, type)},
        {"reason", offsetof(struct job_record, reason)},
        {"status", offsetof(struct job_record, status)},
},
  numbers[] = {
      {"done", offsetof(struct job_record, done)},
      {"skipped", offsetof(struct job_record, skipped)},
      {"created_at", offsetof(struct job_record, created_at_ms)},
      {"updated_at", offsetof(struct job_record, updated_at_ms)},
      {"finished_at", offsetof(struct job_record, finished_at_ms)},
      {"since_ms", offsetof(struct job_record, since_ms)},
      {"until_ms", offsetof(struct job_record, until_ms)},
};

static void read_field(struct job_record *job, struct slice name, struct slice value)
{
    uint64_t number;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (slice_is(name, texts[i].name))
            *(struct slice *)((char *)job + texts[i].at) = value;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (slice_is(name, numbers[i].name) && slice_to_u64(value, INT64_MAX, &number) == STATUS_OK)
            *(int64_t *)((char *)job + numbers[i].at) = (int64_t)number;
}

enum status job_record_read(const struct slice *fields, size_t count, struct job_record *out)
{
    struct job_record job = {.finished_at_ms = -1, .since_ms = -1, .until_ms = -1};
    for (size_t i = 0; i + 1 < count; i += 2)
        read_field(&job, fields[i], fields[i + 1]);
    if (job.id.len == 0 || job.kind.len == 0 || job.org.len == 0 || job.state.len == 0)
        return STATUS_INVALID;
    *out = job;
    return STATUS_OK;
}

static void put_text(struct json_writer *json, const char *name, struct slice text)
{
    json_name(json, name);
    json_put_text(json, text);
}

static void put_given(struct json_writer *json, const char *name, struct slice text)
{
    if (text.len > 0)
        put_text(json, name, text);
}

static void put_time(struct json_writer *json, const char *name, int64_t at_ms)
{
    json_name(json, name);
    if (at_ms >= 0)
        json_put_rfc3339(json, at_ms);
    else
        json_put_null(json);
}

static void put_parameters(struct json_writer *json, const struct job_record *job)
{
    json_name(json, "parameters");
    json_open(json, '{');
    put_given(json, "endpoint", job->endpoint);
    put_given(json, "type", job->type);
    put_given(json, "reason", job->reason);
    put_given(json, "status", job->status);
    if (job->since_ms >= 0)
        put_time(json, "since", job->since_ms);
    if (job->until_ms >= 0)
        put_time(json, "until", job->until_ms);
    json_close(json, '}');
}

void job_record_put(struct json_writer *json, const struct job_record *job)
{
    json_open(json, '{');
    put_text(json, "id", job->id);
    put_text(json, "kind", job->kind);
    put_text(json, "state", job->state);
    put_time(json, "created_at", job->created_at_ms);
    put_time(json, "updated_at", job->updated_at_ms);
    put_time(json, "finished_at", job->finished_at_ms);
    json_name(json, "done");
    json_put_int(json, job->done);
    json_name(json, "skipped");
    json_put_int(json, job->skipped);
    json_name(json, "error");
    if (job->error.len > 0)
        json_put_text(json, job->error);
    else
        json_put_null(json);
    put_parameters(json, job);
    json_close(json, '}');
}
