/*
 * event_json.c - events from JSON and NDJSON
 *
 * Members are read with where their bytes stand, so that data is handed on byte for byte and a text
 * without escapes is borrowed from the body.
 */
#include "hook_event.h"

#include "../base/must.h"
#include "event_document.h"
#include "event_reading.h"

static enum status read_member(struct event_batch *batch, struct event_reading *reading,
                               yyjson_val *name, struct slice span)
{
    yyjson_val *value = yyjson_obj_iter_get_val(name);
    enum event_member member;

    if (event_reading_member(reading, json_value_text(name), &member) != STATUS_OK)
        return STATUS_INVALID;
    if (member == MEMBER_DATA) {
        event_reading_data(reading, span);
        return STATUS_OK;
    }
    if (!yyjson_is_str(value))
        return event_reading_no_text(reading, member);
    return event_reading_text(reading, member,
                              event_batch_text(batch, json_value_text(value), span));
}

static void read_item(struct event_batch *batch, struct event_item *item, yyjson_val *value,
                      struct slice text, int64_t now_ms)
{
    struct event_reading reading;
    struct json_walk walk;
    struct slice span;
    yyjson_val *name;

    if (!json_walk_start(value, text, &walk)) {
        problem_set(&item->problem, 422, "wrong_type", "an event must be a JSON object");
        return;
    }
    event_reading_start(&reading, item, now_ms);
    while ((name = json_walk_next(&walk, &span)) != NULL) {
        if (read_member(batch, &reading, name, span) != STATUS_OK)
            return;
    }
    event_reading_end(&reading);
}

static const struct event_format format = {
    .plural = "events", .texts_per_byte = 1, .read = read_item};

enum status event_parse_json(struct slice body, int64_t now_ms, struct event_batch **out,
                             struct problem *problem)
{
    return event_document_one(&format, body, now_ms, out, problem);
}

enum status event_parse_json_array(struct slice body, size_t item_max, int64_t now_ms,
                                   struct event_batch **out, struct problem *problem)
{
    return event_document_array(&format, body, item_max, now_ms, out, problem);
}

/* The next line that is not blank, without what surrounds its value; false at the end. */
static bool next_line(struct slice *rest, struct slice *out_line)
{
    while (rest->len > 0) {
        struct slice line = slice_trim(slice_cut(rest, '\n'));

        while (line.len > 0 && line.at[line.len - 1] == '\r')
            line = slice_trim((struct slice){line.at, line.len - 1});
        *out_line = line;
        if (line.len > 0)
            return true;
    }
    return false;
}

static void read_line(struct event_batch *batch, struct event_item *item, struct slice line,
                      int64_t now_ms)
{
    struct json_scratch scratch json_scratch_uncleared;
    yyjson_doc *doc json_read_cleanup = json_read(line, JSON_DEPTH_MAX, &scratch, &item->problem);

    if (doc != NULL)
        read_item(batch, item, yyjson_doc_get_root(doc), line, now_ms);
}

enum status event_parse_ndjson(struct slice body, size_t item_max, int64_t now_ms,
                               struct event_batch **out, struct problem *problem)
{
    struct slice rest = body, line;
    size_t count = 0;

    while (count <= EVENT_BATCH_MAX && next_line(&rest, &line))
        count++;
    if (event_batch_check_count(count, problem) != STATUS_OK)
        return STATUS_INVALID;
    *out = event_batch_new(count, body.len);
    rest = body;
    for (size_t i = 0; next_line(&rest, &line); i++) {
        struct event_item *item = &(*out)->items[i];

        if (event_batch_check_item(line.len, item_max, &item->problem) == STATUS_OK)
            read_line(*out, item, line, now_ms);
    }
    return STATUS_OK;
}
