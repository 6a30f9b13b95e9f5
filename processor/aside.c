#include "aside.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/map.h"
#include "base/must.h"

/* All events of one organization that are kept. */
struct group {
    struct work *works;
    size_t count;
    bool asking; /* for its catalog */
    char org[OTHER_ID_SIZE];
};

struct aside {
    struct aside_options options;
    struct map groups; /* by organization; none is empty */
    size_t count, bytes;
    struct loop_timer *timer;
    struct log_limit log_limit;
};

static struct group *find_group(const struct aside *aside, struct slice org)
{
    return map_get(&aside->groups, org);
}

static void remove_group(struct aside *aside, struct group *group)
{
    map_remove(&aside->groups, slice_of(group->org));
    free(group);
}

static struct work *take(struct aside *aside, struct group *group)
{
    struct work *work = group->works;
    group->works = work->next;
    group->count--;
    aside->count--;
    aside->bytes -= work->bytes;
    return work;
}

static void hand_back(struct aside *aside, struct group *group)
{
    log_event(LOG_INFO, "events.resumed", log_text("org", group->org),
              log_int("count", (int64_t)group->count));
    struct work *works = NULL;
    while (group->works) {
        struct work *work = take(aside, group);
        work->next = works; /* the oldest comes out first */
        works = work;
    }
    remove_group(aside, group); /* one of them may be set aside again at once */
    while (works) {
        struct work *work = works;
        works = work->next;
        aside->options.on_known(work, aside->options.self);
    }
}

/* What an answer of the catalog is about. */
struct question {
    struct aside *aside;
    char org[OTHER_ID_SIZE];
};

static void on_catalog(enum status status, struct cache_value *value, void *self)
{
    struct question *question = self;
    if (status != STATUS_CANCELLED) { /* else we may be gone already */
        struct group *group = find_group(question->aside, slice_of(question->org));
        if (group)
            group->asking = false;
        if (group && status == STATUS_OK)
            hand_back(question->aside, group);
    }
    cache_release(&value);
    free(question);
}

static void ask(struct aside *aside, struct group *group)
{
    if (group->asking)
        return;
    group->asking = true;
    struct question *question = xcalloc(1, sizeof *question);
    question->aside = aside;
    memcpy(question->org, group->org, sizeof question->org);
    catalog_get(aside->options.catalog, slice_of(group->org), on_catalog, question);
}

static void arm(struct aside *aside)
{
    if (aside->count > 0 && !loop_timer_is_set(aside->timer))
        loop_timer_start(aside->timer, loop_jitter(aside->options.retry_ms));
}

static void on_timer(void *self)
{
    struct aside *aside = self;
    aside_retry(aside, (struct slice){0});
    arm(aside);
}

void aside_retry(struct aside *aside, struct slice org)
{
    if (org.len > 0) {
        struct group *group = find_group(aside, org);
        if (group)
            ask(aside, group);
        return;
    }
    size_t cursor = 0;
    for (struct group *group; (group = map_next(&aside->groups, &cursor));)
        ask(aside, group);
}

static void report(struct aside *aside, const struct group *group, enum status why)
{
    uint64_t suppressed;
    if (log_limit_allows(&aside->log_limit, 5000, &suppressed))
        log_event(LOG_ERROR, "events.aside", log_text("org", group->org),
                  log_text("status", status_name(why)), log_int("of_org", (int64_t)group->count),
                  log_int("count", (int64_t)aside->count),
                  log_int("suppressed", (int64_t)suppressed));
}

void aside_add(struct aside *aside, struct work *work, enum status why)
{
    struct group *group = find_group(aside, work->org);
    if (!group) {
        group = xcalloc(1, sizeof *group);
        must(slice_to_text(work->org, group->org, sizeof group->org) == STATUS_OK);
        map_add(&aside->groups, slice_of(group->org), group);
    }
    work->next = group->works;
    group->works = work;
    group->count++;
    aside->count++;
    aside->bytes += work->bytes;
    report(aside, group, why);
    arm(aside);
}

struct work *aside_take(struct aside *aside)
{
    size_t cursor = 0;
    struct group *group = map_next(&aside->groups, &cursor);
    if (!group)
        return NULL;
    struct work *work = take(aside, group);
    if (!group->works)
        remove_group(aside, group);
    return work;
}

size_t aside_count(const struct aside *aside)
{
    return aside->count;
}

size_t aside_bytes(const struct aside *aside)
{
    return aside->bytes;
}

bool aside_is_full(const struct aside *aside)
{
    return aside->count >= aside->options.events_max || aside->bytes >= aside->options.bytes_max;
}

struct aside *aside_new(struct loop *loop, const struct aside_options *options)
{
    struct aside *aside = xcalloc(1, sizeof *aside);
    aside->options = *options;
    map_init(&aside->groups);
    aside->timer = loop_timer_new(loop, on_timer, aside);
    return aside;
}

void aside_free(struct aside **aside_at)
{
    struct aside *aside = *aside_at;
    *aside_at = NULL;
    if (!aside)
        return;
    size_t cursor = 0;
    for (struct group *group; (group = map_next(&aside->groups, &cursor));)
        free(group);
    map_fini(&aside->groups);
    loop_timer_free(&aside->timer);
    free(aside);
}
