/*
 * audit.c - GET /api/audit: who changed what, newest first
 */
#include <stdio.h>

#include "io/script.h"
#include "model/fields.h"
#include "model/json.h"
#include "model/keys.h"
#include "../org_scope.h"
#include "../query.h"
#include "../state.h"
#include "api.h"

#define LOOKS_MAX 1000
#define BODY_MAX (1024 * 1024)
#define SLICES_MAX 32

/* In the request's memory. */
struct listing {
    struct call *call;
    const char *org;
};

enum { ACTOR, ACTION, TARGET, IP, REQUEST, DETAIL, FIELDS };
static const char *const fields_stored[FIELDS] = {"actor", "action",  "target",
                                                  "ip",    "request", "detail"};
static const char *const fields_shown[FIELDS] = {"actor", "action",     "target",
                                                 "ip",    "request_id", "detail"};

static void put_entry(struct json_writer *json, struct slice id, const struct redis_reply *entry)
{
    struct slice fields[SLICES_MAX], values[FIELDS];
    struct stream_id at;
    size_t count = redis_reply_slices(entry, fields, SLICES_MAX);
    if (stream_id_parse(id, &at) != STATUS_OK ||
        fields_pick_some(fields, count, fields_stored, FIELDS, values) != STATUS_OK)
        return;
    json_open(json, '{');
    json_name(json, "id");
    json_put_text(json, id);
    json_name(json, "at");
    json_put_rfc3339(json, (int64_t)at.ms);
    for (size_t i = 0; i < FIELDS; i++) {
        json_name(json, fields_shown[i]);
        if (values[i].len > 0)
            json_put_text(json, values[i]);
        else
            json_put_null(json);
    }
    json_close(json, '}');
}

static void on_page(enum status status, const struct redis_reply *reply, void *self)
{
    const struct listing *listing = self;
    char next[STREAM_ID_SIZE] = "";
    if (status != STATUS_OK ||
        slice_to_text(redis_reply_text(redis_reply_at(reply, 0)), next, sizeof next) != STATUS_OK) {
        call_answer_store_failed(listing->call, STATUS_DOWN);
        return;
    }
    struct buf body;
    buf_init(&body, BODY_MAX);
    struct json_writer json = {.out = &body};
    page_begin(&json);
    for (size_t i = 1; i + 1 < redis_reply_count(reply); i += 2)
        put_entry(&json, redis_reply_text(redis_reply_at(reply, i)), redis_reply_at(reply, i + 1));
    page_end(&json, listing->call, listing->org, next[0] ? next : NULL);
    call_answer_json(listing->call, 200, buf_slice(&body));
    buf_fini(&body);
}

struct range {
    char from[POSITION_MAX + 2], to[32]; /* as of XREVRANGE */
};

/* since is within, until is not. */
static void make_range(const struct page *page, int64_t since_ms, int64_t until_ms,
                       struct range *out)
{
    if (page->position[0])
        snprintf(out->from, sizeof out->from, "(%s", page->position);
    else if (until_ms > 0)
        snprintf(out->from, sizeof out->from, "(%lld-0", (long long)until_ms);
    else
        snprintf(out->from, sizeof out->from, "%s", until_ms < 0 ? "+" : "0-0");
    snprintf(out->to, sizeof out->to, "%lld-0", (long long)since_ms);
}

static void list_entries(struct call *call, const char *org, void *self)
{
    struct store *store = service_store(call->ingest->service);
    int64_t since_ms = 0, until_ms = -1;
    struct page page;
    struct range range;
    (void)self;
    if (query_time(call, "since", &since_ms) != STATUS_OK ||
        query_time(call, "until", &until_ms) != STATUS_OK ||
        query_page(call, org, &page) != STATUS_OK)
        return;
    make_range(&page, since_ms, until_ms, &range);
    struct listing *listing = http_request_alloc(call->http, sizeof *listing);
    *listing = (struct listing){call, org};
    struct key key = key_of_id(partition_of(slice_of(org), store_partitions(store)), KEY_ORG_AUDIT,
                               slice_of(org));
    struct redis_command command;
    redis_command_init(&command);
    script_start(&command, SCRIPT_LIST_AUDIT, 1);
    redis_command_arg(&command, key_slice(&key));
    redis_command_text(&command, range.from);
    redis_command_text(&command, range.to);
    redis_command_int(&command, (int64_t)page.limit);
    redis_command_int(&command, LOOKS_MAX);
    redis_command_arg(&command, query_text(call, "action"));
    redis_command_arg(&command, query_text(call, "target"));
    script_send(store_redis(store), SCRIPT_LIST_AUDIT, &command, on_page, listing);
    redis_command_fini(&command);
}

void api_audit_list(struct call *call)
{
    org_scope_find(call, "", list_entries, NULL, NULL);
}
