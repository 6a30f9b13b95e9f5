/*
 * hook_event.c - the events of one request and the texts behind them
 */
#include "hook_event.h"

#include <stdlib.h>
#include <string.h>

#include "../base/must.h"
#include "event_batch.h"

enum status event_batch_check_count(size_t count, struct problem *problem)
{
    if (count == 0)
        return problem_set(problem, 422, "batch_empty", "the batch has no events");
    if (count > EVENT_BATCH_MAX)
        return problem_set(problem, 422, "batch_too_large", "the batch has more than %d events",
                           EVENT_BATCH_MAX);
    return STATUS_OK;
}

enum status event_batch_check_item(size_t len, size_t max, struct problem *problem)
{
    if (len > max)
        return problem_set(problem, 413, "too_large", "an event may have at most %zu bytes", max);
    return STATUS_OK;
}

struct event_batch *event_batch_new(size_t count, size_t texts_max)
{
    struct event_batch *batch;

    must(count <= EVENT_BATCH_MAX);
    batch = xcalloc(1, sizeof *batch + count * sizeof batch->items[0]);
    batch->count = count;
    batch->texts_max = texts_max;
    return batch;
}

void event_batch_free(struct event_batch **batch)
{
    if (*batch == NULL)
        return;
    buf_fini(&(*batch)->data);
    free((*batch)->texts);
    free(*batch);
    *batch = NULL;
}

char *event_batch_room(struct event_batch *batch, size_t len)
{
    char *at;

    must(len <= batch->texts_max - batch->texts_len);
    if (batch->texts == NULL)
        batch->texts = xmalloc(batch->texts_max);
    at = batch->texts + batch->texts_len;
    batch->texts_len += len;
    return at;
}

struct slice event_batch_keep(struct event_batch *batch, struct slice text)
{
    char *at = event_batch_room(batch, text.len);

    memcpy(at, text.at, text.len);
    return (struct slice){at, text.len};
}

struct slice event_batch_text(struct event_batch *batch, struct slice text, struct slice span)
{
    /* Every escape is longer than what it stands for: equal lengths mean that there is none. */
    if (span.len == text.len + 2)
        return (struct slice){span.at + 1, text.len};
    return event_batch_keep(batch, text);
}

size_t event_batch_count(const struct event_batch *batch)
{
    return batch->count;
}

const struct event_item *event_batch_item(const struct event_batch *batch, size_t index)
{
    must(index < batch->count);
    return &batch->items[index];
}

static bool is_type_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool event_type_is_valid(struct slice type)
{
    if (type.len == 0 || type.len > EVENT_TYPE_MAX)
        return false;
    for (size_t i = 0; i < type.len; i++)
        if (!is_type_char(type.at[i]))
            return false;
    return true;
}
