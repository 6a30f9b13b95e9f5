/*
 * inbox_parts.c - what the requests of the inbox have in common
 */
#include "inbox_parts.h"

#include "base/must.h"
#include "model/json.h"
#include "model/keys.h"
#include "../content_type.h"
#include "../state.h"

struct inbox *inbox_new(struct call *call, const char *org)
{
    struct inbox *inbox = http_request_alloc(call->http, sizeof *inbox);
    struct store *store = service_store(call->ingest->service);
    *inbox = (struct inbox){.call = call,
                            .partition = partition_of(slice_of(org), store_partitions(store))};
    must(slice_to_text(slice_of(org), inbox->org, sizeof inbox->org) == STATUS_OK);
    return inbox;
}

void inbox_start(const struct inbox *inbox, struct redis_command *command, enum script script)
{
    const struct slice org = slice_of(inbox->org);
    const struct key keys[] = {key_of_id(inbox->partition, KEY_ORG_EVENTS, org),
                               key_of_id(inbox->partition, KEY_ORG_LEASES, org),
                               key_of(inbox->partition, KEY_EVENTS)};
    const size_t count = script == SCRIPT_UNLEASE ? 2 : 3;
    redis_command_init(command);
    script_start(command, script, count);
    for (size_t i = 0; i < count; i++)
        redis_command_arg(command, key_slice(&keys[i]));
}

void inbox_send(struct inbox *inbox, struct redis_command *command, enum script script,
                redis_reply_fn fn)
{
    script_send(store_redis(service_store(inbox->call->ingest->service)), script, command, fn,
                inbox);
    redis_command_fini(command);
}

bool inbox_failed(struct inbox *inbox, enum status status)
{
    if (status == STATUS_OK)
        return false;
    call_answer_store_failed(inbox->call, status == STATUS_CANCELLED ? STATUS_DOWN : status);
    return true;
}

void inbox_put_id(const struct inbox *inbox, struct slice entry, struct json_writer *json)
{
    struct event_id event = {.partition = inbox->partition};
    char id[EVENT_ID_LEN + 1];
    must(stream_id_parse(entry, &event.entry) == STATUS_OK);
    event_id_format(event, id);
    json_put_text(json, slice_of(id));
}

bool inbox_body_is_json(struct call *call)
{
    static const char *const types[] = {"application/json", NULL};
    struct slice type;
    return content_type_expect(call, types, &type) == STATUS_OK;
}
