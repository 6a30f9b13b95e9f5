/*
 * delivery.c - a delivery as it stands in the deliveries stream
 */
#include "delivery.h"

#include "../base/must.h"
#include "attempt_item.h"
#include "fields.h"
#include "trace.h"

/* The first ones in the order of a fresh entry. The words of its first field are behind them; an
 * older version wrote each as a field. */
enum { DELIVERY, BODY, ATTEMPT, SNOOZES, HISTORY, NO_WORDS };
enum { EVENT = NO_WORDS, ENDPOINT, ORG, TRACE, REQUEST, FIELDS_COUNT };
static const char *const field_names[FIELDS_COUNT] = {
    [DELIVERY] = "delivery", [BODY] = "body",       [ATTEMPT] = "attempt",   [SNOOZES] = "snoozes",
    [HISTORY] = "history",   [EVENT] = "event",     [ENDPOINT] = "endpoint", [ORG] = "org",
    [TRACE] = "trace",       [REQUEST] = "request",
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

/* "-": it has nothing to say */
static bool cut_label(struct slice *rest, struct slice *out)
{
    *out = slice_cut(rest, ' ');
    if (out->len == 0)
        return false;
    if (slice_is(*out, "-"))
        *out = (struct slice){0};
    return true;
}

static bool cut_words(struct slice words, struct slice *values)
{
    if (words.len == 0 || words.at[words.len - 1] == ' ')
        return false;
    values[EVENT] = slice_cut(&words, ' ');
    values[ENDPOINT] = slice_cut(&words, ' ');
    values[ORG] = slice_cut(&words, ' ');
    return cut_label(&words, &values[TRACE]) && cut_label(&words, &values[REQUEST]) &&
           words.len == 0;
}

/* What is not there has nothing to say; what must say something is judged by its value. */
static bool pick_values(const struct slice *fields, size_t count, struct slice *values)
{
    if (fields_pick_some(fields, count, field_names, NO_WORDS, values) != STATUS_OK)
        return false;
    if (values[DELIVERY].at != NULL)
        return cut_words(values[DELIVERY], values);
    return fields_pick_some(fields, count, field_names + NO_WORDS, FIELDS_COUNT - NO_WORDS,
                            values + NO_WORDS) == STATUS_OK;
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

    if (!pick_values(fields, count, values) || !ids_are_valid(values) ||
        !history_is_valid(values[HISTORY]) || !labels_are_valid(values[TRACE], values[REQUEST]))
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
