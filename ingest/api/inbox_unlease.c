/*
 * inbox_unlease.c - POST /api/inbox/ack and /release: a lease gives up events that it holds
 *
 * An ack whose answer was lost (503 outcome_unknown) may be repeated: what it did then is not_held.
 */
#include "model/json.h"
#include "../org_scope.h"
#include "api.h"
#include "inbox_parts.h"

#define ANSWER_MAX 8192 /* LEASE_EVENTS_MAX ids */

static struct inbox_rule {
    const char *word, *done; /* the script's, the answer's */
} ack = {"ack", "acked"}, release = {"release", "released"};

/* Those of which the reply says this word. */
static void put_ids(struct json_writer *json, const struct inbox *inbox,
                    const struct redis_reply *reply, const char *word)
{
    json_open(json, '[');
    for (size_t i = 0; i + 2 <= redis_reply_count(reply); i += 2)
        if (slice_is(redis_reply_text(redis_reply_at(reply, i + 1)), word))
            inbox_put_id(inbox, redis_reply_text(redis_reply_at(reply, i)), json);
    json_close(json, ']');
}

static void on_unleased(enum status status, const struct redis_reply *reply, void *self)
{
    struct inbox *inbox = self;
    struct buf body;
    if (inbox_failed(inbox, status))
        return;
    buf_init(&body, ANSWER_MAX);
    struct json_writer json = {.out = &body};
    json_open(&json, '{');
    json_name(&json, inbox->rule->done);
    put_ids(&json, inbox, reply, "held");
    json_name(&json, "not_held");
    put_ids(&json, inbox, reply, "not_held");
    json_close(&json, '}');
    call_answer_json(inbox->call, 200, buf_slice(&body));
    buf_fini(&body);
}

static void unlease(struct call *call, const char *org, void *self)
{
    struct inbox *inbox = inbox_new(call, org);
    struct unlease_request request;
    struct problem problem;
    struct redis_command command;
    inbox->rule = self;
    if (!inbox_body_is_json(call))
        return;
    if (unlease_parse_request(call->http->body, inbox->partition, &request, &problem) !=
        STATUS_OK) {
        call_answer_refused(call, &problem);
        return;
    }
    inbox_start(inbox, &command, SCRIPT_UNLEASE);
    redis_command_text(&command, inbox->rule->word);
    redis_command_text(&command, request.lease_id);
    for (size_t i = 0; i < request.count; i++) {
        char entry[STREAM_ID_SIZE];
        stream_id_format(request.entries[i], entry);
        redis_command_text(&command, entry);
    }
    inbox_send(inbox, &command, SCRIPT_UNLEASE, on_unleased);
}

void api_inbox_ack(struct call *call)
{
    org_scope_find(call, "", unlease, NULL, &ack);
}

void api_inbox_release(struct call *call)
{
    org_scope_find(call, "", unlease, NULL, &release);
}
