/*
 * event_msgpack_fuzz.c - MessagePack batches: what is accepted is JSON
 */
#include "check_batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice body = {(const char *)data, size};
    struct event_batch *batch = NULL;
    struct problem problem;

    if (event_parse_msgpack(body, SIZE_MAX, FUZZ_NOW_MS, &batch, &problem) == STATUS_OK) {
        check_batch(batch);
        event_batch_free(&batch);
    } else {
        check_refusal(&problem);
    }
    return 0;
}
