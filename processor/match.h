/*
 * match.h - which endpoints of an organization want an event
 *
 * An index by pattern: exact types in one table, prefixes ("order.*") in another, "*" in a list. A
 * look-up costs one probe per segment of the type and what it finds, however many endpoints there
 * are. Those found that have a filter are asked it.
 */
#pragma once

#include "model/filter.h"

struct match_index;
struct match_index *match_index_new(void);
void match_index_free(struct match_index **index);

enum match_state {
    MATCH_OFF, /* disabled */
    MATCH_ON,
    MATCH_GATED, /* paused, or with a lane: what it wants is held first */
};

/* id: at most 24 characters, copied. patterns are valid. Takes *filter, NULL for none, and nulls it. The same id must not be
 * added twice. */
void match_index_add(struct match_index *index, struct slice id, enum match_state state,
                     const struct slice *patterns, size_t patterns_count, struct filter **filter);

struct match_result {
    /* sorted, each once; the array is the caller's to free, the texts are the index's. NULL when
     * none */
    const char **ids;
    size_t count;
    bool filtered;           /* the filter of one that wants the type refused the event */
    bool disabled_wanted_it; /* one that is off wants the type; its filter is not asked */
    bool any_gated;          /* one of the ids is */
};
struct match_result match_index_find(const struct match_index *index, struct filter_event *event);

/* That one alone, whatever it wants, unless it is off. */
struct match_result match_index_find_only(const struct match_index *index, struct slice id);
