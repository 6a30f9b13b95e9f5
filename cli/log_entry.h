/*
 * log_entry.h - an entry of the log of events as it is read back
 */
#pragma once

#include "io/redis.h"
#include "model/ids.h"

/* Every entry has those before LOG_FIELDS_ALWAYS; the others are empty where they have nothing to say. */
enum log_field_name {
    ORG,
    TYPE,
    TRACE,
    REQUEST,
    TIME,
    DATA,
    LOG_FIELDS_ALWAYS,
    KEY = LOG_FIELDS_ALWAYS,
    DEDUP,
    AFTER,
    CE,
    LOG_FIELDS
};

struct log_entry {
    struct event_id event;
    char id[EVENT_ID_LEN + 1];
    struct slice fields[LOG_FIELDS]; /* borrowed from the reply */
};

/* reply: [id, [name value …]]. STATUS_INVALID for what Millrace does not write. */
enum status log_entry_read(const struct redis_reply *reply, uint32_t partition,
                           struct log_entry *out) must_check;
