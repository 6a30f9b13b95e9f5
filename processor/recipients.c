#include "recipients.h"

/* The nearest miss. */
static const char *why_nobody(const struct work *work, const struct match_result *result)
{
    if (result->filtered)
        return "filtered";
    if (result->disabled_wanted_it)
        return "endpoint_disabled";
    return work->to.len > 0 ? "endpoint_deleted" : "no_subscriber";
}

void recipients_find(struct work *work, const struct match_index *index)
{
    struct filter_event event = {.type = work->type, .key = work->key, .data = work->data};
    struct match_result result =
        work->to.len > 0 ? match_index_find_only(index, work->to) : match_index_find(index, &event);
    filter_event_fini(&event);
    work->endpoints = result.ids;
    work->endpoints_count = result.count;
    work->any_gated = result.any_gated;
    if (result.count == 0)
        work->skipped = why_nobody(work, &result);
}
