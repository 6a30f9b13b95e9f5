/*
 * cloudevent_reading.c - the rules for the attributes of one CloudEvent, whatever mode it came in
 */
#include "cloudevent_reading.h"

#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/must.h"
#include "base64.h"
#include "media_type.h"
#include "trace.h"
#include "uri.h"
#include "utf8.h"

static enum status refuse(struct cloudevent_reading *reading, struct slice name, const char *code,
                          const char *detail)
{
    problem_set(&reading->item->problem, 422, code, "%s", detail);
    return problem_within(&reading->item->problem, name);
}

static bool is_version(struct cloudevent_reading *reading, struct slice text)
{
    (void)reading;
    return slice_is(text, "1.0");
}

static bool is_id(struct cloudevent_reading *reading, struct slice text)
{
    reading->id = text;
    return text.len > 0 && text.len <= CLOUDEVENT_ID_MAX;
}

static bool is_source(struct cloudevent_reading *reading, struct slice text)
{
    reading->source = text;
    return text.len > 0 && text.len <= CLOUDEVENT_SOURCE_MAX && uri_is_reference(text);
}

static bool is_type(struct cloudevent_reading *reading, struct slice text)
{
    reading->item->event.type = text;
    return event_type_is_valid(text);
}

static bool is_time(struct cloudevent_reading *reading, struct slice text)
{
    return clock_parse_rfc3339(text, &reading->item->event.occurred_at_ms) == STATUS_OK;
}

static bool is_subject(struct cloudevent_reading *reading, struct slice text)
{
    (void)reading;
    return text.len > 0;
}

static bool is_content_type(struct cloudevent_reading *reading, struct slice text)
{
    (void)reading;
    return media_type_is_valid(text);
}

static bool is_schema(struct cloudevent_reading *reading, struct slice text)
{
    (void)reading;
    return uri_is_absolute(text);
}

static bool is_key(struct cloudevent_reading *reading, struct slice text)
{
    reading->item->event.key = text;
    return text.len > 0 && text.len <= EVENT_KEY_MAX;
}

/* One that is no traceparent is an extension like any other. */
static bool is_trace(struct cloudevent_reading *reading, struct slice text)
{
    char trace[TRACEPARENT_LEN + 1];

    if (traceparent_parse(text, trace) == STATUS_OK)
        reading->item->event.trace =
            event_batch_keep(reading->batch, (struct slice){trace, TRACEPARENT_LEN});
    return true;
}

_Static_assert(CLOUDEVENT_ID_MAX == 1024 && CLOUDEVENT_SOURCE_MAX == 1024 && EVENT_KEY_MAX == 255,
               "the texts below say so");

/* What the specification names, and the extensions that mean something here. Their values are texts. */
static const struct rule {
    struct slice name;
    bool is_required;
    bool (*take)(struct cloudevent_reading *reading, struct slice text);
    const char *detail;
} rules[] = {
    {{"specversion", 11}, true, is_version, "must be 1.0"},
    {{"id", 2}, true, is_id, "must be 1 to 1024 bytes"},
    {{"source", 6}, true, is_source, "must be a URI reference of 1 to 1024 bytes"},
    {{"type", 4}, true, is_type, "must be 1 to 256 characters of A-Z a-z 0-9 _ . -"},
    {{"time", 4}, false, is_time, "must be an RFC 3339 time such as 2026-01-31T09:30:00Z"},
    {{"subject", 7}, false, is_subject, "must not be empty"},
    {{"datacontenttype", 15}, false, is_content_type, "must be a media type such as text/plain"},
    {{"dataschema", 10}, false, is_schema, "must be a URI with a scheme"},
    {{"partitionkey", 12}, false, is_key, "must be 1 to 255 bytes"},
    {{"traceparent", 11}, false, is_trace, ""},
};
#define RULES_COUNT (sizeof rules / sizeof rules[0])

static const struct rule *rule_of(struct slice name)
{
    for (size_t i = 0; i < RULES_COUNT; i++)
        if (slice_eq(name, rules[i].name))
            return &rules[i];
    return NULL;
}

void cloudevent_reading_start(struct cloudevent_reading *reading, struct event_batch *batch,
                              struct event_item *item)
{
    reading->batch = batch;
    reading->item = item;
    reading->id = reading->source = reading->bytes_json = (struct slice){0};
    reading->count = 0;
    item->event.data = SLICE("null");
    item->event.occurred_at_ms = -1;
    item->event.deliver_at_ms = -1;
    item->event.delay_ms = -1;
}

static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            return false;
    }
    return name.len > 0 && !slice_is(name, "data");
}

static enum status add(struct cloudevent_reading *reading, struct slice name, struct slice json)
{
    if (!is_name(name))
        return refuse(reading, name, "invalid_name",
                      "an attribute has a name of lower-case letters and digits, other than data");
    if (reading->count == CLOUDEVENT_ATTRIBUTES_MAX)
        return problem_set(&reading->item->problem, 413, "too_large",
                           "a CloudEvent may have at most %d attributes",
                           CLOUDEVENT_ATTRIBUTES_MAX);
    reading->attributes[reading->count++] = (struct cloudevent_attribute){name, json};
    return STATUS_OK;
}

enum status cloudevent_reading_text(struct cloudevent_reading *reading, struct slice name,
                                    struct slice text, struct slice json)
{
    const struct rule *rule = rule_of(name);

