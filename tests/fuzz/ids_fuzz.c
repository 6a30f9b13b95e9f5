/*
 * ids_fuzz.c - a text is refused, or is exactly the text of what was read from it
 */
#include <string.h>

#include "base/must.h"
#include "model/ids.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_event(struct slice text)
{
    struct event_id id;
    char again[EVENT_ID_LEN + 1];
    if (event_id_parse(text, &id) != STATUS_OK)
        return;
    event_id_format(id, again);
    must(slice_is(text, again));
}

static void check_delivery(struct slice text)
{
    char event[EVENT_ID_LEN + 1], endpoint[3 + ID_CHARS + 1], again[DELIVERY_ID_LEN + 1];
    struct event_id id;
    if (delivery_id_parse(text, event, endpoint) != STATUS_OK)
        return;
    must(event_id_parse(slice_of(event), &id) == STATUS_OK);
    must(other_id_is_valid(slice_of(endpoint), "ep_"));
    delivery_id_format(slice_of(event), slice_of(endpoint), again);
    must(slice_is(text, again));
}

/* Leading zeros are read, not written: the value must be stable, not the text. */
static void check_stream(struct slice text)
{
    struct stream_id id, back;
    char again[STREAM_ID_SIZE];
    if (stream_id_parse(text, &id) != STATUS_OK)
        return;
    stream_id_format(id, again);
    must(strlen(again) <= text.len);
    must(stream_id_parse(slice_of(again), &back) == STATUS_OK);
    must(stream_id_cmp(id, back) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {.at = (const char *)data, .len = size};
    check_event(text);
    check_delivery(text);
    check_stream(text);
    must(!other_id_is_valid(text, "ep_") || size == 3 + ID_CHARS);
    must(!other_id_is_valid(text, "org_") || size == 4 + ID_CHARS);
    return 0;
}
