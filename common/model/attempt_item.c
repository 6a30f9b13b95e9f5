#include "attempt_item.h"

static enum status read_number(struct slice text, int64_t *out)
{
    uint64_t number;

    if (slice_to_u64(text, INT64_MAX, &number) != STATUS_OK)
        return STATUS_INVALID;
    *out = (int64_t)number;
    return STATUS_OK;
}

static enum status read_without_entry(struct slice text, struct attempt_item *item)
{
    int64_t at_ms;

    if (read_number(slice_cut(&text, ':'), &at_ms) != STATUS_OK ||
        read_number(slice_cut(&text, ':'), &item->attempt) != STATUS_OK ||
        read_number(slice_cut(&text, ':'), &item->status) != STATUS_OK ||
        read_number(text, &item->duration_ms) != STATUS_OK)
        return STATUS_INVALID;
    item->entry = (struct stream_id){.ms = (uint64_t)at_ms};
    return STATUS_OK;
}

enum status attempt_item_cut(struct slice *history, struct attempt_item *out)
{
    struct slice text = slice_cut(history, ',');
    struct attempt_item item = {.has_entry = true};

    if (stream_id_parse(text, &item.entry) != STATUS_OK) {
        item.has_entry = false;
        if (read_without_entry(text, &item) != STATUS_OK)
            return STATUS_INVALID;
    }
    *out = item;
    return STATUS_OK;
}
