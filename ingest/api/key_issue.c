#include "key_issue.h"

#include "base/clock.h"
#include "base/random.h"
#include "../state.h"

#define BODY_MAX 8192
#define LAST 4

static void make_key(struct key_issue *issue)
{
    uint8_t random[64];
    struct key_record *record = &issue->record;
    do
        random_bytes(random, sizeof random);
    while (!api_key_make(random, sizeof random, issue->key));
    api_key_hash(slice_of(issue->key), issue->hash);
    record->created_at_ms = clock_wall_ms();
    other_id_format("key_", record->created_at_ms, random_u64(), issue->id);
    record->id = slice_of(issue->id);
    record->last4 = (struct slice){issue->key + API_KEY_LEN - LAST, LAST};
}

static struct key index_of(const struct call *call, struct slice org)
{
    struct store *store = service_store(call->ingest->service);
    return key_of_id(partition_of(org, store_partitions(store)), KEY_ORG_KEYS, org);
}

static void write_change(struct call *call, struct configure_change *change,
                         const struct key_record *record, struct slice hash,
                         const struct fields *fields, configure_fn fn, void *self)
{
    struct key index = index_of(call, record->org);
    struct buf member;
    buf_init(&member, OTHER_ID_SIZE + API_KEY_HASH_LEN);
    buf_add_slice(&member, record->id);
    buf_add_char(&member, ':');
    buf_add_slice(&member, hash);
    change->record = key_api_key(hash);
    change->index = &index;
    change->index_is_apart = true;
    change->member = buf_slice(&member);
    change->kind = "key";
    change->id = hash;
    change->org = record->org;
    change->target = record->id;
    change->call = call;
    configure_write(call->ingest->configurer, change, fields->at, fields->count, fn, self);
    buf_fini(&member);
}

void key_issue_write(struct key_issue *issue, struct slice detail, configure_fn fn, void *self)
{
    struct fields fields = {.count = 0};
    struct configure_change change = {
        .rule = CONFIGURE_CREATE, .action = "key.created", .detail = detail};
    make_key(issue);
    key_record_write(&issue->record, &fields);
    write_change(issue->call, &change, &issue->record, slice_of(issue->hash), &fields, fn, self);
}

void key_remove(struct call *call, const struct key_record *record, struct slice hash,
                configure_fn fn, void *self)
{
    struct fields none = {.count = 0};
    struct configure_change change = {.rule = CONFIGURE_REMOVE, .action = "key.revoked"};
    write_change(call, &change, record, hash, &none, fn, self);
}

void key_issue_withdraw(const struct key_issue *issue, configure_fn fn, void *self)
{
    key_remove(issue->call, &issue->record, slice_of(issue->hash), fn, self);
}

void key_issue_answer(const struct key_issue *issue)
{
    struct buf body;
    buf_init(&body, BODY_MAX);
    struct json_writer json = {.out = &body};
    key_record_json(&issue->record, slice_of(issue->key), &json);
    call_answer_json(issue->call, 201, buf_slice(&body));
    buf_fini(&body);
}
