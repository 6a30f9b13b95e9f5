/*
 * deliveries.c - GET /api/deliveries and /api/deliveries/{id}
 */
#include <stdio.h>

#include "base/must.h"
#include "model/json.h"
#include "../query.h"
#include "api.h"
#include "delivery_json.h"
#include "delivery_query.h"
#include "../org_script.h"

#define LIST_MAX ((size_t)4 * 1024 * 1024)
#define ONE_MAX ((size_t)64 * 1024 * 1024)

static void on_list(enum status status, const struct redis_reply *reply, void *self)
{
    struct call *call = self;
    char after[POSITION_MAX + 1] = "";
    if (!org_script_has_read(call, status))
        return;
    struct slice event = redis_reply_text(redis_reply_at(reply, 0)),
                 endpoint = redis_reply_text(redis_reply_at(reply, 1));
    if (event.len > 0)
        snprintf(after, sizeof after, "%.*s %.*s", (int)event.len, event.at, (int)endpoint.len,
                 endpoint.at);
    struct buf body;
    buf_init(&body, LIST_MAX);
    struct json_writer json = {.out = &body};
    page_begin(&json);
    delivery_query_put(&json, reply);
    page_end(&json, call, org_of(call), after[0] ? after : NULL);
    call_answer_json(call, 200, buf_slice(&body));
    buf_fini(&body);
}

void api_deliveries_list(struct call *call)
{
    static const char *const statuses[] = {"pending", "waiting", "delivered", "failed", NULL};
    static const char *const words[] = {"pending", "waiting", "delivered", "dead", ""};
    size_t word = sizeof words / sizeof words[0] - 1;
    struct page page;
    struct delivery_query query = {0};
    if (query_page(call, org_of(call), &page) != STATUS_OK ||
        query_choice(call, "status", statuses, &word) != STATUS_OK ||
        query_id(call, "endpoint", "ep_", &query.endpoint) != STATUS_OK ||
        query_id(call, "event", "evt_", &query.event) != STATUS_OK)
        return;
    query.limit = page.limit;
    query.word = slice_of(words[word]);
    query.after_endpoint = slice_of(page.position);
    query.after_event = slice_cut(&query.after_endpoint, ' ');
    delivery_query_send(call, &query, on_list, call);
}

static struct slice reason_of(const struct redis_reply *fields)
{
    for (size_t i = 0; i + 1 < redis_reply_count(fields); i += 2)
        if (slice_is(redis_reply_text(redis_reply_at(fields, i)), "reason"))
            return redis_reply_text(redis_reply_at(fields, i + 1));
    return (struct slice){0};
}

static void on_found(const struct delivery_found *found)
{
    const struct delivery_shown delivery = {.event = found->event,
                                            .endpoint = found->endpoint,
                                            .state = found->state,
                                            .reason = reason_of(found->fields),
                                            .attempts = found->attempts};
    struct buf body;
    buf_init(&body, ONE_MAX);
    struct json_writer json = {.out = &body};
    if (delivery_json_put(&json, &delivery) != STATUS_OK) {
        call_answer_not_found(found->call);
        return;
    }
    json_name(&json, "type");
    json_put_text(&json, found->type);
    json_close(&json, '}');
    call_answer_json(found->call, 200, buf_slice(&body));
    buf_fini(&body);
}

void api_delivery_get(struct call *call)
{
    delivery_find(call, on_found);
}