    if (add(reading, name, json) != STATUS_OK)
        return STATUS_INVALID;
    if (utf8_has_control(text) || utf8_has_noncharacter(text))
        return refuse(reading, name, "invalid_value",
                      "must have no control characters and no Unicode noncharacters");
    if (rule != NULL && !rule->take(reading, text))
        return refuse(reading, name, "invalid_value", rule->detail);
    return STATUS_OK;
}

/* Digits after a minus, of which JSON sees to it that there is one and no needless 0. */
static bool is_integer(struct slice number)
{
    const bool is_negative = slice_starts(number, "-");
    uint64_t value;

    return slice_to_u64(slice_from(number, is_negative), (uint64_t)INT32_MAX + is_negative,
                        &value) == STATUS_OK;
}

enum status cloudevent_reading_scalar(struct cloudevent_reading *reading, struct slice name,
                                      struct slice json)
{
    if (rule_of(name) != NULL)
        return cloudevent_reading_wrong_type(reading, name);
    if (!slice_is(json, "true") && !slice_is(json, "false") && !is_integer(json))
        return refuse(reading, name, "invalid_value",
                      "a number must be an integer from -2147483648 to 2147483647");
    return add(reading, name, json);
}

enum status cloudevent_reading_null(struct cloudevent_reading *reading, struct slice name)
{
    return add(reading, name, (struct slice){0});
}

enum status cloudevent_reading_wrong_type(struct cloudevent_reading *reading, struct slice name)
{
    return refuse(reading, name, "wrong_type",
                  rule_of(name) != NULL ? "must be a text"
                                        : "must be a text, an integer, true or false");
}

void cloudevent_reading_data(struct cloudevent_reading *reading, struct slice json)
{
    reading->item->event.data = json;
}

enum status cloudevent_reading_base64(struct cloudevent_reading *reading, struct slice text,
                                      struct slice json)
{
    if (!base64_is_valid(text))
        return refuse(reading, SLICE("data_base64"), "invalid_value", "must be padded base64");
    reading->item->event.ce_bytes = text;
    reading->bytes_json = json;
    return STATUS_OK;
}

static int compare(const void *a, const void *b)
{
    const struct cloudevent_attribute *one = a, *two = b;

    return slice_cmp(one->name, two->name);
}

/* Sorted, so that two of one name are neighbours. */
static enum status check_names(struct cloudevent_reading *reading)
{
    qsort(reading->attributes, reading->count, sizeof reading->attributes[0], compare);
    for (size_t i = 1; i < reading->count; i++)
        if (slice_eq(reading->attributes[i - 1].name, reading->attributes[i].name))
            return refuse(reading, reading->attributes[i].name, "duplicate_field",
                          "stands there more than once");
    return STATUS_OK;
}

static bool is_set(const struct cloudevent_reading *reading, struct slice name)
{
    for (size_t i = 0; i < reading->count; i++)
        if (slice_eq(reading->attributes[i].name, name))
            return reading->attributes[i].json.len > 0;
    return false;
}

static enum status check_required(struct cloudevent_reading *reading)
{
    for (size_t i = 0; i < RULES_COUNT; i++)
        if (rules[i].is_required && !is_set(reading, rules[i].name))
            return refuse(reading, rules[i].name, "missing_field", "is required");
    return STATUS_OK;
}

/* "name":value and a comma, or the bracket in place of the last one. */
static size_t member_len(struct slice name, struct slice json)
{
    return json.len > 0 ? name.len + json.len + 4 : 0;
}

static char *put(char *at, struct slice text)
{
    memcpy(at, text.at, text.len);
    return at + text.len;
}

static char *put_member(char *at, struct slice name, struct slice json)
{
    if (json.len == 0)
        return at;
    at = put(put(put(at, SLICE("\"")), name), SLICE("\":"));
    return put(put(at, json), SLICE(","));
}

static enum status keep_attributes(struct cloudevent_reading *reading)
{
    const struct slice last = SLICE("data_base64");
    size_t len = 1;
    char *start, *at;

    for (size_t i = 0; i < reading->count; i++)
        len += member_len(reading->attributes[i].name, reading->attributes[i].json);
    if (len > CLOUDEVENT_BYTES_MAX)
        return problem_set(&reading->item->problem, 413, "too_large",
                           "the attributes of a CloudEvent may have at most %d bytes",
                           CLOUDEVENT_BYTES_MAX);
    len += member_len(last, reading->bytes_json);
    start = event_batch_room(reading->batch, len);
    at = put(start, SLICE("{"));
    for (size_t i = 0; i < reading->count; i++)
        at = put_member(at, reading->attributes[i].name, reading->attributes[i].json);
    at = put_member(at, last, reading->bytes_json);
    must((size_t)(at - start) == len);
    at[-1] = '}';
    reading->item->event.ce = (struct slice){start, len};
    return STATUS_OK;
}

/* A URI has no spaces, so no two pairs make the same. */
static void keep_dedup_id(struct cloudevent_reading *reading)
{
    const size_t len = reading->source.len + 1 + reading->id.len;
    char *start = event_batch_room(reading->batch, len);

    put(put(put(start, reading->source), SLICE(" ")), reading->id);
    reading->item->event.ce_id = (struct slice){start, len};
    reading->item->event.dedup_id = reading->item->event.ce_id;
}

void cloudevent_reading_end(struct cloudevent_reading *reading)
{
    if (check_names(reading) != STATUS_OK || check_required(reading) != STATUS_OK ||
        keep_attributes(reading) != STATUS_OK)
        return;
    keep_dedup_id(reading);
    reading->item->valid = true;
}
