/*
 * endpoints.c - POST /api/endpoints
 */
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "../configure.h"
#include "../content_type.h"
#include "../org_scope.h"
#include "../state.h"
#include "api.h"
#include "endpoint_fields.h"
#include "endpoint_json.h"
#include "endpoint_secret.h"

struct creation {
    struct call *call;
    struct endpoint *endpoint; /* freed with the answer */
    struct signing_secret secret;
};

static void on_written(enum status status, void *self)
{
    struct creation *creation = self;
    struct endpoint *endpoint = creation->endpoint; /* the creation goes with the answer */
    if (status == STATUS_OK)
        endpoint_answer(creation->call, 201, endpoint, 0, &creation->secret);
    else
        call_answer_store_failed(creation->call, status);
    endpoint_free(&endpoint);
}

static void add_fields(const struct creation *creation, struct endpoint_fields *fields)
{
    const struct endpoint *endpoint = creation->endpoint;
    endpoint_fields_add(fields, "id", slice_of(endpoint->id));
    endpoint_fields_add(fields, "org", slice_of(endpoint->org));
    endpoint_fields_members(fields, endpoint, ENDPOINT_ALL_MEMBERS);
    endpoint_fields_add(fields, "paused", SLICE("0"));
    struct buf *sealed = endpoint_fields_text(fields);
    endpoint_secret_seal(creation->call, endpoint, &creation->secret, sealed);
    endpoint_fields_add(fields, "secret", buf_slice(sealed));
    endpoint_fields_add(fields, "old_secrets", (struct slice){0});
    endpoint_fields_add_int(fields, "created_at", endpoint->created_at_ms);
    endpoint_fields_add_int(fields, "updated_at", endpoint->updated_at_ms);
}

static void write_endpoint(struct call *call, const char *org, void *self)
{
    struct creation *creation = self;
    struct endpoint *endpoint = creation->endpoint;
    struct store *store = service_store(call->ingest->service);
    uint32_t partition = partition_of(slice_of(org), store_partitions(store));
    endpoint->created_at_ms = endpoint->updated_at_ms = clock_wall_ms();
    other_id_format("ep_", endpoint->created_at_ms, random_u64(), endpoint->id);
    memcpy(endpoint->org, org, sizeof endpoint->org);
    endpoint->disabled_reason = slice_of(endpoint->disabled ? "api" : "");
    struct endpoint_fields fields;
    endpoint_fields_init(&fields);
    add_fields(creation, &fields);
    struct key index = key_of_id(partition, KEY_ORG_ENDPOINTS, slice_of(org));
    struct configure_change change = {
        .record = key_of_id(partition, KEY_ENDPOINT, slice_of(endpoint->id)),
        .index = &index,
        .member = slice_of(endpoint->id),
        .rule = CONFIGURE_CREATE,
        .kind = "endpoint",
        .id = slice_of(endpoint->id),
        .org = slice_of(org),
        .action = "endpoint.created",
        .target = slice_of(endpoint->id),
        .call = call,
    };
    configure_write(call->ingest->configurer, &change, fields.at, fields.count, on_written,
                    creation);
    endpoint_fields_fini(&fields);
}

static void on_refused(void *self)
{
    struct creation *creation = self;
    endpoint_free(&creation->endpoint);
}

void api_endpoints_post(struct call *call)
{
    static const char *const types[] = {"application/json", NULL};
    struct slice type;
    struct problem problem;
    struct creation *creation = http_request_alloc(call->http, sizeof *creation);
    *creation = (struct creation){.call = call};
    if (content_type_expect(call, types, &type) != STATUS_OK)
        return;
    if (endpoint_parse_request(call->http->body, &creation->endpoint, &creation->secret,
                               &problem) != STATUS_OK) {
        call_answer_refused(call, &problem);
        return;
    }
    if (creation->secret.len == 0)
        endpoint_secret_make(&creation->secret);
    org_scope_find(call, creation->endpoint->org, write_endpoint, on_refused, creation);
}
