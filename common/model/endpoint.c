/*
 * endpoint.c - where an organization wants its events: the record in Redis
 */
#include "endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "endpoint_draft.h"
#include "fields.h"
#include "filter.h"
#include "json.h"
#include "old_secrets.h"
#include "url.h"

enum field {
    ID,
    ORG,
    URL,
    EVENT_TYPES,
    FILTER,
    HEADERS,
    DESCRIPTION,
    MAX_IN_FLIGHT,
    RETRY_SCHEDULE,
    TIMEOUT_MS,
    DISABLED,
    DISABLED_REASON,
    PAUSED,
    SECRET,
    OLD_SECRETS,
    CREATED_AT,
    UPDATED_AT,
    FIELDS_COUNT,
};
enum added_field { RATE_PER_SECOND, RATE_BURST, ORDERED, ADDED_COUNT };
static const char *const added_names[ADDED_COUNT] = {
    [RATE_PER_SECOND] = "rate_per_second",
    [RATE_BURST] = "rate_burst",
    [ORDERED] = "ordered",
};
static const char *const field_names[FIELDS_COUNT] = {
    [ID] = "id",
    [ORG] = "org",
    [URL] = "url",
    [EVENT_TYPES] = "event_types",
    [FILTER] = "filter",
    [HEADERS] = "headers",
    [DESCRIPTION] = "description",
    [MAX_IN_FLIGHT] = "max_in_flight",
    [RETRY_SCHEDULE] = "retry_schedule",
    [TIMEOUT_MS] = "timeout_ms",
    [DISABLED] = "disabled",
    [DISABLED_REASON] = "disabled_reason",
    [PAUSED] = "paused",
    [SECRET] = "secret",
    [OLD_SECRETS] = "old_secrets",
    [CREATED_AT] = "created_at",
    [UPDATED_AT] = "updated_at",
};

static size_t texts_len(const struct endpoint *endpoint)
{
    size_t len = endpoint->url.len + endpoint->filter.len + endpoint->description.len +
                 endpoint->sealed_secret.len + endpoint->old_secrets.len +
                 endpoint->disabled_reason.len;

    for (size_t i = 0; i < endpoint->patterns_count; i++)
        len += endpoint->patterns[i].len;
    for (size_t i = 0; i < endpoint->headers_count; i++)
        len += endpoint->headers[i].name.len + endpoint->headers[i].value.len;
    return len;
}

/* Moves the text behind *slice to *room, which advances. */
static void settle_text(struct slice *slice, char **room)
{
    if (slice->len > 0)
        memcpy(*room, slice->at, slice->len);
    slice->at = *room;
    *room += slice->len;
}

struct endpoint *endpoint_copy(const struct endpoint *endpoint)
{
    const size_t patterns_size = endpoint->patterns_count * sizeof(struct slice);
    const size_t headers_size = endpoint->headers_count * sizeof(struct header);
    char *room = xmalloc(sizeof *endpoint + patterns_size + headers_size + texts_len(endpoint));
    struct endpoint *copy = (struct endpoint *)(void *)room;

    *copy = *endpoint;
    copy->patterns = (struct slice *)(void *)(room + sizeof *copy);
    copy->headers = (struct header *)(void *)(room + sizeof *copy + patterns_size);
    room += sizeof *copy + patterns_size + headers_size;
    settle_text(&copy->url, &room);
    settle_text(&copy->filter, &room);
    settle_text(&copy->description, &room);
    settle_text(&copy->sealed_secret, &room);
    settle_text(&copy->old_secrets, &room);
    settle_text(&copy->disabled_reason, &room);
    for (size_t i = 0; i < copy->patterns_count; i++) {
        copy->patterns[i] = endpoint->patterns[i];
        settle_text(&copy->patterns[i], &room);
    }
    for (size_t i = 0; i < copy->headers_count; i++) {
        copy->headers[i] = endpoint->headers[i];
        settle_text(&copy->headers[i].name, &room);
        settle_text(&copy->headers[i].value, &room);
    }
    return copy;
}

void endpoint_free(struct endpoint **endpoint)
{
    free(*endpoint);
    *endpoint = NULL;
}

static enum status read_ids(const struct slice *values, struct endpoint *endpoint)
{
    if (!other_id_is_valid(values[ID], "ep_") || !other_id_is_valid(values[ORG], "org_"))
        return STATUS_INVALID;
    if (slice_to_text(values[ID], endpoint->id, sizeof endpoint->id) != STATUS_OK)
        return STATUS_INVALID;
    return slice_to_text(values[ORG], endpoint->org, sizeof endpoint->org);
}

/* "" leaves 0. */
static enum status read_number(struct slice text, int64_t min, int64_t max, int64_t *out)
{
    uint64_t number;

    if (text.len == 0)
        return STATUS_OK;
    if (slice_to_u64(text, (uint64_t)max, &number) != STATUS_OK || (int64_t)number < min)
        return STATUS_INVALID;
    *out = (int64_t)number;
    return STATUS_OK;
}

static enum status read_flag(struct slice text, bool *out)
{
    *out = slice_is(text, "1");
    return *out || slice_is(text, "0") ? STATUS_OK : STATUS_INVALID;
}

