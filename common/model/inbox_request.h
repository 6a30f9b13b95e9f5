/*
 * inbox_request.h - the requests that lease events of the inbox, and that acknowledge or release them
 */
#pragma once

#include <stdint.h>

#include "ids.h"
#include "problem.h"

#define LEASE_SECONDS_DEFAULT 300
#define LEASE_SECONDS_MAX 3600
#define LEASE_EVENTS_DEFAULT 10
#define LEASE_EVENTS_MAX 100

struct lease_request {
    int64_t lease_seconds;
    int64_t limit;
};

/* {"lease_seconds"?,"limit"?}, or an empty body. */
enum status lease_parse_request(struct slice body, struct lease_request *out,
                                struct problem *problem) must_check;

struct unlease_request {
    char lease_id[OTHER_ID_SIZE];
    size_t count; /* 0: all that the lease holds */
    struct stream_id entries[LEASE_EVENTS_MAX];
};

/* {"lease_id","event_ids"?}; events are each named once, and of this partition: another's are another
 * organization's. */
enum status unlease_parse_request(struct slice body, uint32_t partition,
                                  struct unlease_request *out, struct problem *problem) must_check;
