/*
 * cloudevent_json_fuzz.c - one CloudEvent in the JSON format, and an array of them
 */
#include "check_cloudevent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One that is accepted alone is accepted as the only item of an array, and the other way round. */
static void compare(struct slice body, bool accepted)
{
    struct event_batch *batch = NULL;
    struct problem problem;
    struct buf array;

    buf_init(&array, body.len + 2);
    buf_add_char(&array, '[');
    buf_add_slice(&array, body);
    buf_add_char(&array, ']');
    if (event_parse_cloudevent_array(buf_slice(&array), SIZE_MAX, &batch, &problem) == STATUS_OK) {
        must(event_batch_count(batch) == 1 ? event_batch_item(batch, 0)->valid == accepted
                                           : !accepted);
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
    const bool accepted = event_parse_cloudevent(body, &batch, &problem) == STATUS_OK;

    if (accepted) {
        check_items(batch, check_event);
        event_batch_free(&batch);
    } else {
        check_problem(&problem);
    }
    compare(body, accepted);
    if (event_parse_cloudevent_array(body, SIZE_MAX, &batch, &problem) == STATUS_OK) {
        check_items(batch, check_event);
        event_batch_free(&batch);
    } else {
        check_problem(&problem);
    }
    return 0;
}
