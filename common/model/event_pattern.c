/*
 * event_pattern.c - which event types an endpoint wants
 */
#include "event_pattern.h"

#include <string.h>

#include "hook_event.h"

/* "order." of "order.*"; false for an exact type. pattern is not "*". */
static bool prefix_of(struct slice pattern, struct slice *out_prefix)
{
    if (pattern.len < 2 || memcmp(pattern.at + pattern.len - 2, ".*", 2) != 0)
        return false;
    *out_prefix = (struct slice){pattern.at, pattern.len - 1};
    return true;
}

bool event_pattern_is_valid(struct slice pattern)
{
    struct slice prefix;

    if (slice_is(pattern, "*"))
        return true;
    if (pattern.len > EVENT_TYPE_MAX)
        return false;
    if (prefix_of(pattern, &prefix))
        return prefix.len > 1 && event_type_is_valid(prefix);
    return event_type_is_valid(pattern);
}

bool event_pattern_matches(struct slice pattern, struct slice type)
{
    struct slice prefix;

    if (slice_is(pattern, "*"))
        return true;
    if (prefix_of(pattern, &prefix))
        return type.len > prefix.len && memcmp(type.at, prefix.at, prefix.len) == 0;
    return slice_eq(pattern, type);
}
