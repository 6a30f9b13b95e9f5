/*
 * cloudevent_headers_fuzz.c - a CloudEvent in binary mode: lines "name: value", an empty one, and the body
 *
 * Lines are cut at any LF, so that names and values hold what no HTTP parser lets through. The name content-type is the body's.
 */
#include "check_cloudevent.h"

#define HEADERS_MAX 128
#define DATA_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size}, type = {0};
    struct cloudevent_header headers[HEADERS_MAX];
    struct event_batch *batch = NULL;
    struct problem problem;
    size_t count = 0;

    while (rest.len > 0 && count < HEADERS_MAX) {
        struct slice value = slice_cut(&rest, '\n');
        if (value.len == 0)
            break;
        const struct slice name = slice_cut(&value, ':');
        if (slice_is(name, "content-type"))
            type = value;
        else
            headers[count++] = (struct cloudevent_header){name, value};
    }
    if (event_parse_cloudevent_headers(headers, count, type, rest, DATA_MAX, &batch, &problem) ==
        STATUS_OK) {
        must(event_batch_count(batch) == 1 && event_batch_item(batch, 0)->valid);
        check_event(&event_batch_item(batch, 0)->event);
        event_batch_free(&batch);
    } else {
        check_problem(&problem);
    }
    return 0;
}
