/*
 * event_ndjson_fuzz.c - lines of events: each is judged as it would be alone
 */
#include "check_batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_blank(struct slice line)
{
    for (size_t i = 0; i < line.len; i++)
        if (memchr(" \t\r", line.at[i], 3) == NULL)
            return false;
    return true;
}

static void compare(struct slice line, const struct event_item *item)
{
    struct event_batch *alone = NULL;
    struct problem problem;

    if (event_parse_json(line, FUZZ_NOW_MS, &alone, &problem) == STATUS_OK) {
        must(item->valid);
        must(slice_eq(item->event.data, event_batch_item(alone, 0)->event.data));
        event_batch_free(&alone);
    } else {
        must(!item->valid && strcmp(item->problem.code, problem.code) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size};
    struct event_batch *batch = NULL;
    struct problem problem;
    size_t count = 0;

    if (event_parse_ndjson(rest, SIZE_MAX, FUZZ_NOW_MS, &batch, &problem) != STATUS_OK) {
        check_refusal(&problem);
        return 0;
    }
    check_batch(batch);
    while (rest.len > 0) {
        const struct slice line = slice_cut(&rest, '\n');

        if (!is_blank(line))
            compare(line, event_batch_item(batch, count++));
    }
    must(count == event_batch_count(batch));
    event_batch_free(&batch);
    return 0;
}
