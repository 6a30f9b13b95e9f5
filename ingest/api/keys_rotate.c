/*
 * keys_rotate.c - POST /api/keys/{id}/rotate: another key in place of one that goes on for a while
 *
 * The new record is written first: were this process to end between the two, there would be a key that
 * nobody knows, and none that ends without a successor. Of two rotations of one key at once the second
 * withdraws its new key.
 */
#include <stdio.h>

#include "base/clock.h"
#include "model/account_request.h"
#include "../configure.h"
#include "../content_type.h"
#include "../org_scope.h"
#include "../state.h"
#include "api.h"
#include "key_issue.h"
#include "key_lookup.h"

struct rotation {
    struct key_issue issue;
    const struct found_key *old;
    int64_t grace_ms;
    enum status status; /* what became of the old one */
};

static void refuse(struct rotation *rotation)
{
    struct call *call = rotation->issue.call;
    if (rotation->status == STATUS_INVALID)
        call_answer_problem(call, 409, "already_rotated", "this key was rotated before", NULL);
    else if (rotation->status == STATUS_ABSENT)
        call_answer_not_found(call);
    else
        call_answer_store_failed(call, rotation->status);
}

static void on_withdrawn(enum status status, void *self)
{
    (void)status;
    refuse(self);
}

static void on_old_changed(enum status status, void *self)
{
    struct rotation *rotation = self;
    rotation->status = status;
    if (status == STATUS_OK)
        key_issue_answer(&rotation->issue);
    else if (status == STATUS_UNSURE) /* the old one may name it as its successor */
        refuse(rotation);
    else
        key_issue_withdraw(&rotation->issue, on_withdrawn, rotation);
}

static int64_t earlier(int64_t expires_at_ms, int64_t grace_ends_at_ms)
{
    bool is_own = expires_at_ms > 0 && expires_at_ms < grace_ends_at_ms;
    return is_own ? expires_at_ms : grace_ends_at_ms;
}

static void on_new_written(enum status status, void *self)
{
    struct rotation *rotation = self;
    const struct key_record *old = &rotation->old->record;
    struct fields fields = {.count = 0};
    char detail[64];
    if (status != STATUS_OK) {
        call_answer_store_failed(rotation->issue.call, status);
        return;
    }
    fields_add(&fields, "rotated_to", slice_of(rotation->issue.id));
    fields_add_number(&fields, "expires_at",
                      earlier(old->expires_at_ms, clock_wall_ms() + rotation->grace_ms));
    snprintf(detail, sizeof detail, "to %s", rotation->issue.id);
    struct configure_change change = {
        .rule = CONFIGURE_ONCE,
        .record = key_api_key(rotation->old->hash),
        .kind = "key",
        .id = rotation->old->hash,
        .org = old->org,
        .action = "key.rotated",
        .target = old->id,
        .detail = slice_of(detail),
        .call = rotation->issue.call,
    };
    configure_write(rotation->issue.call->ingest->configurer, &change, fields.at, fields.count,
                    on_old_changed, rotation);
}

static bool has_expired(const struct key_record *record)
{
    return record->expires_at_ms > 0 && record->expires_at_ms <= clock_wall_ms();
}

static void rotate(struct call *call, struct found_key *old, void *self)
{
    struct rotation *rotation = self;
    const struct key_record *record = &old->record;
    char detail[64];
    if (!call->principal.is_admin && !scopes_cover(call->principal.scopes, record->scopes)) {
        call_answer_problem(call, 403, "scope_missing",
                            "a key cannot rotate one with scopes that it lacks", NULL);
        return;
    }
    if (record->rotated_to.len > 0) {
        rotation->status = STATUS_INVALID;
        refuse(rotation);
        return;
    }
    if (has_expired(record)) {
        call_answer_problem(call, 409, "key_expired", "this key has expired: make a new one", NULL);
        return;
    }
    rotation->old = old;
    rotation->issue.record = (struct key_record){
        .org = record->org,
        .name = record->name,
        .scopes = record->scopes,
        .rate = record->rate,
        .expires_at_ms = record->expires_at_ms,
        .rotated_from = record->id,
    };
    snprintf(detail, sizeof detail, "rotated from %.*s", (int)record->id.len, record->id.at);
    key_issue_write(&rotation->issue, slice_of(detail), on_new_written, rotation);
}

static void find_and_rotate(struct call *call, const char *org, void *self)
{
    key_lookup(call, org, rotate, self);
}

void api_keys_rotate(struct call *call)
{
    static const char *const types[] = {"application/json", NULL};
    struct slice type;
    struct problem problem;
    struct rotation *rotation = http_request_alloc(call->http, sizeof *rotation);
    *rotation = (struct rotation){.issue = {.call = call}};
    if (content_type_expect(call, types, &type) != STATUS_OK)
        return;
    if (key_rotation_parse_request(call->http->body, &rotation->grace_ms, &problem) != STATUS_OK)
        call_answer_refused(call, &problem);
    else
        org_scope_find(call, "", find_and_rotate, NULL, rotation);
}
