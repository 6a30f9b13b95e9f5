#include "endpoint_fields.h"

#include "base/must.h"

#define TEXT_MAX (128 * 1024)

void endpoint_fields_init(struct endpoint_fields *fields)
{
    fields->count = 0;
    fields->texts_count = 0;
}

void endpoint_fields_fini(struct endpoint_fields *fields)
{
    for (size_t i = 0; i < fields->texts_count; i++)
        buf_fini(&fields->texts[i]);
}

void endpoint_fields_add(struct endpoint_fields *fields, const char *name, struct slice value)
{
    must(fields->count + 2 <= ENDPOINT_FIELDS_MAX);
    fields->at[fields->count++] = slice_of(name);
    fields->at[fields->count++] = value;
}

struct buf *endpoint_fields_text(struct endpoint_fields *fields)
{
    must(fields->texts_count < ENDPOINT_TEXTS_MAX);
    struct buf *text = &fields->texts[fields->texts_count++];
    buf_init(text, TEXT_MAX);
    return text;
}

void endpoint_fields_add_int(struct endpoint_fields *fields, const char *name, int64_t value)
{
    struct buf *text = endpoint_fields_text(fields);
    buf_add_i64(text, value);
    endpoint_fields_add(fields, name, buf_slice(text));
}

/* 0 is the default: "". */
static void add_number(struct endpoint_fields *fields, const char *name, int64_t value)
{
    if (value > 0)
        endpoint_fields_add_int(fields, name, value);
    else
        endpoint_fields_add(fields, name, (struct slice){0});
}

static void add_json(struct endpoint_fields *fields, const char *name,
                     const struct endpoint *endpoint,
                     void (*write)(const struct endpoint *endpoint, struct buf *out))
{
    struct buf *text = endpoint_fields_text(fields);
    write(endpoint, text);
    endpoint_fields_add(fields, name, buf_slice(text));
}

static void add_member(struct endpoint_fields *fields, const struct endpoint *endpoint,
                       enum endpoint_member member)
{
    switch (member) {
    case ENDPOINT_URL:
        endpoint_fields_add(fields, "url", endpoint->url);
        return;
    case ENDPOINT_EVENT_TYPES:
        add_json(fields, "event_types", endpoint, endpoint_patterns_json);
        return;
    case ENDPOINT_FILTER:
        endpoint_fields_add(fields, "filter", endpoint->filter);
        return;
    case ENDPOINT_HEADERS:
        add_json(fields, "headers", endpoint, endpoint_headers_json);
        return;
    case ENDPOINT_DESCRIPTION:
        endpoint_fields_add(fields, "description", endpoint->description);
        return;
    case ENDPOINT_RATE_LIMIT:
        add_number(fields, "rate_per_second", endpoint->rate.per_second);
        add_number(fields, "rate_burst", endpoint->rate.burst);
        return;
    case ENDPOINT_ORDERED:
        endpoint_fields_add(fields, "ordered", slice_of(endpoint->ordered ? "1" : "0"));
        return;
    case ENDPOINT_MAX_IN_FLIGHT:
        add_number(fields, "max_in_flight", endpoint->max_in_flight);
        return;
    case ENDPOINT_RETRY_SCHEDULE:
        add_json(fields, "retry_schedule", endpoint, endpoint_schedule_text);
        return;
    case ENDPOINT_TIMEOUT:
        add_number(fields, "timeout_ms", endpoint->timeout_ms);
        return;
    case ENDPOINT_DISABLED:
        endpoint_fields_add(fields, "disabled", slice_of(endpoint->disabled ? "1" : "0"));
        endpoint_fields_add(fields, "disabled_reason", slice_of(endpoint->disabled ? "api" : ""));
        return;
    case ENDPOINT_MEMBERS:
        break;
    }
    must(member < ENDPOINT_MEMBERS);
}

void endpoint_fields_members(struct endpoint_fields *fields, const struct endpoint *endpoint,
                             unsigned given)
{
    for (unsigned member = 0; member < ENDPOINT_MEMBERS; member++)
        if ((given & 1U << member) != 0)
            add_member(fields, endpoint, (enum endpoint_member)member);
}
