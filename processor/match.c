#include "match.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/must.h"

#define ID_SIZE 25

struct member {
    struct member *next;
    struct filter *filter; /* NULL: none */
    enum match_state state;
    char id[ID_SIZE];
};

/* Endpoints with the same pattern. The pattern's text follows; for prefixes it ends in '.'. */
struct group {
    struct member **members; /* &only until there are two */
    struct member *only;
    size_t count, room;
    size_t text_len;
    char text[];
};

struct match_index {
    struct map exact, prefixes, by_id;
    struct group *all; /* in the same allocation, behind it */
    struct member *members;
    size_t filters_count, gated_count;
};

static void group_init(struct group *group)
{
    group->members = &group->only;
    group->room = 1;
}

static void group_fini(struct group *group)
{
    if (group->members != &group->only)
        free(group->members);
}

static struct group *group_new(struct slice text)
{
    struct group *group = xcalloc(1, sizeof *group + text.len + 1);
    group_init(group);
    memcpy(group->text, text.at, text.len);
    group->text_len = text.len;
    return group;
}

struct match_index *match_index_new(void)
{
    struct match_index *index = xcalloc(1, sizeof *index + sizeof *index->all);
    map_init(&index->exact);
    map_init(&index->prefixes);
    map_init(&index->by_id);
    index->all = (struct group *)(index + 1);
    group_init(index->all);
    return index;
}

static void free_groups(struct map *map)
{
    size_t cursor = 0;
    for (struct group *group; (group = map_next(map, &cursor));) {
        group_fini(group);
        free(group);
    }
    map_fini(map);
}

void match_index_free(struct match_index **index_at)
{
    struct match_index *index = *index_at;
    *index_at = NULL;
    if (!index)
        return;
    free_groups(&index->exact);
    free_groups(&index->prefixes);
    group_fini(index->all);
    map_fini(&index->by_id);
    for (struct member *member = index->members, *next; member; member = next) {
        next = member->next;
        filter_free(&member->filter);
        free(member);
    }
    free(index);
}

static struct group *group_in(struct map *map, struct slice text)
{
    struct group *group = map_get(map, text);
    if (!group) {
        group = group_new(text);
        map_add(map, (struct slice){group->text, group->text_len}, group);
    }
    return group;
}

static struct group *group_of(struct match_index *index, struct slice pattern)
{
    if (slice_is(pattern, "*"))
        return index->all;
    if (pattern.len > 2 && pattern.at[pattern.len - 1] == '*')
        return group_in(&index->prefixes, (struct slice){pattern.at, pattern.len - 1});
    return group_in(&index->exact, pattern);
}

static void group_add(struct group *group, struct member *member)
{
    if (group->count == group->room) {
        bool is_first = group->members == &group->only;
        group->room = is_first ? 4 : group->room * 2;
        group->members =
            xrealloc(is_first ? NULL : group->members, group->room * sizeof *group->members);
        if (is_first)
            group->members[0] = group->only;
    }
    group->members[group->count++] = member;
}

void match_index_add(struct match_index *index, struct slice id, enum match_state state,
                     const struct slice *patterns, size_t patterns_count, struct filter **filter)
{
    struct member *member = xcalloc(1, sizeof *member);
    must(slice_to_text(id, member->id, sizeof member->id) == STATUS_OK);
    member->state = state;
    index->gated_count += state == MATCH_GATED;
    member->filter = *filter;
    *filter = NULL;
    index->filters_count += member->filter != NULL;
    member->next = index->members;
    index->members = member;
    map_add(&index->by_id, slice_of(member->id), member);
    for (size_t i = 0; i < patterns_count; i++)
        group_add(group_of(index, patterns[i]), member);
}

/* The groups that a type falls into: "*", each prefix up to a '.', the type itself. */
#define GROUPS_MAX 258

static size_t find_groups(const struct match_index *index, struct slice type,
                          const struct group **out)
{
    size_t count = 0;
    out[count++] = index->all;
    for (size_t i = 0; index->prefixes.count > 0 && i + 1 < type.len && count < GROUPS_MAX - 1;
         i++) {
        const struct group *group =
            type.at[i] == '.' ? map_get(&index->prefixes, (struct slice){type.at, i + 1}) : NULL;
        if (group)
            out[count++] = group;
    }
    const struct group *exact = map_get(&index->exact, type);
    if (exact)
        out[count++] = exact;
    return count;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One endpoint may have several patterns that match. */
static size_t sort_unique(const char **ids, size_t count)
{
    if (count > 1)
        qsort(ids, count, sizeof *ids, compare_ids);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || ids[kept - 1] != ids[i])
            ids[kept++] = ids[i];
    return kept;
}

static const struct member *member_of(const char *id)
{
    return (const struct member *)(const void *)(id - offsetof(struct member, id));
}

static size_t keep_accepted(const char **ids, size_t count, struct filter_event *event)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct filter *filter = member_of(ids[i])->filter;
        if (!filter || filter_accepts(filter, event))
            ids[kept++] = ids[i];
    }
    return kept;
}

static bool has_gated(const char **ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (member_of(ids[i])->state == MATCH_GATED)
            return true;
    return false;
}

static void find_by_type(const struct match_index *index, struct slice type,
                         struct match_result *result)
{
    const struct group *groups[GROUPS_MAX];
    size_t groups_count = find_groups(index, type, groups), most = 0;
    for (size_t i = 0; i < groups_count; i++)
        most += groups[i]->count;
    if (most == 0)
        return;
    result->ids = xmalloc(most * sizeof *result->ids);
    for (size_t i = 0; i < groups_count; i++) {
        for (size_t k = 0; k < groups[i]->count; k++) {
            const struct member *member = groups[i]->members[k];
            if (member->state != MATCH_OFF)
                result->ids[result->count++] = member->id;
            else
                result->disabled_wanted_it = true;
        }
    }
}

struct match_result match_index_find(const struct match_index *index, struct filter_event *event)
{
    struct match_result result = {0};
    find_by_type(index, event->type, &result);
    size_t wanting = sort_unique(result.ids, result.count);
    result.count = index->filters_count > 0 ? keep_accepted(result.ids, wanting, event) : wanting;
    result.filtered = result.count < wanting;
    result.any_gated = index->gated_count > 0 && has_gated(result.ids, result.count);
    if (result.count == 0) {
        free(result.ids);
        result.ids = NULL;
    }
    return result;
}

struct match_result match_index_find_only(const struct match_index *index, struct slice id)
{
    const struct member *member = map_get(&index->by_id, id);
    struct match_result result = {0};
    if (member && member->state != MATCH_OFF) {
        result.ids = xmalloc(sizeof *result.ids);
        result.ids[result.count++] = member->id;
        result.any_gated = member->state == MATCH_GATED;
    }
    result.disabled_wanted_it = member && member->state == MATCH_OFF;
    return result;
}
