#include "delivery_json.h"

#include "model/delivery_state.h"
#include "model/ids.h"

#define FIELDS_MAX 48 /* names and values */

static const char *const statuses[] = {
    [DELIVERY_WORD_PENDING] = "pending",
    [DELIVERY_WORD_WAITING] = "waiting",
    [DELIVERY_WORD_DELIVERED] = "delivered",
    [DELIVERY_WORD_DEAD] = "failed",
};

static void put_text(struct json_writer *json, const char *name, struct slice text)
{
    json_name(json, name);
    if (text.len > 0)
        json_put_text(json, text);
    else
        json_put_null(json);
}

/* Decimal text; null when it is none, or 0 where that says that there was none. */
static void put_number(struct json_writer *json, const char *name, struct slice text, uint64_t none)
{
    uint64_t number;

    json_name(json, name);
    if (slice_to_u64(text, INT64_MAX, &number) == STATUS_OK && number != none)
        json_put_int(json, (int64_t)number);
    else
        json_put_null(json);
}

static void put_time(struct json_writer *json, const char *name, int64_t at_ms)
{
    json_name(json, name);
    if (at_ms >= 0)
        json_put_rfc3339(json, at_ms);
    else
        json_put_null(json);
}

static int64_t time_of(struct slice text)
{
    uint64_t ms;
    return slice_to_u64(text, INT64_MAX, &ms) == STATUS_OK ? (int64_t)ms : -1;
}

static void put_waiting(struct json_writer *json, const struct delivery_state *state)
{
    json_name(json, "waiting");
    if (state->word != DELIVERY_WORD_WAITING) {
        json_put_null(json);
        return;
    }
    json_open(json, '{');
    put_text(json, "reason", state->reason);
    put_time(json, "until", state->until_ms);
    json_close(json, '}');
}

/* Opens the object. */
static enum status put_ids(struct json_writer *json, struct slice event, struct slice endpoint,
                           struct event_id *out_event)
{
    char id[DELIVERY_ID_LEN + 1];

    if (event_id_parse(event, out_event) != STATUS_OK || !other_id_is_valid(endpoint, "ep_"))
        return STATUS_INVALID;
    delivery_id_format(event, endpoint, id);
    json_open(json, '{');
    put_text(json, "id", slice_of(id));
    put_text(json, "event", event);
    put_text(json, "endpoint", endpoint);
    return STATUS_OK;
}

/* Fields of an entry by their names. */
struct entry {
    struct slice at[FIELDS_MAX];
    size_t count;
};

static struct slice find(const struct entry *entry, const char *name)
{
    for (size_t i = 0; i + 1 < entry->count; i += 2)
        if (slice_is(entry->at[i], name))
            return entry->at[i + 1];
    return (struct slice){0};
}

static void put_attempt(struct json_writer *json, const struct redis_reply *attempt)
{
    struct entry entry;
    struct stream_id id;

    entry.count = redis_reply_slices(redis_reply_at(attempt, 1), entry.at, FIELDS_MAX);
    if (stream_id_parse(redis_reply_text(redis_reply_at(attempt, 0)), &id) != STATUS_OK)
        return;
    json_open(json, '{');
    put_time(json, "at", (int64_t)id.ms);
    put_number(json, "attempt", find(&entry, "attempt"), 0);
    put_text(json, "outcome", find(&entry, "outcome"));
    put_number(json, "status", find(&entry, "status"), 0);
    put_number(json, "duration_ms", find(&entry, "duration_ms"), UINT64_MAX);
    put_text(json, "error", find(&entry, "error"));
    put_text(json, "response", find(&entry, "response"));
    json_close(json, '}');
}

static void put_attempts_of(struct json_writer *json, const struct delivery_shown *delivery,
                            int64_t count)
{
    json_name(json, "attempts_count");
    json_put_int(json, count);
    if (!delivery->attempts)
        return;
    json_name(json, "attempts");
    json_open(json, '[');
    for (size_t i = 0; i < redis_reply_count(delivery->attempts); i++)
        put_attempt(json, redis_reply_at(delivery->attempts, i));
    json_close(json, ']');
}

enum status delivery_json_put(struct json_writer *json, const struct delivery_shown *delivery)
{
    struct delivery_state state;
    struct event_id id;

    if (delivery_state_parse(delivery->state, &state) != STATUS_OK ||
        put_ids(json, delivery->event, delivery->endpoint, &id) != STATUS_OK)
        return STATUS_INVALID;
    put_text(json, "status", slice_of(statuses[state.word]));
    put_attempts_of(json, delivery, state.attempts);
    json_name(json, "last_status");
    if (state.status > 0)
        json_put_int(json, state.status);
    else
        json_put_null(json);
    put_time(json, "created_at", (int64_t)id.entry.ms);
    put_time(json, "changed_at", state.changed_at_ms);
    put_text(json, "reason", delivery->reason);
    put_waiting(json, &state);
    return STATUS_OK;
}

enum status letter_json_put(struct json_writer *json, struct slice id_text, struct slice type,
                            const struct redis_reply *fields)
{
    struct entry entry;
    struct stream_id id;
    struct event_id event;

    entry.count = redis_reply_slices(fields, entry.at, FIELDS_MAX);
    if (stream_id_parse(id_text, &id) != STATUS_OK ||
        put_ids(json, find(&entry, "event"), find(&entry, "endpoint"), &event) != STATUS_OK)
        return STATUS_INVALID;
    put_text(json, "type", type);
    put_text(json, "reason", find(&entry, "reason"));
    put_number(json, "attempts_count", find(&entry, "attempts"), UINT64_MAX);
    put_number(json, "last_status", find(&entry, "status"), 0);
    put_text(json, "response", find(&entry, "response"));
    put_time(json, "first_at", time_of(find(&entry, "first_at")));
    put_time(json, "last_at", time_of(find(&entry, "last_at")));
    put_time(json, "dead_at", (int64_t)id.ms);
    return STATUS_OK;
}
