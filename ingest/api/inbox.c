/*
 * inbox.c - GET /api/inbox and POST /api/inbox/lease: what is not acknowledged is listed, and leased
 *
 * A lease whose answer was lost (503 outcome_unknown) keeps its events until its time is over.
 */
#include "base/clock.h"
#include "base/must.h"
#include "base/random.h"
#include "model/json.h"
#include "model/webhook.h"
#include "../org_scope.h"
#include "../query.h"
#include "api.h"
#include "inbox_parts.h"

#define DATA_MAX ((int64_t)4 << 20)   /* past which an answer ends */
#define ANSWER_MAX ((size_t)64 << 20) /* with an event of the largest max_body, and all the names */

/* What the scripts return of an event. */
enum { ENTRY, LEASE_COUNT, LEASED_UNTIL, TYPE, KEY, TIME, DATA, CE, EVENT_VALUES };

static void put_text_or_null(struct json_writer *json, struct slice text)
{
    if (text.len > 0)
        json_put_text(json, text);
    else
        json_put_null(json);
}

static void put_event(struct json_writer *json, const struct inbox *inbox,
                      const struct redis_reply *const values[EVENT_VALUES])
{
    struct stream_id entry;
    char room[CLOCK_RFC3339_LEN + 1];
    must(stream_id_parse(redis_reply_text(values[ENTRY]), &entry) == STATUS_OK);
    json_open(json, '{');
    json_name(json, "id");
    inbox_put_id(inbox, redis_reply_text(values[ENTRY]), json);
    json_name(json, "type");
    json_put_text(json, redis_reply_text(values[TYPE]));
    json_name(json, "created_at");
    json_put_rfc3339(json, (int64_t)entry.ms);
    json_name(json, "timestamp");
    json_put_text(json, webhook_timestamp(redis_reply_text(values[TIME]), entry.ms, room));
    json_name(json, "key");
    put_text_or_null(json, redis_reply_text(values[KEY]));
    json_name(json, "data");
    json_put_raw(json, redis_reply_text(values[DATA]));
    json_name(json, "cloudevent");
    json_put_raw_or_null(json, redis_reply_text(values[CE]));
    json_name(json, "lease_count");
    json_put_int(json, redis_reply_int(values[LEASE_COUNT]));
    json_name(json, "leased_until");
    if (redis_reply_int(values[LEASED_UNTIL]) > 0)
        json_put_rfc3339(json, redis_reply_int(values[LEASED_UNTIL]));
    else
        json_put_null(json);
    json_close(json, '}');
}

/* All after the first item of the reply. */
static void put_events(struct json_writer *json, const struct inbox *inbox,
                       const struct redis_reply *reply)
{
    const struct redis_reply *values[EVENT_VALUES];
    for (size_t at = 1; at + EVENT_VALUES <= redis_reply_count(reply); at += EVENT_VALUES) {
        for (size_t i = 0; i < EVENT_VALUES; i++)
            values[i] = redis_reply_at(reply, at + i);
        put_event(json, inbox, values);
    }
}

static void on_listed(enum status status, const struct redis_reply *reply, void *self)
{
    struct inbox *inbox = self;
    char position[STREAM_ID_SIZE];
    struct buf body;
    if (inbox_failed(inbox, status))
        return;
    must(slice_to_text(redis_reply_text(redis_reply_at(reply, 0)), position, sizeof position) ==
         STATUS_OK);
    buf_init(&body, ANSWER_MAX);
    struct json_writer json = {.out = &body};
    page_begin(&json);
    put_events(&json, inbox, reply);
    page_end(&json, inbox->call, inbox->org, position[0] ? position : NULL);
    call_answer_json(inbox->call, 200, buf_slice(&body));
    buf_fini(&body);
}

static void list(struct call *call, const char *org, void *self)
{
    struct inbox *inbox = inbox_new(call, org);
    struct redis_command command;
    struct page page;
    (void)self;
    if (query_page(call, inbox->org, &page) != STATUS_OK)
        return;
    inbox_start(inbox, &command, SCRIPT_LIST_INBOX);
    redis_command_text(&command, page.position);
    redis_command_int(&command, (int64_t)page.limit);
    redis_command_int(&command, DATA_MAX);
    redis_command_text(&command, "");
    inbox_send(inbox, &command, SCRIPT_LIST_INBOX, on_listed);
}

void api_inbox_get(struct call *call)
{
    org_scope_find(call, "", list, NULL, NULL);
}

static void on_leased(enum status status, const struct redis_reply *reply, void *self)
{
    struct inbox *inbox = self;
    struct buf body;
    if (inbox_failed(inbox, status))
        return;
    buf_init(&body, ANSWER_MAX);
    struct json_writer json = {.out = &body};
    const bool is_empty = redis_reply_count(reply) <= 1;
    json_open(&json, '{');
    json_name(&json, "lease_id");
    put_text_or_null(&json, is_empty ? (struct slice){0} : slice_of(inbox->lease_id));
    json_name(&json, "leased_until");
    if (is_empty)
        json_put_null(&json);
    else
        json_put_rfc3339(&json, redis_reply_int(redis_reply_at(reply, 0)));
    json_name(&json, "events");
    json_open(&json, '[');
    put_events(&json, inbox, reply);
    json_close(&json, ']');
    json_close(&json, '}');
    call_answer_json(inbox->call, 200, buf_slice(&body));
    buf_fini(&body);
}

static void lease(struct call *call, const char *org, void *self)
{
    struct inbox *inbox = inbox_new(call, org);
    struct lease_request request;
    struct problem problem;
    struct redis_command command;
    (void)self;
    if (!inbox_body_is_json(call))
        return;
    if (lease_parse_request(call->http->body, &request, &problem) != STATUS_OK) {
        call_answer_refused(call, &problem);
        return;
    }
    other_id_format("lse_", clock_wall_ms(), random_u64(), inbox->lease_id);
    inbox_start(inbox, &command, SCRIPT_LEASE);
    redis_command_text(&command, inbox->lease_id);
    redis_command_int(&command, request.lease_seconds * 1000);
    redis_command_int(&command, request.limit);
    redis_command_int(&command, DATA_MAX);
    redis_command_text(&command, "");
    inbox_send(inbox, &command, SCRIPT_LEASE, on_leased);
}

void api_inbox_lease(struct call *call)
{
    org_scope_find(call, "", lease, NULL, NULL);
}
