/*
 * keys.c - POST /api/keys: the key is shown in this answer and never again
 */
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "model/account_request.h"
#include "model/api_key.h"
#include "model/json.h"
#include "../configure.h"
#include "../content_type.h"
#include "../state.h"
#include "../org_scope.h"
#include "api.h"

struct creation {
    struct call *call;
    struct key_request request;
    char id[OTHER_ID_SIZE];
    char key[API_KEY_LEN + 1], hash[API_KEY_HASH_LEN + 1];
    int64_t created_at_ms;
};

static void put_scopes(struct json_writer *json, const char *scopes)
{
    struct slice rest = slice_of(scopes);
    json_open(json, '[');
    while (rest.len > 0)
        json_put_text(json, slice_cut(&rest, ' '));
    json_close(json, ']');
}

static void on_written(enum status status, void *self)
{
    struct creation *creation = self;
    if (status != STATUS_OK) {
        call_answer_store_failed(creation->call, status);
        return;
    }
    struct buf body;
    buf_init(&body, 8192);
    struct json_writer json = {.out = &body};
    json_open(&json, '{');
    json_name(&json, "id");
    json_put_text(&json, slice_of(creation->id));
    json_name(&json, "key");
    json_put_text(&json, slice_of(creation->key));
    json_name(&json, "name");
    json_put_text(&json, slice_of(creation->request.name));
    json_name(&json, "organization");
    json_put_text(&json, slice_of(creation->request.org));
    json_name(&json, "scopes");
    put_scopes(&json, creation->request.scopes);
    json_name(&json, "created_at");
    json_put_rfc3339(&json, creation->created_at_ms);
    json_name(&json, "expires_at");
    if (creation->request.expires_at_ms > 0)
        json_put_rfc3339(&json, creation->request.expires_at_ms);
    else
        json_put_null(&json);
    json_close(&json, '}');
    call_answer_json(creation->call, 201, buf_slice(&body));
    buf_fini(&body);
}

/* A key gives no more than it has. */
static bool may_grant(const struct call *call, const char *scopes)
{
    struct slice rest = slice_of(scopes);
    char scope[SCOPES_TEXT_MAX];
    while (!call->principal.is_admin && rest.len > 0) {
        if (slice_to_text(slice_cut(&rest, ' '), scope, sizeof scope) != STATUS_OK ||
            !scopes_allow(call->principal.scopes, scope))
            return false;
    }
    return true;
}

static void make_key(struct creation *creation)
{
    uint8_t random[64];
    do
        random_bytes(random, sizeof random);
    while (!api_key_make(random, sizeof random, creation->key));
    api_key_hash(slice_of(creation->key), creation->hash);
    other_id_format("key_", creation->created_at_ms, random_u64(), creation->id);
}

static void write_record(struct creation *creation)
{
    struct buf created_at, expires_at;
    buf_init(&created_at, 32);
    buf_init(&expires_at, 32);
    buf_add_i64(&created_at, creation->created_at_ms);
    if (creation->request.expires_at_ms > 0)
        buf_add_i64(&expires_at, creation->request.expires_at_ms);
    struct slice org = slice_of(creation->request.org);
    const struct slice fields[] = {SLICE("id"),         slice_of(creation->id),
                                   SLICE("org"),        org,
                                   SLICE("name"),       slice_of(creation->request.name),
                                   SLICE("scopes"),     slice_of(creation->request.scopes),
                                   SLICE("created_at"), buf_slice(&created_at),
                                   SLICE("expires_at"), buf_slice(&expires_at)};
    struct store *store = service_store(creation->call->ingest->service);
    struct key index =
        key_of_id(partition_of(org, store_partitions(store)), KEY_ORG_KEYS, org);
    struct buf member;
    buf_init(&member, 128);
    buf_printf(&member, "%s:%s", creation->id, creation->hash);
    struct configure_change change = {
        .rule = CONFIGURE_CREATE,
        .record = key_api_key(slice_of(creation->hash)),
        .index = &index,
        .index_is_apart = true,
        .member = buf_slice(&member),
        .kind = "key",
        .id = slice_of(creation->hash),
        .org = org,
        .action = "key.created",
        .target = slice_of(creation->id),
        .call = creation->call,
    };
    configure_write(creation->call->ingest->configurer, &change, fields,
                    sizeof fields / sizeof fields[0], on_written, creation);
    buf_fini(&member);
    buf_fini(&created_at);
    buf_fini(&expires_at);
}

static void write_key(struct call *call, const char *org, void *self)
{
    struct creation *creation = self;
    (void)call;
    memcpy(creation->request.org, org, sizeof creation->request.org);
    make_key(creation);
    write_record(creation);
}

void api_keys_post(struct call *call)
{
    static const char *const types[] = {"application/json", NULL};
    struct slice type;
    struct problem problem;
    struct creation *creation = http_request_alloc(call->http, sizeof *creation);
    *creation = (struct creation){.call = call, .created_at_ms = clock_wall_ms()};
    if (content_type_expect(call, types, &type) != STATUS_OK)
        return;
    if (key_parse_request(call->http->body, creation->created_at_ms, &creation->request,
                          &problem) != STATUS_OK)
        call_answer_refused(call, &problem);
    else if (!may_grant(call, creation->request.scopes))
        call_answer_problem(call, 403, "scope_missing", "a key cannot grant scopes that it lacks",
                            "/scopes");
    else
        org_scope_find(call, creation->request.org, write_key, NULL, creation);
}
