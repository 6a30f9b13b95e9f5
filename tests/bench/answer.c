#include "answer.h"

#include <stdio.h>
#include <string.h>

static size_t take_all(size_t count, void (*taken)(size_t index, void *self), void *self)
{
    for (size_t i = 0; i < count; i++)
        taken(i, self);
    return count;
}

static struct slice after(struct slice text, const char *marker)
{
    size_t len = strlen(marker);
    const char *found = text.len > 0 ? memmem(text.at, text.len, marker, len) : NULL;
    return found ? slice_from(text, (size_t)(found - text.at) + len) : (struct slice){0};
}

/* Items are objects that begin with one of two members and hold objects only within an error. */
static size_t take_results(struct slice rest, size_t batch, void (*taken)(size_t index, void *self),
                           void *self)
{
    size_t count = 0;
    for (size_t i = 0; i < batch; i++) {
        const char *item = rest.len > 0 ? memchr(rest.at, '{', rest.len) : NULL;
        if (!item)
            break;
        rest = slice_from(rest, (size_t)(item - rest.at) + 1);
        if (slice_starts(rest, "\"id\"")) {
            taken(i, self);
            count++;
        } else {
            rest = after(rest, "{");
        }
    }
    return count;
}

size_t answer_read(const struct answer *answer, void (*taken)(size_t index, void *self), void *self)
{
    if (answer->status < 200 || answer->status > 299)
        return 0;
    struct slice results =
        answer->batch > 1 ? after(answer->body, "\"results\":[") : (struct slice){0};
    if (results.len == 0)
        return take_all(answer->batch, taken, self);
    return take_results(results, answer->batch, taken, self);
}

struct slice answer_text(struct slice body, const char *name)
{
    char marker[128];
    if ((size_t)snprintf(marker, sizeof marker, "\"%s\":\"", name) >= sizeof marker)
        return (struct slice){0};
    struct slice text = after(body, marker);
    const char *end = text.len > 0 ? memchr(text.at, '"', text.len) : NULL;
    return end ? (struct slice){text.at, (size_t)(end - text.at)} : (struct slice){0};
}
