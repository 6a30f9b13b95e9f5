/*
 * delivery.c - a delivery as it stands in the deliveries stream
 */
#include "delivery.h"

#include "../base/must.h"
#include "attempt_item.h"
#include "fields.h"
#include "trace.h"

enum field { EVENT, ENDPOINT, ORG, ATTEMPT, TRACE, REQUEST, BODY, SNOOZES, HISTORY, FIELDS_COUNT };
static const char *const field_names[FIELDS_COUNT] = {
    [EVENT] = "event",     [ENDPOINT] = "endpoint", [ORG] = "org",
    [ATTEMPT] = "attempt", [TRACE] = "trace",       [REQUEST] = "request",
    [BODY] = "body",       [SNOOZES] = "snoozes",   [HISTORY] = "history",
};

static const char *const outcome_names[OUTCOMES_COUNT] = {
    [OUTCOME_DELIVERED] = "delivered", [OUTCOME_RETRY] = "retry", [OUTCOME_SNOOZE] = "snooze",
    [OUTCOME_PARK] = "park",           [OUTCOME_HOLD] = "hold",   [OUTCOME_LATE] = "late",
    [OUTCOME_READY] = "ready",         [OUTCOME_DEAD] = "dead",
};

const char *outcome_name(enum outcome outcome)
{
    must((unsigned)outcome < OUTCOMES_COUNT);
    return outcome_names[outcome];
}

static bool ids_are_valid(const struct slice *values)
{
    struct event_id event;

    return event_id_parse(values[EVENT], &event) == STATUS_OK &&
           other_id_is_valid(values[ENDPOINT], "ep_") && other_id_is_valid(values[ORG], "org_");
}

static bool history_is_valid(struct slice history)
{
    struct attempt_item item;

    if (history.len == 0)
        return true;
    if (history.at[history.len - 1] == ',')
        return false;
    while (history.len > 0)
        if (attempt_item_cut(&history, &item) != STATUS_OK)
            return false;
    return true;
}

static bool labels_are_valid(struct slice trace, struct slice request)
{
    char text[TRACEPARENT_LEN + 1];

    return (trace.len == 0 || traceparent_parse(trace, text) == STATUS_OK) &&
           (request.len == 0 || request_id_is_sane(request));
}

enum status delivery_from_fields(const struct slice *fields, size_t count,
                                 struct delivery_fields *out)
{
    struct slice values[FIELDS_COUNT];
    uint64_t attempt, snoozes;

    /* What is not there has nothing to say; what must say something is judged by its value. */
    if (fields_pick_some(fields, count, field_names, FIELDS_COUNT, values) != STATUS_OK ||
        !ids_are_valid(values) || !history_is_valid(values[HISTORY]) ||
        !labels_are_valid(values[TRACE], values[REQUEST]))
        return STATUS_INVALID;
    if (values[ATTEMPT].at == NULL)
        values[ATTEMPT] = SLICE("1");
    if (values[SNOOZES].at == NULL)
        values[SNOOZES] = SLICE("0");
    if (slice_to_u64(values[ATTEMPT], UINT32_MAX, &attempt) != STATUS_OK || attempt == 0 ||
        slice_to_u64(values[SNOOZES], UINT32_MAX, &snoozes) != STATUS_OK)
        return STATUS_INVALID;
    *out = (struct delivery_fields){
        .event = values[EVENT],
        .endpoint = values[ENDPOINT],
        .org = values[ORG],
        .attempt = (uint32_t)attempt,
        .snoozes = (uint32_t)snoozes,
        .history = values[HISTORY],
        .trace = values[TRACE],
        .request = values[REQUEST],
        .body = values[BODY],
        .is_released = slice_is(fields[count - 2], "lane") && slice_is(fields[count - 1], "1"),
    };
    return STATUS_OK;
}