static enum status read_policy(const struct slice *values, struct endpoint *endpoint)
{
    if (read_number(values[MAX_IN_FLIGHT], 1, ENDPOINT_IN_FLIGHT_MAX, &endpoint->max_in_flight) !=
            STATUS_OK ||
        read_number(values[TIMEOUT_MS], ENDPOINT_TIMEOUT_MIN_MS, ENDPOINT_TIMEOUT_MAX_MS,
                    &endpoint->timeout_ms) != STATUS_OK ||
        read_number(values[CREATED_AT], 0, INT64_MAX, &endpoint->created_at_ms) != STATUS_OK ||
        read_number(values[UPDATED_AT], 0, INT64_MAX, &endpoint->updated_at_ms) != STATUS_OK)
        return STATUS_INVALID;
    if (read_flag(values[DISABLED], &endpoint->disabled) != STATUS_OK ||
        read_flag(values[PAUSED], &endpoint->paused) != STATUS_OK)
        return STATUS_INVALID;
    if (values[RETRY_SCHEDULE].len == 0)
        return STATUS_OK;
    return config_parse_durations(values[RETRY_SCHEDULE], ENDPOINT_RETRY_MIN_MS,
                                  ENDPOINT_RETRY_MAX_MS, &endpoint->retry_schedule, NULL);
}

static enum status read_lane(const struct slice *values, struct endpoint *endpoint)
{
    if (values[ORDERED].len > 0 && read_flag(values[ORDERED], &endpoint->ordered) != STATUS_OK)
        return STATUS_INVALID;
    return rate_spec_parse(values[RATE_PER_SECOND], values[RATE_BURST], &endpoint->rate);
}

static enum status read_texts(const struct slice *values, struct endpoint *endpoint)
{
    struct old_secrets old_secrets;
    const char *why;

    if (!url_is_acceptable(values[URL], &why) || !slice_starts(values[SECRET], "v1:") ||
        values[DESCRIPTION].len > ENDPOINT_DESCRIPTION_MAX ||
        old_secrets_read(values[OLD_SECRETS], &old_secrets) != STATUS_OK)
        return STATUS_INVALID;
    endpoint->url = values[URL];
    endpoint->description = values[DESCRIPTION];
    endpoint->sealed_secret = values[SECRET];
    endpoint->old_secrets = values[OLD_SECRETS];
    endpoint->disabled_reason = values[DISABLED_REASON];
    return STATUS_OK;
}

static enum status read_filter(const struct slice *values, struct endpoint *endpoint)
{
    struct problem unread;
    struct filter *filter;

    if (values[FILTER].len == 0)
        return STATUS_OK;
    filter = filter_compile(values[FILTER], &unread);
    if (filter == NULL)
        return STATUS_INVALID;
    filter_free(&filter);
    endpoint->filter = values[FILTER];
    return STATUS_OK;
}

/* Ends in the copy, because the texts of the lists stand in the trees that are freed here. */
static enum status read_lists(const struct slice *values, struct endpoint_draft *draft,
                              struct endpoint **out)
{
    struct json_scratch patterns_scratch json_scratch_uncleared;
    struct json_scratch headers_scratch json_scratch_uncleared;
    struct problem unread;
    yyjson_doc *patterns = json_read(values[EVENT_TYPES], 1, &patterns_scratch, &unread);
    yyjson_doc *headers = json_read(values[HEADERS], 1, &headers_scratch, &unread);
    enum status status = endpoint_draft_patterns(draft, yyjson_doc_get_root(patterns), &unread);

    if (status == STATUS_OK)
        status = endpoint_draft_headers(draft, yyjson_doc_get_root(headers), &unread);
    if (status == STATUS_OK)
        *out = endpoint_copy(&draft->endpoint);
    json_read_free(&patterns);
    json_read_free(&headers);
    return status;
}

enum status endpoint_from_fields(const struct slice *fields, size_t count, struct endpoint **out)
{
    struct slice values[FIELDS_COUNT], added[ADDED_COUNT];
    struct endpoint_draft draft;

    endpoint_draft_init(&draft);
    if (fields_pick(fields, count, field_names, FIELDS_COUNT, values) != STATUS_OK ||
        fields_pick_some(fields, count, added_names, ADDED_COUNT, added) != STATUS_OK ||
        read_lane(added, &draft.endpoint) != STATUS_OK ||
        read_ids(values, &draft.endpoint) != STATUS_OK ||
        read_texts(values, &draft.endpoint) != STATUS_OK ||
        read_policy(values, &draft.endpoint) != STATUS_OK ||
        read_filter(values, &draft.endpoint) != STATUS_OK)
        return STATUS_INVALID;
    return read_lists(values, &draft, out);
}

bool endpoint_has_lane(const struct endpoint *endpoint)
{
    return endpoint->ordered || endpoint->rate.per_second > 0;
}

void endpoint_secret_context(const struct endpoint *endpoint, struct buf *out)
{
    buf_add_text(out, endpoint->org);
    buf_add_char(out, '|');
    buf_add_text(out, endpoint->id);
    buf_add_text(out, "|secret");
}

void endpoint_patterns_json(const struct endpoint *endpoint, struct buf *out)
{
    struct json_writer json = {.out = out};

    json_open(&json, '[');
    for (size_t i = 0; i < endpoint->patterns_count; i++)
        json_put_text(&json, endpoint->patterns[i]);
    json_close(&json, ']');
}

void endpoint_headers_json(const struct endpoint *endpoint, struct buf *out)
{
    buf_add_char(out, '{');
    for (size_t i = 0; i < endpoint->headers_count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        json_text(out, endpoint->headers[i].name);
        buf_add_char(out, ':');
        json_text(out, endpoint->headers[i].value);
    }
    buf_add_char(out, '}');
}

void endpoint_schedule_text(const struct endpoint *endpoint, struct buf *out)
{
    for (size_t i = 0; i < endpoint->retry_schedule.count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        buf_add_i64(out, endpoint->retry_schedule.ms[i]);
        buf_add_slice(out, SLICE("ms"));
    }
}
