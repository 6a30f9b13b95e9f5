/*
 * delivery.h - a delivery as it stands in the deliveries stream, and the words for its states and reasons
 *
 * Entry fields: delivery and body, of one that was tried or snoozed before between them also
 * attempt, snoozes and history, and of what the lane of its endpoint let go a last one: lane, 1.
 * delivery is one line: "<event> <endpoint> <org> <trace> <request>", with "-" where there is nothing
 * to say, as of a request that the trace tells (trace.h); attempt is the number of the
 * attempt to be made (none: 1); snoozes how often a Retry-After was obeyed; history the attempts
 * made (attempt_item.h); body the webhook's body when it is small, else empty (then it is made from
 * the event).
 */
#pragma once

#include <stdint.h>

#include "ids.h"

struct delivery_fields {
    struct slice event;    /* evt_… */
    struct slice endpoint; /* ep_… */
    struct slice org;
    uint32_t attempt;
    uint32_t snoozes;
    struct slice history;
    struct slice trace;
    struct slice request;
    struct slice body;
    bool is_released; /* by its lane: its turn has come */
};

/* fields: name value name value …; borrowed. STATUS_INVALID when one is missing or malformed. */
enum status delivery_from_fields(const struct slice *fields, size_t count,
                                 struct delivery_fields *out) must_check;

/* One word each, as settle.lua takes and Redis shows them. */
enum outcome {
    OUTCOME_DELIVERED,
    OUTCOME_RETRY,  /* failed; again after backoff */
    OUTCOME_SNOOZE, /* told to wait (Retry-After); no retry is burnt */
    OUTCOME_PARK,   /* not attempted: no room for this endpoint now */
    OUTCOME_HOLD,   /* not attempted: its endpoint is paused, or its turn has not come */
    OUTCOME_READY,  /* not attempted: handed back at once, at shutdown */
    OUTCOME_DEAD,   /* given up, to the dead letters */
    OUTCOME_LATE,   /* not attempted: may it be now, or is it to be held? */
};
#define OUTCOMES_COUNT 8
const char *outcome_name(enum outcome outcome);
