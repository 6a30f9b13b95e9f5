/*
 * events_read.c - GET /api/events and /api/events/{id}
 */
#include "base/must.h"
#include "model/hook_event.h"
#include "model/json.h"
#include "model/webhook.h"
#include "../org_script.h"
#include "../query.h"
#include "api.h"
#include "delivery_query.h"

#define LIST_MAX ((size_t)8 * 1024 * 1024)
#define AROUND_DATA_MAX ((size_t)1024 * 1024)
#define DELIVERIES_SHOWN 100
#define ROW_MIN 8

static void put_optional(struct json_writer *json, const char *name, struct slice text)
{
    json_name(json, name);
    if (text.len > 0)
        json_put_text(json, text);
    else
        json_put_null(json);
}

/* An object, which the caller closes. row: of lua/lib/event_row.lua; INVALID when it is none. */
static enum status put_event(struct json_writer *json, const struct redis_reply *row)
{
    struct event_id id;
    struct slice id_text = redis_reply_text(redis_reply_at(row, 0));
    char room[CLOCK_RFC3339_LEN + 1];

    if (redis_reply_count(row) < ROW_MIN || event_id_parse(id_text, &id) != STATUS_OK)
        return STATUS_INVALID;
    json_open(json, '{');
    put_optional(json, "id", id_text);
    put_optional(json, "type", redis_reply_text(redis_reply_at(row, 1)));
    json_name(json, "created_at");
    json_put_rfc3339(json, (int64_t)id.entry.ms);
    json_name(json, "timestamp");
    json_put_text(json,
                  webhook_timestamp(redis_reply_text(redis_reply_at(row, 2)), id.entry.ms, room));
    put_optional(json, "key", redis_reply_text(redis_reply_at(row, 3)));
    put_optional(json, "dedup_id", redis_reply_text(redis_reply_at(row, 4)));
    json_name(json, "size");
    json_put_int(json, redis_reply_int(redis_reply_at(row, 5)));
    put_optional(json, "status", redis_reply_text(redis_reply_at(row, 6)));
    put_optional(json, "skipped_reason", redis_reply_text(redis_reply_at(row, 7)));
    return STATUS_OK;
}

static void on_list(enum status status, const struct redis_reply *reply, void *self)
{
    struct call *call = self;
    char after[POSITION_MAX + 1];
    const struct redis_reply *rows = redis_reply_at(reply, 1);
    if (!org_script_has_read(call, status))
        return;
    struct buf body;
    buf_init(&body, LIST_MAX);
    struct json_writer json = {.out = &body};
    page_begin(&json);
    for (size_t i = 0; i < redis_reply_count(rows); i++)
        if (put_event(&json, redis_reply_at(rows, i)) == STATUS_OK)
            json_close(&json, '}');
    must(slice_to_text(redis_reply_text(redis_reply_at(reply, 0)), after, sizeof after) ==
         STATUS_OK);
    page_end(&json, call, org_of(call), after[0] ? after : NULL);
    call_answer_json(call, 200, buf_slice(&body));
    buf_fini(&body);
}

static enum status read_type(struct call *call, struct slice *out)
{
    *out = query_text(call, "type");
    if (out->len == 0 || event_type_is_valid(*out))
        return STATUS_OK;
    call_answer_problem(call, 400, "invalid_parameter", "must be the type of an event", "?type");
    return STATUS_INVALID;
}

void api_events_list(struct call *call)
{
    static const struct org_key keys[] = {
        {KEY_EVENTS, false}, {KEY_ORG_EVENTS, true}, {KEY_CURSORS, false}, {KEY_RECORD, false}};
    struct page page;
    struct slice type;
    int64_t since_ms = -1, until_ms = -1;
    struct redis_command command;
    if (query_page(call, org_of(call), &page) != STATUS_OK || read_type(call, &type) != STATUS_OK ||
        query_time(call, "since", &since_ms) != STATUS_OK ||
        query_time(call, "until", &until_ms) != STATUS_OK)
        return;
    org_script_start(&command, call, SCRIPT_LIST_EVENTS, keys, sizeof keys / sizeof keys[0]);
    redis_command_arg(&command, call->principal.org);
    redis_command_text(&command, page.position);
    redis_command_int(&command, (int64_t)page.limit);
    redis_command_arg(&command, type);
    org_script_add_time(&command, since_ms);
    org_script_add_time(&command, until_ms);
    redis_command_int(&command, org_partition(call));
    org_script_send(call, SCRIPT_LIST_EVENTS, &command, on_list, call);
}

