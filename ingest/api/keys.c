/*
 * keys.c - GET and POST /api/keys, DELETE /api/keys/{id}
 */
#include <string.h>

#include "base/clock.h"
#include "model/account_request.h"
#include "../content_type.h"
#include "../org_scope.h"
#include "../state.h"
#include "api.h"
#include "key_issue.h"
#include "key_lookup.h"
#include "record_list.h"

struct creation {
    struct key_issue issue;
    struct key_request request;
};

static void on_written(enum status status, void *self)
{
    struct creation *creation = self;
    if (status == STATUS_OK)
        key_issue_answer(&creation->issue);
    else
        call_answer_store_failed(creation->issue.call, status);
}

/* A key gives no more than it has. */
static bool may_grant(const struct call *call, struct slice scopes)
{
    return call->principal.is_admin || scopes_cover(call->principal.scopes, scopes);
}

static void create_key(struct call *call, const char *org, void *self)
{
    struct creation *creation = self;
    struct key_request *request = &creation->request;
    (void)call;
    memcpy(request->org, org, sizeof request->org);
    creation->issue.record = (struct key_record){
        .org = slice_of(request->org),
        .name = slice_of(request->name),
        .scopes = slice_of(request->scopes),
        .rate = request->rate,
        .expires_at_ms = request->expires_at_ms,
    };
    key_issue_write(&creation->issue, (struct slice){0}, on_written, creation);
}

void api_keys_post(struct call *call)
{
    static const char *const types[] = {"application/json", NULL};
    struct slice type;
    struct problem problem;
    struct creation *creation = http_request_alloc(call->http, sizeof *creation);
    *creation = (struct creation){.issue = {.call = call}};
    if (content_type_expect(call, types, &type) != STATUS_OK)
        return;
    if (key_parse_request(call->http->body, clock_wall_ms(), &creation->request, &problem) !=
        STATUS_OK)
        call_answer_refused(call, &problem);
    else if (!may_grant(call, slice_of(creation->request.scopes)))
        call_answer_problem(call, 403, "scope_missing", "a key cannot grant scopes that it lacks",
                            "/scopes");
    else
        org_scope_find(call, creation->request.org, create_key, NULL, creation);
}

static bool find_record(struct slice member, struct key *out)
{
    struct slice hash = key_member_hash(member);
    if (hash.len > 0)
        *out = key_api_key(hash);
    return hash.len > 0;
}

static void put_key(const struct slice *fields, size_t count, struct json_writer *json)
{
    struct key_record record;
    if (key_record_read(fields, count, &record) == STATUS_OK)
        key_record_json(&record, (struct slice){0}, json);
}

static void list_keys(struct call *call, const char *org, void *self)
{
    struct store *store = service_store(call->ingest->service);
    const uint32_t partition = partition_of(slice_of(org), store_partitions(store));
    struct record_list list = {.index = key_of_id(partition, KEY_ORG_KEYS, slice_of(org)),
                               .record_of = find_record,
                               .put = put_key};
    (void)self;
    record_list_answer(call, org, &list);
}

void api_keys_list(struct call *call)
{
    org_scope_find(call, "", list_keys, NULL, NULL);
}

static void on_removed(enum status status, void *self)
{
    struct call *call = self;
    if (status == STATUS_OK)
        call_answer_json(call, 204, (struct slice){0});
    else if (status == STATUS_ABSENT)
        call_answer_not_found(call);
    else
        call_answer_store_failed(call, status);
}

static void remove_key(struct call *call, struct found_key *found, void *self)
{
    (void)self;
    key_remove(call, &found->record, found->hash, on_removed, call);
}

static void find_and_remove(struct call *call, const char *org, void *self)
{
    (void)self;
    key_lookup(call, org, remove_key, NULL);
}

void api_keys_delete(struct call *call)
{
    org_scope_find(call, "", find_and_remove, NULL, NULL);
}
