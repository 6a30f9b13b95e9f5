#include "pace.h"

#include <stdlib.h>

#include "base/map.h"

#define PLACES 16384
#define EVENTS_PER_MARK 256

struct place {
    uint64_t last_ms, gap_ms; /* 0: none yet */
};

struct pace {
    struct place places[PLACES];
};

struct pace *pace_new(void)
{
    return xcalloc(1, sizeof(struct pace));
}

void pace_free(struct pace **pace)
{
    free(*pace);
    *pace = NULL;
}

/* Of the last two. One older than the last, as of another processor that is gone, has none. */
static uint64_t smaller_gap(struct place *place, uint64_t ms)
{
    uint64_t before_ms = place->gap_ms;

    if (ms < place->last_ms)
        return 0;
    place->gap_ms = ms - place->last_ms;
    place->last_ms = ms;
    return place->gap_ms < before_ms ? place->gap_ms : before_ms;
}

size_t pace_mark_chars(struct pace *pace, struct slice org, uint64_t ms)
{
    uint64_t gap_ms = smaller_gap(&pace->places[map_hash(org) % PLACES], ms);

    if (gap_ms * EVENTS_PER_MARK >= 32768)
        return 11;
    return gap_ms * EVENTS_PER_MARK >= 1024 ? 12 : 13;
}
