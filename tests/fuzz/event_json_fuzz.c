/*
 * event_json_fuzz.c - one event, and an array of them
 */
#include "check_batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_borrowed(struct slice body, struct slice data)
{
    must(data.at >= body.at && data.at + data.len <= body.at + body.len);
}

/* An event that is accepted alone is accepted as the only item of an array, and the other way round. */
static void compare(struct slice body, bool accepted)
{
    struct event_batch *batch = NULL;
    struct problem problem;
    struct buf array;

    buf_init(&array, body.len + 2);
    buf_add_char(&array, '[');
    buf_add_slice(&array, body);
    buf_add_char(&array, ']');
    if (event_parse_json_array(buf_slice(&array), SIZE_MAX, FUZZ_NOW_MS, &batch, &problem) ==
        STATUS_OK) {
        must(event_batch_count(batch) > 1 || event_batch_item(batch, 0)->valid == accepted);
        event_batch_free(&batch);
    } else {
        must(!accepted);
    }
    buf_fini(&array);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice body = {(const char *)data, size};
    struct event_batch *batch = NULL;
    struct problem problem;
    const bool accepted = event_parse_json(body, FUZZ_NOW_MS, &batch, &problem) == STATUS_OK;

    if (accepted) {
        check_batch(batch);
        check_borrowed(body, event_batch_item(batch, 0)->event.data);
        event_batch_free(&batch);
    } else {
        check_refusal(&problem);
    }
    compare(body, accepted);
    if (event_parse_json_array(body, SIZE_MAX, FUZZ_NOW_MS, &batch, &problem) == STATUS_OK) {
        check_batch(batch);
        event_batch_free(&batch);
    } else {
        check_refusal(&problem);
    }
    return 0;
}