/* One event, and the first of its deliveries. */
struct look {
    struct call *call;
    char id[EVENT_ID_LEN + 1];
    struct buf body; /* written by the first answer, ended by the second */
    struct json_writer json;
};

static void on_deliveries(enum status status, const struct redis_reply *reply, void *self)
{
    struct look *look = self;
    struct json_writer *json = &look->json;
    struct buf body = look->body; /* the look goes with the answer */
    if (org_script_has_read(look->call, status)) {
        json->out = &body;
        json_name(json, "deliveries");
        json_open(json, '[');
        delivery_query_put(json, reply);
        json_close(json, ']');
        json_name(json, "deliveries_more");
        json_put_bool(json, redis_reply_text(redis_reply_at(reply, 0)).len > 0);
        json_close(json, '}');
        call_answer_json(look->call, 200, buf_slice(&body));
    }
    buf_fini(&body);
}

static void put_rest(struct json_writer *json, const struct redis_reply *row)
{
    int64_t after_ms = redis_reply_int(redis_reply_at(row, ROW_MIN + 3));
    struct slice trace = redis_reply_text(redis_reply_at(row, ROW_MIN + 1));
    struct slice request = redis_reply_text(redis_reply_at(row, ROW_MIN + 2));
    char of_trace[TRACE_REQUEST_ID_LEN + 1];

    json_name(json, "data");
    json_put_raw(json, redis_reply_text(redis_reply_at(row, ROW_MIN)));
    json_name(json, "cloudevent");
    json_put_raw_or_null(json, redis_reply_text(redis_reply_at(row, ROW_MIN + 4)));
    put_optional(json, "trace", trace);
    put_optional(json, "request_id", request_id_whole(request, trace, of_trace));
    json_name(json, "deliver_at");
    if (after_ms > 0)
        json_put_rfc3339(json, after_ms);
    else
        json_put_null(json);
}

static void on_event(enum status status, const struct redis_reply *row, void *self)
{
    struct look *look = self;
    struct delivery_query query = {.limit = DELIVERIES_SHOWN, .event = slice_of(look->id)};
    if (!org_script_has_read(look->call, status))
        return;
    buf_init(&look->body, redis_reply_text(redis_reply_at(row, ROW_MIN)).len +
                              redis_reply_text(redis_reply_at(row, ROW_MIN + 4)).len +
                              AROUND_DATA_MAX);
    look->json = (struct json_writer){.out = &look->body};
    if (put_event(&look->json, row) != STATUS_OK) {
        call_answer_not_found(look->call);
        return;
    }
    put_rest(&look->json, row);
    delivery_query_send(look->call, &query, on_deliveries, look);
}

void api_event_get(struct call *call)
{
    static const struct org_key keys[] = {
        {KEY_EVENTS, false}, {KEY_CURSORS, false}, {KEY_RECORD, false}};
    struct look *look = http_request_alloc(call->http, sizeof *look);
    struct event_id id;
    struct redis_command command;
    *look = (struct look){.call = call};
    if (event_id_parse(call->path_id, &id) != STATUS_OK || id.partition != org_partition(call)) {
        call_answer_not_found(call);
        return;
    }
    must(slice_to_text(call->path_id, look->id, sizeof look->id) == STATUS_OK);
    org_script_start(&command, call, SCRIPT_FIND_EVENT, keys, sizeof keys / sizeof keys[0]);
    redis_command_arg(&command, call->principal.org);
    redis_command_arg(&command, call->path_id);
    org_script_send(call, SCRIPT_FIND_EVENT, &command, on_event, look);
}
