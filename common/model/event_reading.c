/*
 * event_reading.c - the rules for the members of one event, whatever format it came in
 */
#include "event_reading.h"

#include "../base/clock.h"
#include "../base/must.h"
#include "utf8.h"

static const struct slice names[] = {
    [MEMBER_TYPE] = {"type", 4},
    [MEMBER_DATA] = {"data", 4},
    [MEMBER_DEDUP_ID] = {"dedup_id", 8},
    [MEMBER_KEY] = {"key", 3},
    [MEMBER_OCCURRED_AT] = {"occurred_at", 11},
    [MEMBER_DELIVER_AT] = {"deliver_at", 10},
    [MEMBER_DELAY] = {"delay", 5},
};
#define MEMBERS_COUNT (sizeof names / sizeof names[0])

static unsigned bit(enum event_member member)
{
    return 1U << (unsigned)member;
}

static enum status refuse(struct event_reading *reading, enum event_member member, const char *code,
                          const char *detail)
{
    problem_set(&reading->item->problem, 422, code, "%s", detail);
    return problem_within(&reading->item->problem, names[member]);
}

void event_reading_start(struct event_reading *reading, struct event_item *item, int64_t now_ms)
{
    *reading = (struct event_reading){.item = item, .now_ms = now_ms};
    item->event.occurred_at_ms = -1;
    item->event.deliver_at_ms = -1;
    item->event.delay_ms = -1;
}

enum status event_reading_member(struct event_reading *reading, struct slice name,
                                 enum event_member *out)
{
    for (size_t i = 0; i < MEMBERS_COUNT; i++) {
        const enum event_member member = (enum event_member)i;

        if (!slice_eq(name, names[i]))
            continue;
        if ((reading->seen & bit(member)) != 0)
            return refuse(reading, member, "duplicate_field", "stands there more than once");
        reading->seen |= bit(member);
        *out = member;
        return STATUS_OK;
    }
    problem_set(&reading->item->problem, 422, "unknown_field",
                "an event has only type, data, dedup_id, key, occurred_at, deliver_at and delay");
    return problem_within(&reading->item->problem, name);
}

static enum status read_type(struct event_reading *reading, struct slice text)
{
    if (!event_type_is_valid(text))
        return refuse(reading, MEMBER_TYPE, "invalid_value",
                      "must be 1 to 256 characters of A-Z a-z 0-9 _ . -");
    reading->item->event.type = text;
    return STATUS_OK;
}

static enum status read_label(struct event_reading *reading, enum event_member member,
                              struct slice text, struct slice *out)
{
    _Static_assert(EVENT_DEDUP_MAX == 255 && EVENT_KEY_MAX == 255, "the text below says 255");
    if (text.len == 0 || text.len > EVENT_DEDUP_MAX || utf8_has_control(text))
        return refuse(reading, member, "invalid_value",
                      "must be 1 to 255 bytes without control characters");
    *out = text;
    return STATUS_OK;
}

static enum status read_time(struct event_reading *reading, enum event_member member,
                             struct slice text, int64_t *out_at_ms)
{
    if (clock_parse_rfc3339(text, out_at_ms) != STATUS_OK)
        return refuse(reading, member, "invalid_value",
                      "must be an RFC 3339 time such as 2026-01-31T09:30:00Z");
    return STATUS_OK;
}

static enum status read_deliver_at(struct event_reading *reading, struct slice text)
{
    int64_t at_ms;

    if (read_time(reading, MEMBER_DELIVER_AT, text, &at_ms) != STATUS_OK)
        return STATUS_INVALID;
    if (at_ms > reading->now_ms + EVENT_DELAY_MAX_MS)
        return refuse(reading, MEMBER_DELIVER_AT, "invalid_value", "is more than 90 days ahead");
    reading->item->event.deliver_at_ms = at_ms;
    return STATUS_OK;
}

static enum status read_delay(struct event_reading *reading, struct slice text)
{
    struct hook_event *event = &reading->item->event;

    if (clock_parse_duration(text, EVENT_DELAY_MAX_MS, &event->delay_ms) != STATUS_OK)
        return refuse(reading, MEMBER_DELAY, "invalid_value",
                      "must be a duration such as 250ms, 5s, 5m, 30h or 20d, at most 90d");
    event->deliver_at_ms = reading->now_ms + event->delay_ms;
    return STATUS_OK;
}

enum status event_reading_text(struct event_reading *reading, enum event_member member,
                               struct slice text)
{
    struct hook_event *event = &reading->item->event;

    switch (member) {
    case MEMBER_TYPE:
        return read_type(reading, text);
    case MEMBER_DEDUP_ID:
        return read_label(reading, member, text, &event->dedup_id);
    case MEMBER_KEY:
        return read_label(reading, member, text, &event->key);
    case MEMBER_OCCURRED_AT:
        return read_time(reading, member, text, &event->occurred_at_ms);
    case MEMBER_DELIVER_AT:
        return read_deliver_at(reading, text);
    case MEMBER_DELAY:
        return read_delay(reading, text);
    case MEMBER_DATA:
        break;
    }
    must(member != MEMBER_DATA);
    return STATUS_INVALID;
}

enum status event_reading_no_text(struct event_reading *reading, enum event_member member)
{
    return refuse(reading, member, "wrong_type", "must be a text");
}

void event_reading_data(struct event_reading *reading, struct slice json_text)
{
    reading->item->event.data = json_text;
}

void event_reading_end(struct event_reading *reading)
{
    const unsigned both = bit(MEMBER_DELIVER_AT) | bit(MEMBER_DELAY);

    if ((reading->seen & bit(MEMBER_TYPE)) == 0)
        refuse(reading, MEMBER_TYPE, "missing_field", "is required");
    else if ((reading->seen & bit(MEMBER_DATA)) == 0)
        refuse(reading, MEMBER_DATA, "missing_field", "is required");
    else if ((reading->seen & both) == both)
        refuse(reading, MEMBER_DELAY, "conflicting_fields",
               "deliver_at and delay cannot both be given");
    else
        reading->item->valid = true;
}
