/*
 * inbox_parts.h - for inbox.c and inbox_unlease.c: one request to the inbox of the key's organization
 */
#pragma once

#include "io/script.h"
#include "model/inbox_request.h"
#include "../call.h"

/* In the request's memory. */
struct inbox {
    struct call *call;
    uint32_t partition;
    char org[OTHER_ID_SIZE];
    char lease_id[OTHER_ID_SIZE];  /* of lease */
    const struct inbox_rule *rule; /* of ack and release */
};

struct inbox *inbox_new(struct call *call, const char *org);

/* False when the call is answered. */
bool inbox_body_is_json(struct call *call);

/* A call of list_inbox, lease or unlease with its keys; then its arguments; then inbox_send, which calls fn
 * with the inbox. */
void inbox_start(const struct inbox *inbox, struct redis_command *command, enum script script);
void inbox_send(struct inbox *inbox, struct redis_command *command, enum script script,
                redis_reply_fn fn);

/* True when the script's call failed: then the request is answered. */
bool inbox_failed(struct inbox *inbox, enum status status);

/* The id of the event of an entry, as a text. */
struct json_writer;
void inbox_put_id(const struct inbox *inbox, struct slice entry, struct json_writer *json);
