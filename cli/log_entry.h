/*
 * log_entry.h - an entry of the log of events as it is read back
 */
#pragma once

#include "base/clock.h"
#include "io/redis.h"
#include "model/ids.h"
#include "model/trace.h"

/* Every entry has those before LOG_FIELDS_ALWAYS; of the others, request and time are told by trace
 * and id where an entry is without them, and the rest are empty. */
enum log_field_name {
    ORG,
    TYPE,
    DATA,
    LOG_FIELDS_ALWAYS,
    TRACE = LOG_FIELDS_ALWAYS,
    REQUEST,
    TIME,
    KEY,
    DEDUP,
    AFTER,
    CE,
    LOG_FIELDS
};

struct log_entry {
    struct event_id event;
    char id[EVENT_ID_LEN + 1];
    struct slice fields[LOG_FIELDS]; /* borrowed from the reply, or from what follows */
    char request[TRACE_REQUEST_ID_LEN + 1];
    char time[CLOCK_RFC3339_LEN + 1];
};

/* reply: [id, [name value …]]. STATUS_INVALID for what Millrace does not write. */
enum status log_entry_read(const struct redis_reply *reply, uint32_t partition,
                           struct log_entry *out) must_check;
