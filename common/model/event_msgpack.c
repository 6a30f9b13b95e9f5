/*
 * event_msgpack.c - events from MessagePack
 *
 * Texts are borrowed from the body. All data is written into one buf of the batch; it may move while
 * it grows, so items get only the length of theirs at first and the place at the end.
 */
#include "hook_event.h"

#include "../base/must.h"
#include "event_batch.h"
#include "event_reading.h"
#include "msgpack_json.h"
#include "utf8.h"

static struct slice str_of(const msgpack_object *object)
{
    return (struct slice){object->via.str.ptr, object->via.str.size};
}

static enum status read_data(struct event_batch *batch, struct event_reading *reading,
                             const msgpack_object *value)
{
    const size_t start = batch->data.len;
    const char *why;

    if (msgpack_json(value, &batch->data, &why) != STATUS_OK) {
        problem_set(&reading->item->problem, 422, "invalid_value", "%s", why);
        return problem_within(&reading->item->problem, SLICE("data"));
    }
    event_reading_data(reading, (struct slice){NULL, batch->data.len - start});
    return STATUS_OK;
}

static enum status read_member(struct event_batch *batch, struct event_reading *reading,
                               const msgpack_object_kv *pair)
{
    enum event_member member;
    struct slice text;

    if (event_reading_member(reading, str_of(&pair->key), &member) != STATUS_OK)
        return STATUS_INVALID;
    if (member == MEMBER_DATA)
        return read_data(batch, reading, &pair->val);
    if (pair->val.type != MSGPACK_OBJECT_STR)
        return event_reading_no_text(reading, member);
    text = str_of(&pair->val);
    return utf8_is_valid(text) ? event_reading_text(reading, member, text)
                               : event_reading_no_text(reading, member);
}

static void read_item(struct event_batch *batch, struct event_item *item,
                      const msgpack_object *object, int64_t now_ms)
{
    struct event_reading reading;

    if (object->type != MSGPACK_OBJECT_MAP) {
        problem_set(&item->problem, 422, "wrong_type", "an event must be a map");
        return;
    }
    event_reading_start(&reading, item, now_ms);
    for (uint32_t i = 0; i < object->via.map.size; i++) {
        const msgpack_object_kv *pair = &object->via.map.ptr[i];

        if (pair->key.type != MSGPACK_OBJECT_STR) {
            problem_set(&item->problem, 422, "wrong_type", "names of members must be texts");
            return;
        }
        if (read_member(batch, &reading, pair) != STATUS_OK)
            return;
    }
    event_reading_end(&reading);
}

static void place_data(struct event_batch *batch)
{
    const char *at = batch->data.at;

    for (size_t i = 0; i < batch->count; i++) {
        struct event_item *item = &batch->items[i];

        if (item->valid) {
            item->event.data.at = at;
            at += item->event.data.len;
        }
    }
}

static struct event_batch *read_batch(struct slice body, size_t item_max,
                                      const msgpack_object_array *array, int64_t now_ms)
{
    struct event_batch *batch = event_batch_new(array->size, body.len);
    struct slice rest = msgpack_items(body);

    buf_init(&batch->data, MSGPACK_JSON_MAX(body.len));
    for (size_t i = 0; i < batch->count; i++) {
        struct event_item *item = &batch->items[i];
        const size_t start = batch->data.len;

        if (event_batch_check_item(msgpack_next(&rest).len, item_max, &item->problem) == STATUS_OK)
            read_item(batch, item, &array->ptr[i], now_ms);
        if (!item->valid)
            batch->data.len = start;
    }
    must(!batch->data.overflow);
    place_data(batch);
    return batch;
}

enum status event_parse_msgpack(struct slice body, size_t item_max, int64_t now_ms,
                                struct event_batch **out, struct problem *problem)
{
    enum status status = STATUS_INVALID;
    msgpack_unpacked unpacked;
    size_t offset = 0;

    if (msgpack_check(body, problem) != STATUS_OK)
        return STATUS_INVALID;
    msgpack_unpacked_init(&unpacked);
    if (msgpack_unpack_next(&unpacked, body.at, body.len, &offset) != MSGPACK_UNPACK_SUCCESS) {
        problem_set(problem, 400, "malformed_msgpack", "not MessagePack");
    } else if (unpacked.data.type != MSGPACK_OBJECT_ARRAY) {
        problem_set(problem, 422, "wrong_type", "a batch must be an array of events");
    } else {
        status = event_batch_check_count(unpacked.data.via.array.size, problem);
        if (status == STATUS_OK)
            *out = read_batch(body, item_max, &unpacked.data.via.array, now_ms);
    }
    msgpack_unpacked_destroy(&unpacked);
    return status;
}
