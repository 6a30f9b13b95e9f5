/*
 * cloudevent_headers.c - CloudEvents in binary mode: attributes in headers, data as the body
 *
 * A header's value is undone as section 3.1.3.2 of the HTTP binding says: a double-quoted string first, then percent-encoding, once.
 */
#include "cloudevent.h"

#include <string.h>

#include "../base/must.h"
#include "base64.h"
#include "cloudevent_reading.h"
#include "json.h"
#include "json_read.h"
#include "media_type.h"
#include "utf8.h"

#define JSON_TEXT_MAX(len) (6 * (len) + 2) /* every byte escaped, and the quotes */

static enum status refuse(struct problem *problem, struct slice name, const char *detail)
{
    problem_set(problem, 422, "invalid_value", "%s", detail);
    return problem_within(problem, name);
}

/* In place; what stands in at has len bytes. */
static enum status undo_quotes(char *at, size_t *len)
{
    size_t to = 0;

    if (*len == 0 || at[0] != '"')
        return memchr(at, '"', *len) == NULL ? STATUS_OK : STATUS_INVALID;
    for (size_t from = 1; from < *len; from++) {
        if (at[from] == '"') {
            const bool is_last = from + 1 == *len;

            *len = to;
            return is_last ? STATUS_OK : STATUS_INVALID;
        }
        if (at[from] == '\\' && ++from == *len)
            break;
        at[to++] = at[from];
    }
    return STATUS_INVALID; /* never closed */
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum status undo_percents(char *at, size_t *len)
{
    size_t to = 0;

    for (size_t from = 0; from < *len; from++) {
        if (at[from] != '%') {
            at[to++] = at[from];
            continue;
        }
        if (*len - from < 3 || digit_of(at[from + 1]) < 0 || digit_of(at[from + 2]) < 0)
            return STATUS_INVALID;
        at[to++] = (char)(digit_of(at[from + 1]) * 16 + digit_of(at[from + 2]));
        from += 2;
    }
    *len = to;
    return STATUS_OK;
}

/* name is an attribute's. */
static enum status decode(struct event_batch *batch, struct slice name, struct slice value,
                          struct slice *out, struct problem *problem)
{
    char *at = event_batch_room(batch, value.len);
    size_t len = value.len;

    if (len > 0)
        memcpy(at, value.at, len);
    if (undo_quotes(at, &len) != STATUS_OK)
        return refuse(problem, name, "a double quote must be percent-encoded, or be around it all");
    if (undo_percents(at, &len) != STATUS_OK)
        return refuse(problem, name, "% must be followed by two hexadecimal digits");
    *out = (struct slice){at, len};
    return utf8_is_valid(*out) ? STATUS_OK : refuse(problem, name, "must be UTF-8");
}

static struct slice lower_case(struct event_batch *batch, struct slice name)
{
    char *at = event_batch_room(batch, name.len);

    for (size_t i = 0; i < name.len; i++)
        at[i] =
            (char)(name.at[i] >= 'A' && name.at[i] <= 'Z' ? name.at[i] + 'a' - 'A' : name.at[i]);
    return (struct slice){at, name.len};
}

static struct slice json_of(struct event_batch *batch, struct slice text)
{
    struct slice kept;
    struct buf json;

    buf_init(&json, JSON_TEXT_MAX(text.len));
    json_text(&json, text);
    kept = event_batch_keep(batch, buf_slice(&json));
    buf_fini(&json);
    return kept;
}

static enum status read_header(struct cloudevent_reading *reading,
                               const struct cloudevent_header *header)
{
    struct event_batch *batch = reading->batch;
    const struct slice name = lower_case(batch, header->name);
    struct problem *problem = &reading->item->problem;
    struct slice text;

    if (slice_is(name, "datacontenttype")) {
        problem_set(problem, 422, "conflicting_fields", "is said by Content-Type in binary mode");
        return problem_within(problem, name);
    }
    if (decode(batch, name, slice_trim(header->value), &text, problem) != STATUS_OK)
        return STATUS_INVALID;
    /* Escaped before it is judged: control characters make it longer, and the batch has room for that. */
    return cloudevent_reading_text(reading, name, text, json_of(batch, text));
}

static enum status read_content_type(struct cloudevent_reading *reading, struct slice type)
{
    const struct slice name = SLICE("datacontenttype");

