/*
 * organizations.c - GET and POST /api/organizations, GET and PATCH /api/organizations/{id}
 */
#include "base/clock.h"
#include "base/random.h"
#include "model/account_record.h"
#include "model/account_request.h"
#include "../configure.h"
#include "../content_type.h"
#include "../state.h"
#include "api.h"
#include "record_list.h"

#define BODY_MAX 4096
#define SLICES_MAX 64

/* In the request's memory. */
struct work {
    struct call *call;
    struct organization_request request; /* of POST and PATCH */
    struct organization_record record;
    char id[OTHER_ID_SIZE];
    char name[ACCOUNT_NAME_MAX + 1]; /* as it was before */
};

static const char *const types[] = {"application/json", NULL};

static struct work *work_new(struct call *call)
{
    struct work *work = http_request_alloc(call->http, sizeof *work);
    *work = (struct work){.call = call};
    return work;
}

static void answer(const struct work *work, int status)
{
    struct buf body;
    buf_init(&body, BODY_MAX);
    struct json_writer json = {.out = &body};
    organization_record_json(&work->record, &json);
    call_answer_json(work->call, status, buf_slice(&body));
    buf_fini(&body);
}

static void write_change(struct work *work, struct configure_change *change,
                         const struct fields *fields, configure_fn fn)
{
    change->record = key_org(work->record.id);
    change->kind = "org";
    change->id = work->record.id;
    change->org = work->record.id;
    change->target = work->record.id;
    change->call = work->call;
    configure_write(work->call->ingest->configurer, change, fields->at, fields->count, fn, work);
}

static void on_created(enum status status, void *self)
{
    struct work *work = self;
    if (status == STATUS_OK)
        answer(work, 201);
    else
        call_answer_store_failed(work->call, status);
}

void api_organizations_post(struct call *call)
{
    struct slice type;
    struct problem problem;
    struct fields fields = {.count = 0};
    struct work *work = work_new(call);
    if (content_type_expect(call, types, &type) != STATUS_OK)
        return;
    if (organization_parse_request(call->http->body, &work->request, &problem) != STATUS_OK) {
        call_answer_refused(call, &problem);
        return;
    }
    const int64_t now_ms = clock_wall_ms();
    other_id_format("org_", now_ms, random_u64(), work->id);
    work->record = (struct organization_record){
        .id = slice_of(work->id),
        .name = slice_of(work->request.name),
        .rate = work->request.rate,
        .created_at_ms = now_ms,
        .updated_at_ms = now_ms,
    };
    organization_record_write(&work->record, &fields);
    const struct key index = key_orgs();
    struct configure_change change = {
        .rule = CONFIGURE_CREATE,
        .index = &index,
        .index_is_apart = true,
        .member = work->record.id,
        .action = "organization.created",
    };
    write_change(work, &change, &fields, on_created);
}

static bool find_record(struct slice member, struct key *out)
{
    bool is_id = other_id_is_valid(member, "org_");
    if (is_id)
        *out = key_org(member);
    return is_id;
}

static void put_organization(const struct slice *fields, size_t count, struct json_writer *json)
{
    struct organization_record record;
    if (organization_record_read(fields, count, &record) == STATUS_OK && record.deleted_at_ms == 0)
        organization_record_json(&record, json);
}

void api_organizations_list(struct call *call)
{
    struct record_list list = {
        .index = key_orgs(), .record_of = find_record, .put = put_organization};
    record_list_answer(call, "", &list);
}

/* The record's texts come to be the work's. */
static enum status read_record(struct work *work, const struct redis_reply *reply)
{
    struct slice fields[SLICES_MAX];
    size_t count = redis_reply_slices(reply, fields, SLICES_MAX);
    if (organization_record_read(fields, count, &work->record) != STATUS_OK ||
        work->record.deleted_at_ms > 0 ||
        slice_to_text(work->record.name, work->name, sizeof work->name) != STATUS_OK)
        return STATUS_ABSENT;
    work->record.id = slice_of(work->id);
    work->record.name = slice_of(work->name);
    return STATUS_OK;
}

/* Of the organization in the path; 404 when it cannot be one. */
static void ask_record(struct work *work, redis_reply_fn fn)
{
    struct call *call = work->call;
    if (!other_id_is_valid(call->path_id, "org_") ||
        slice_to_text(call->path_id, work->id, sizeof work->id) != STATUS_OK) {
        call_answer_not_found(call);
        return;
    }
    struct key key = key_org(slice_of(work->id));
    struct redis_command command;
    redis_command_init(&command);
    redis_command_start(&command);
    redis_command_text(&command, "HGETALL");
    redis_command_arg(&command, key_slice(&key));
    redis_send(store_redis(service_store(call->ingest->service)), &command, fn, work);
    redis_command_fini(&command);
}

static void on_shown(enum status status, const struct redis_reply *reply, void *self)
{
    struct work *work = self;
    if (status != STATUS_OK)
        call_answer_store_failed(work->call, STATUS_DOWN);
    else if (read_record(work, reply) != STATUS_OK)
        call_answer_not_found(work->call);
    else
        answer(work, 200);
}

void api_organizations_get(struct call *call)
{
    ask_record(work_new(call), on_shown);
}

static void on_changed(enum status status, void *self)
{
    struct work *work = self;
    if (status == STATUS_OK)
        answer(work, 200);
    else if (status == STATUS_ABSENT)
        call_answer_not_found(work->call);
    else
        call_answer_store_failed(work->call, status);
}

static void change_record(struct work *work)
{
    const struct organization_request *request = &work->request;
    struct organization_record *record = &work->record;
    struct fields fields = {.count = 0};
    record->updated_at_ms = clock_wall_ms();
    fields_add_number(&fields, "updated_at", record->updated_at_ms);
    if (request->has_name) {
        record->name = slice_of(request->name);
        fields_add(&fields, "name", record->name);
    }
    if (request->has_rate) {
        record->rate = request->rate;
        fields_add_number(&fields, "rate_per_second", record->rate.per_second);
        fields_add_number(&fields, "rate_burst", record->rate.burst);
    }
    struct configure_change change = {
        .rule = CONFIGURE_CHANGE,
        .action = "organization.changed",
        .detail = request->has_name && request->has_rate ? SLICE("name rate_limit")
                  : request->has_name                    ? SLICE("name")
                                                         : SLICE("rate_limit"),
    };
    write_change(work, &change, &fields, on_changed);
}

static void on_found(enum status status, const struct redis_reply *reply, void *self)
{
    struct work *work = self;
    if (status != STATUS_OK)
        call_answer_store_failed(work->call, STATUS_DOWN);
    else if (read_record(work, reply) != STATUS_OK)
        call_answer_not_found(work->call);
    else if (!work->request.has_name && !work->request.has_rate)
        answer(work, 200);
    else
        change_record(work);
}

void api_organizations_patch(struct call *call)
{
    struct slice type;
    struct problem problem;
    struct work *work = work_new(call);
    if (content_type_expect(call, types, &type) != STATUS_OK)
        return;
    if (organization_parse_change(call->http->body, &work->request, &problem) != STATUS_OK)
        call_answer_refused(call, &problem);
    else
        ask_record(work, on_found);
}
