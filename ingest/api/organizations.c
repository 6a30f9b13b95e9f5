/*
 * organizations.c - POST /api/organizations
 */
#include "base/clock.h"
#include "base/random.h"
#include "model/account_request.h"
#include "model/json.h"
#include "../configure.h"
#include "../content_type.h"
#include "../state.h"
#include "api.h"

struct creation {
    struct call *call;
    struct organization_request request;
    char id[OTHER_ID_SIZE];
    int64_t created_at_ms;
};

static void on_written(enum status status, void *self)
{
    struct creation *creation = self;
    if (status != STATUS_OK) {
        call_answer_store_failed(creation->call, status);
        return;
    }
    struct buf body;
    buf_init(&body, 4096);
    struct json_writer json = {.out = &body};
    json_open(&json, '{');
    json_name(&json, "id");
    json_put_text(&json, slice_of(creation->id));
    json_name(&json, "name");
    json_put_text(&json, slice_of(creation->request.name));
    json_name(&json, "created_at");
    json_put_rfc3339(&json, creation->created_at_ms);
    json_close(&json, '}');
    call_answer_json(creation->call, 201, buf_slice(&body));
    buf_fini(&body);
}

void api_organizations_post(struct call *call)
{
    static const char *const types[] = {"application/json", NULL};
    struct slice type;
    struct problem problem;
    struct creation *creation = http_request_alloc(call->http, sizeof *creation);
    *creation = (struct creation){.call = call, .created_at_ms = clock_wall_ms()};
    if (content_type_expect(call, types, &type) != STATUS_OK)
        return;
    if (organization_parse_request(call->http->body, &creation->request, &problem) != STATUS_OK) {
        call_answer_refused(call, &problem);
        return;
    }
    other_id_format("org_", creation->created_at_ms, random_u64(), creation->id);
    struct buf created_at;
    buf_init(&created_at, 32);
    buf_add_i64(&created_at, creation->created_at_ms);
    const struct slice fields[] = {SLICE("id"),         slice_of(creation->id),
                                   SLICE("name"),       slice_of(creation->request.name),
                                   SLICE("created_at"), buf_slice(&created_at)};
    struct key index = key_orgs();
    struct configure_change change = {
        .record = key_org(slice_of(creation->id)),
        .rule = CONFIGURE_CREATE,
        .index = &index,
        .index_is_apart = true,
        .member = slice_of(creation->id),
        .kind = "org",
        .id = slice_of(creation->id),
        .org = slice_of(creation->id),
        .action = "organization.created",
        .target = slice_of(creation->id),
        .call = call,
    };
    configure_write(call->ingest->configurer, &change, fields, 6, on_written, creation);
    buf_fini(&created_at);
}
