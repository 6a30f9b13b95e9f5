#include "work.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/fields.h"
#include "model/hook_event.h"
#include "model/trace.h"

/* Every event has the first ones; the others only where they say something. */
enum { ORG, TYPE, DATA, ALWAYS, TRACE = ALWAYS, REQUEST, TIME, KEY, AFTER, TO, CE, FIELDS };
static const char *const names[FIELDS] = {"org",  "type", "data",  "trace", "request",
                                          "time", "key",  "after", "to",    "ce"};

static bool pick(const struct slice *fields, size_t count, struct slice values[FIELDS])
{
    return fields_pick(fields, count, names, ALWAYS, values) == STATUS_OK &&
           fields_pick_some(fields, count, names + ALWAYS, FIELDS - ALWAYS, values + ALWAYS) ==
               STATUS_OK;
}

static struct slice keep(char **at, struct slice text)
{
    struct slice kept = {*at, text.len};
    if (text.len)
        memcpy(*at, text.at, text.len);
    *at += text.len;
    return kept;
}

/* Behind a space, "-" for what has nothing to say: the word of a line. */
static struct slice keep_word(char **at, struct slice text)
{
    *(*at)++ = ' ';
    if (text.len == 0)
        *(*at)++ = '-';
    return keep(at, text);
}

static void keep_origin(struct work *work, char **at, const struct slice values[FIELDS])
{
    const char *start = *at;
    work->org = keep(at, values[ORG]);
    work->trace = keep_word(at, values[TRACE]);
    work->request = keep_word(at, values[REQUEST]);
    work->origin = (struct slice){start, (size_t)(*at - start)};
}

/* Its text is one word, or nothing: it stands in lines of them. */
static bool is_word(struct slice text, size_t max)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] <= ' ')
            return false;
    return text.len <= max;
}

static bool is_event(const struct work *work)
{
    uint64_t after_ms;
    return event_type_is_valid(work->type) && work->org.len > 0 &&
           is_word(work->org, OTHER_ID_SIZE - 1) && is_word(work->trace, TRACEPARENT_LEN) &&
           is_word(work->request, REQUEST_ID_MAX) && work->time.len <= CLOCK_RFC3339_LEN &&
           (work->after.len == 0 || slice_to_u64(work->after, INT64_MAX, &after_ms) == STATUS_OK);
}

static struct work *copy(struct stream_id entry, uint32_t partition,
                         const struct slice values[FIELDS])
{
    size_t bytes = sizeof " - -";
    for (size_t i = 0; i < FIELDS; i++)
        bytes += values[i].len;
    struct work *work = xcalloc(1, sizeof *work + bytes);
    char *at = work->text;
    work->entry = entry;
    work->bytes = bytes;
    work->skipped = "";
    work->mark_chars = EVENT_ID_LEN;
    keep_origin(work, &at, values);
    work->type = keep(&at, values[TYPE]);
    work->key = keep(&at, values[KEY]);
    work->time = keep(&at, values[TIME]);
    work->after = keep(&at, values[AFTER]);
    work->to = keep(&at, values[TO]);
    work->data = keep(&at, values[DATA]);
    work->ce = keep(&at, values[CE]);
    event_id_format((struct event_id){entry, partition}, work->event_id);
    return work;
}

struct work *work_new(struct stream_id entry, uint32_t partition, const struct slice *fields,
                      size_t fields_count)
{
    struct slice values[FIELDS];
    if (!pick(fields, fields_count, values))
        return NULL;
    struct work *work = copy(entry, partition, values);
    if (!is_event(work))
        work_free(&work);
    return work;
}

void work_free(struct work **work_at)
{
    struct work *work = *work_at;
    *work_at = NULL;
    if (!work)
        return;
    cache_release(&work->catalog);
    free(work->endpoints);
    free(work);
}

struct work *work_new_unreadable(struct stream_id entry, uint32_t partition)
{
    static const struct slice none[FIELDS];
    struct work *work = copy(entry, partition, none);
    work->skipped = "unreadable";
    return work;
}
