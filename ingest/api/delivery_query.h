/*
 * delivery_query.h - deliveries are asked for: a page of them (list_deliveries.lua), or the one that the path names
 * (find_delivery.lua)
 */
#pragma once

#include "../call.h"
#include "io/redis.h"
#include "model/json.h"

/* Slices are empty when they do not narrow the list. */
struct delivery_query {
    size_t limit;
    struct slice after_event, after_endpoint; /* where the page begins */
    struct slice word;                        /* of the state, as lua/lib/record.lua has it */
    struct slice endpoint, event;
};

/* fn gets the script's answer. */
void delivery_query_send(struct call *call, const struct delivery_query *query, redis_reply_fn fn,
                         void *self);

/* The deliveries of an answer, as items of an array that is open. */
void delivery_query_put(struct json_writer *json, const struct redis_reply *reply);

/* Borrowed during the callback, but event and endpoint, which are in the request's memory. */
struct delivery_found {
    struct call *call;
    struct slice event, endpoint;
    struct slice type, state; /* of the event; of the delivery, as lua/lib/record.lua has it. Empty
                               * when the event is gone and there is but the letter */
    struct slice letter;      /* empty: it has none */
    const struct redis_reply *fields; /* of the letter */
    const struct redis_reply *attempts;
};
typedef void (*delivery_found_fn)(const struct delivery_found *found);

/* The event and the endpoint in the path, terminated, in the request's memory. Else answers 404. */
enum status delivery_path_ids(struct call *call, struct slice *out_event,
                              struct slice *out_endpoint) must_check;

/* fn when it is there; else the call is answered. */
void delivery_find(struct call *call, delivery_found_fn fn);