    if (type.len == 0)
        return STATUS_OK;
    if (!utf8_is_valid(type))
        return refuse(&reading->item->problem, name, "must be UTF-8");
    return cloudevent_reading_text(reading, name, type, json_of(reading->batch, type));
}

/* The value alone, without the space around it. */
static struct slice trim_json(struct slice json)
{
    static const char space[] = " \t\r\n";

    while (json.len > 0 && strchr(space, json.at[0]) != NULL)
        json = slice_from(json, 1);
    while (json.len > 0 && strchr(space, json.at[json.len - 1]) != NULL)
        json.len--;
    return json;
}

/* One level less than a document has: it stands within one. */
static enum status read_json(struct cloudevent_reading *reading, struct slice body)
{
    struct json_scratch scratch json_scratch_uncleared;
    yyjson_doc *doc json_read_cleanup =
        json_read(body, JSON_DEPTH_MAX - 1, &scratch, &reading->item->problem);

    if (doc == NULL)
        return STATUS_INVALID;
    cloudevent_reading_data(reading, trim_json(body));
    return STATUS_OK;
}

static enum status read_bytes(struct cloudevent_reading *reading, struct slice body)
{
    struct buf *out = &reading->batch->data;
    const size_t len = BASE64_SIZE(body.len);
    char *at;

    buf_add_char(out, '"');
    at = buf_reserve(out, len);
    must(at != NULL);
    base64_encode((const uint8_t *)body.at, body.len, at);
    buf_grew(out, len);
    buf_add_char(out, '"');
    return cloudevent_reading_base64(reading, (struct slice){out->at + 1, len}, buf_slice(out));
}

static enum status read_data(struct cloudevent_reading *reading, enum media_kind kind,
                             struct slice body, size_t data_max)
{
    if (body.len == 0)
        return STATUS_OK;
    if (kind == MEDIA_JSON)
        return read_json(reading, body);
    if (kind == MEDIA_TEXT && utf8_is_valid(body)) {
        json_text(&reading->batch->data, body);
        cloudevent_reading_data(reading, buf_slice(&reading->batch->data));
    } else if (read_bytes(reading, body) != STATUS_OK) {
        return STATUS_INVALID;
    }
    if (reading->batch->data.len > data_max)
        return problem_set(&reading->item->problem, 413, "too_large",
                           "the data is kept as JSON, and as that may have at most %zu bytes",
                           data_max);
    return STATUS_OK;
}

/* What is kept of each: the name, the value decoded, as JSON, and within the attributes; and some of it in the dedup id. */
static struct event_batch *new_batch(const struct cloudevent_header *headers, size_t count,
                                     struct slice content_type, struct slice body)
{
    size_t names = content_type.len, values = content_type.len;
    struct event_batch *batch;

    for (size_t i = 0; i < count; i++) {
        names += headers[i].name.len;
        values += headers[i].value.len;
    }
    batch = event_batch_new(1, 3 * (names + JSON_TEXT_MAX(values)) + 64 * (count + 1) +
                                   BASE64_SIZE(body.len));
    buf_init(&batch->data, JSON_TEXT_MAX(body.len));
    return batch;
}

static void read_item(struct event_batch *batch, const struct cloudevent_header *headers,
                      size_t count, struct slice content_type, struct slice body, size_t data_max)
{
    const enum media_kind kind = content_type.len > 0 ? media_type_kind(content_type) : MEDIA_JSON;
    struct cloudevent_reading reading;

    cloudevent_reading_start(&reading, batch, &batch->items[0]);
    for (size_t i = 0; i < count; i++)
        if (read_header(&reading, &headers[i]) != STATUS_OK)
            return;
    if (read_content_type(&reading, content_type) != STATUS_OK ||
        read_data(&reading, kind, body, data_max) != STATUS_OK)
        return;
    cloudevent_reading_end(&reading);
}

enum status event_parse_cloudevent_headers(const struct cloudevent_header *headers, size_t count,
                                           struct slice content_type, struct slice body,
                                           size_t data_max, struct event_batch **out,
                                           struct problem *problem)
{
    const struct slice type = slice_trim(content_type);
    struct event_batch *batch = new_batch(headers, count, type, body);

    read_item(batch, headers, count, type, body, data_max);
    if (!batch->items[0].valid) {
        *problem = batch->items[0].problem;
        event_batch_free(&batch);
        return STATUS_INVALID;
    }
    *out = batch;
    return STATUS_OK;
}
