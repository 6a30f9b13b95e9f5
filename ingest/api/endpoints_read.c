/*
 * endpoints_read.c - GET /api/endpoints and /api/endpoints/{id}
 */
#include <string.h>

#include "base/log.h"
#include "io/script.h"
#include "model/keys.h"
#include "../org_scope.h"
#include "../query.h"
#include "../state.h"
#include "api.h"
#include "endpoint_find.h"
#include "endpoint_json.h"

#define SLICES_MAX 64
#define PAGE_MAX (8 * 1024 * 1024) /* the script stops at a mebibyte of records */

struct listing {
    struct call *call;
    const char *org;
};

/* A record that cannot be read is left out, and told to the operator. */
static void put_one(struct json_writer *json, const struct redis_reply *record,
                    int64_t failing_since_ms)
{
    struct slice fields[SLICES_MAX];
    struct endpoint *endpoint = NULL;
    size_t count = redis_reply_slices(record, fields, SLICES_MAX);
    if (endpoint_from_fields(fields, count, &endpoint) == STATUS_OK)
        endpoint_put(json, endpoint, failing_since_ms, NULL);
    else
        log_event(LOG_ERROR, "endpoint.unreadable",
                  log_slice("endpoint", count > 1 ? fields[1] : (struct slice){0}));
    endpoint_free(&endpoint);
}

static void on_page(enum status status, const struct redis_reply *reply, void *self)
{
    struct listing *listing = self;
    struct call *call = listing->call;
    if (status != STATUS_OK) {
        call_answer_store_failed(call, status == STATUS_CANCELLED ? STATUS_DOWN : status);
        return;
    }
    char next[POSITION_MAX + 1];
    struct slice position = redis_reply_text(redis_reply_at(reply, 0));
    bool is_last = position.len == 0 || slice_to_text(position, next, sizeof next) != STATUS_OK;
    struct buf body;
    buf_init(&body, PAGE_MAX);
    struct json_writer json = {.out = &body};
    page_begin(&json);
    for (size_t i = 1; i + 1 < redis_reply_count(reply); i += 2)
        put_one(&json, redis_reply_at(reply, i), redis_reply_int(redis_reply_at(reply, i + 1)));
    page_end(&json, call, listing->org, is_last ? NULL : next);
    call_answer_json(call, 200, buf_slice(&body));
    buf_fini(&body);
}

static void list(struct call *call, const char *org, void *self)
{
    struct listing *listing = self;
    struct page page;
    if (query_page(call, org, &page) != STATUS_OK)
        return;
    struct store *store = service_store(call->ingest->service);
    uint32_t partition = partition_of(slice_of(org), store_partitions(store));
    struct key index = key_of_id(partition, KEY_ORG_ENDPOINTS, slice_of(org));
    struct key records = key_of(partition, KEY_ENDPOINT), failing = key_of(partition, KEY_FAILING);
    struct redis_command command;
    listing->org = org;
    redis_command_init(&command);
    script_start(&command, SCRIPT_LIST_ENDPOINTS, 3);
    redis_command_arg(&command, key_slice(&index));
    redis_command_arg(&command, key_slice(&records));
    redis_command_arg(&command, key_slice(&failing));
    redis_command_text(&command, page.position);
    redis_command_int(&command, (int64_t)page.limit);
    script_send(store_redis(store), SCRIPT_LIST_ENDPOINTS, &command, on_page, listing);
    redis_command_fini(&command);
}

void api_endpoints_get(struct call *call)
{
    struct listing *listing = http_request_alloc(call->http, sizeof *listing);
    *listing = (struct listing){.call = call};
    org_scope_find(call, "", list, NULL, listing);
}

void api_endpoint_get(struct call *call)
{
    endpoint_show(call);
}
