/*
 * event_reading.h - the rules for the members of one event, whatever format it came in
 *
 * A format's reader hands over each member as it meets it: event_reading_member says which one it
 * is, then its value goes to event_reading_text or, for data, event_reading_data.
 * Fails:  with the item's problem, after which nothing more is handed over.
 */
#pragma once

#include "hook_event.h"

enum event_member {
    MEMBER_TYPE,
    MEMBER_DATA,
    MEMBER_DEDUP_ID,
    MEMBER_KEY,
    MEMBER_OCCURRED_AT,
    MEMBER_DELIVER_AT,
    MEMBER_DELAY,
};

struct event_reading {
    struct event_item *item; /* borrowed */
    int64_t now_ms;
    unsigned seen; /* bits of enum event_member */
};

/* item is zeroed. */
void event_reading_start(struct event_reading *reading, struct event_item *item, int64_t now_ms);

/* name is decoded. Refuses unknown and repeated ones. */
enum status event_reading_member(struct event_reading *reading, struct slice name,
                                 enum event_member *out) must_check;

/* The value of any member but data, as valid UTF-8 that outlives the item. */
enum status event_reading_text(struct event_reading *reading, enum event_member member,
                               struct slice text) must_check;

/* The value of such a member was no text. */
enum status event_reading_no_text(struct event_reading *reading, enum event_member member);

void event_reading_data(struct event_reading *reading, struct slice json_text);

/* All members were handed over: the item becomes valid, or gets its problem. */
void event_reading_end(struct event_reading *reading);
