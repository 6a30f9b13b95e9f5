#include "delivery_query.h"

#include "../org_script.h"
#include "delivery_json.h"

void delivery_query_send(struct call *call, const struct delivery_query *query, redis_reply_fn fn,
                         void *self)
{
    static const struct org_key keys[] = {{KEY_ORG_EVENTS, true}, {KEY_ORG_ENDPOINTS, true},
                                          {KEY_ORG_GONE, true},   {KEY_DLQ, false},
                                          {KEY_DUE, false},       {KEY_RECORD, false},
                                          {KEY_HISTORY, false},   {KEY_ENDPOINT, false}};
    struct redis_command command;

    org_script_start(&command, call, SCRIPT_LIST_DELIVERIES, keys, sizeof keys / sizeof keys[0]);
    redis_command_arg(&command, query->after_event);
    redis_command_arg(&command, query->after_endpoint);
    redis_command_int(&command, (int64_t)query->limit);
    redis_command_arg(&command, query->word);
    redis_command_arg(&command, query->endpoint);
    redis_command_arg(&command, query->event);
    redis_command_int(&command, org_partition(call));
    org_script_send(call, SCRIPT_LIST_DELIVERIES, &command, fn, self);
}

void delivery_query_put(struct json_writer *json, const struct redis_reply *reply)
{
    const struct redis_reply *rows = redis_reply_at(reply, 2);

    for (size_t i = 0; i < redis_reply_count(rows); i++) {
        const struct redis_reply *row = redis_reply_at(rows, i);
        const struct delivery_shown delivery = {
            .event = redis_reply_text(redis_reply_at(row, 0)),
            .endpoint = redis_reply_text(redis_reply_at(row, 1)),
            .state = redis_reply_text(redis_reply_at(row, 2)),
            .reason = redis_reply_text(redis_reply_at(row, 3)),
        };
        if (delivery_json_put(json, &delivery) == STATUS_OK)
            json_close(json, '}');
    }
}

struct find {
    struct delivery_found found;
    delivery_found_fn fn;
};

static void on_found(enum status status, const struct redis_reply *reply, void *self)
{
    struct find *find = self;
    struct delivery_found *found = &find->found;

    if (!org_script_has_read(found->call, status))
        return;
    if (redis_reply_count(reply) == 0) {
        call_answer_not_found(found->call);
        return;
    }
    found->type = redis_reply_text(redis_reply_at(reply, 0));
    found->state = redis_reply_text(redis_reply_at(reply, 1));
    found->letter = redis_reply_text(redis_reply_at(redis_reply_at(reply, 2), 0));
    found->fields = redis_reply_at(redis_reply_at(reply, 2), 1);
    found->attempts = redis_reply_at(reply, 3);
    find->fn(found);
}

enum status delivery_path_ids(struct call *call, struct slice *out_event,
                              struct slice *out_endpoint)
{
    char *event = http_request_alloc(call->http, EVENT_ID_LEN + 1);
    char *endpoint = http_request_alloc(call->http, OTHER_ID_SIZE);

    if (delivery_id_parse(call->path_id, event, endpoint) != STATUS_OK) {
        call_answer_not_found(call);
        return STATUS_INVALID;
    }
    *out_event = slice_of(event);
    *out_endpoint = slice_of(endpoint);
    return STATUS_OK;
}

void delivery_find(struct call *call, delivery_found_fn fn)
{
    static const struct org_key keys[] = {
        {KEY_EVENTS, false}, {KEY_ATTEMPTS, false},    {KEY_DLQ, false},     {KEY_DUE, false},
        {KEY_RECORD, false}, {KEY_ORG_LETTERS, false}, {KEY_ENDPOINT, false}};
    struct find *find = http_request_alloc(call->http, sizeof *find);
    struct redis_command command;

    *find = (struct find){.found = {.call = call}, .fn = fn};
    if (delivery_path_ids(call, &find->found.event, &find->found.endpoint) != STATUS_OK)
        return;
    org_script_start(&command, call, SCRIPT_FIND_DELIVERY, keys, sizeof keys / sizeof keys[0]);
    redis_command_arg(&command, call->principal.org);
    redis_command_arg(&command, find->found.event);
    redis_command_arg(&command, find->found.endpoint);
    org_script_send(call, SCRIPT_FIND_DELIVERY, &command, on_found, find);
}
