/*
 * delivery_json.h - how the API tells of a delivery, of its attempts and of its dead letter
 */
#pragma once

#include "io/redis.h"
#include "model/json.h"

struct delivery_shown {
    struct slice event, endpoint;
    struct slice state;  /* as lua/lib/record.lua has it */
    struct slice reason; /* of one that is dead, else empty */
    const struct redis_reply
        *attempts; /* entries of mr:{p}:attempts; NULL: only their number is told */
};

/* An object, which the caller may add to and closes. STATUS_INVALID, with nothing written, when its
 * state is not of that form. */
enum status delivery_json_put(struct json_writer *json,
                              const struct delivery_shown *delivery) must_check;

/* An object, which the caller closes. id and fields: an entry of mr:{p}:dlq; type: of the event, "" when it is gone.
 * STATUS_INVALID, with nothing written, when it is none. */
enum status letter_json_put(struct json_writer *json, struct slice id, struct slice type,
                            const struct redis_reply *fields) must_check;
