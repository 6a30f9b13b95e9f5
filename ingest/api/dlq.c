/*
 * dlq.c - GET /api/dlq and /api/dlq/{id}
 */
#include "base/must.h"
#include "model/dlq_request.h"
#include "model/json.h"
#include "../org_script.h"
#include "../query.h"
#include "api.h"
#include "delivery_json.h"
#include "delivery_query.h"

#define LIST_MAX ((size_t)16 * 1024 * 1024)
#define ONE_MAX ((size_t)1024 * 1024)

static void on_list(enum status status, const struct redis_reply *reply, void *self)
{
    struct call *call = self;
    char after[POSITION_MAX + 1];
    const struct redis_reply *rows = redis_reply_at(reply, 1);
    if (!org_script_has_read(call, status))
        return;
    must(slice_to_text(redis_reply_text(redis_reply_at(reply, 0)), after, sizeof after) ==
         STATUS_OK);
    struct buf body;
    buf_init(&body, LIST_MAX);
    struct json_writer json = {.out = &body};
    page_begin(&json);
    for (size_t i = 0; i < redis_reply_count(rows); i++) {
        const struct redis_reply *row = redis_reply_at(rows, i);
        if (letter_json_put(&json, redis_reply_text(redis_reply_at(row, 0)),
                            redis_reply_text(redis_reply_at(row, 1)),
                            redis_reply_at(row, 2)) == STATUS_OK)
            json_close(&json, '}');
    }
    page_end(&json, call, org_of(call), after[0] ? after : NULL);
    call_answer_json(call, 200, buf_slice(&body));
    buf_fini(&body);
}

static enum status read_words(struct call *call, struct slice *out_type, struct slice *out_reason)
{
    *out_type = query_text(call, "type");
    *out_reason = query_text(call, "reason");
    const char *wrong = out_type->len > 0 && !event_type_is_valid(*out_type)       ? "?type"
                        : out_reason->len > 0 && !dlq_reason_is_valid(*out_reason) ? "?reason"
                                                                                   : NULL;
    if (wrong)
        call_answer_problem(call, 400, "invalid_parameter",
                            "must be a type of events, or a reason of dead letters", wrong);
    return wrong ? STATUS_INVALID : STATUS_OK;
}

void api_dlq_list(struct call *call)
{
    static const struct org_key keys[] = {
        {KEY_DLQ, false}, {KEY_ORG_DLQ, true}, {KEY_ORG_EVENTS, true}};
    struct page page;
    struct slice endpoint, type, reason;
    int64_t since_ms = -1, until_ms = -1;
    struct redis_command command;
    if (query_page(call, org_of(call), &page) != STATUS_OK ||
        query_id(call, "endpoint", "ep_", &endpoint) != STATUS_OK ||
        read_words(call, &type, &reason) != STATUS_OK ||
        query_time(call, "since", &since_ms) != STATUS_OK ||
        query_time(call, "until", &until_ms) != STATUS_OK)
        return;
    org_script_start(&command, call, SCRIPT_LIST_LETTERS, keys, sizeof keys / sizeof keys[0]);
    redis_command_text(&command, page.position);
    redis_command_int(&command, (int64_t)page.limit);
    redis_command_arg(&command, endpoint);
    redis_command_arg(&command, type);
    redis_command_arg(&command, reason);
    org_script_add_time(&command, since_ms);
    org_script_add_time(&command, until_ms);
    org_script_send(call, SCRIPT_LIST_LETTERS, &command, on_list, call);
}

static void on_found(const struct delivery_found *found)
{
    struct buf body;
    buf_init(&body, ONE_MAX);
    struct json_writer json = {.out = &body};
    if (letter_json_put(&json, found->letter, found->type, found->fields) != STATUS_OK) {
        call_answer_not_found(found->call);
        return;
    }
    json_close(&json, '}');
    call_answer_json(found->call, 200, buf_slice(&body));
    buf_fini(&body);
}

void api_dlq_get(struct call *call)
{
    delivery_find(call, on_found);
}
