#include "freshness.h"

#include <stdlib.h>

#include "model/keys.h"

struct batch {
    struct freshness *freshness;
    struct work *first;
};

struct freshness {
    struct freshness_options options;
    struct redis_command command;
    struct work *first, **last; /* to be asked for */
};

/* Each organization is loaded once, whatever it has in the batch: what is dropped already is not there
 * to be dropped again. */
static void drop_catalogs(struct batch *batch)
{
    for (const struct work *work = batch->first; work; work = work->next)
        catalog_drop(batch->freshness->options.catalog, work->org);
}

static void pass_on(struct batch *batch, void (*fn)(struct work *work, void *self))
{
    for (struct work *work = batch->first, *next; work; work = next) {
        next = work->next;
        work->next = NULL;
        fn(work, batch->freshness->options.self);
    }
}

/* [[id, fields]], or an empty list. */
static void on_newest(enum status status, const struct redis_reply *reply, void *self)
{
    struct batch *batch = self;
    if (status == STATUS_OK) {
        const struct freshness_options *options = &batch->freshness->options;
        struct slice newest = redis_reply_text(redis_reply_at(redis_reply_at(reply, 0), 0));
        if (!config_feed_is_at(options->feed, newest))
            drop_catalogs(batch);
        pass_on(batch, options->on_fresh);
    } else if (status != STATUS_CANCELLED) { /* then we may be gone already */
        pass_on(batch, batch->freshness->options.on_failed);
    }
    free(batch);
}

void freshness_add(struct freshness *freshness, struct work *work)
{
    work->next = NULL;
    *freshness->last = work;
    freshness->last = &work->next;
}

void freshness_ask(struct freshness *freshness)
{
    if (!freshness->first)
        return;
    struct batch *batch = xcalloc(1, sizeof *batch);
    *batch = (struct batch){.freshness = freshness, .first = freshness->first};
    freshness->first = NULL;
    freshness->last = &freshness->first;
    struct key config = key_config();
    struct redis_command *command = &freshness->command;
    redis_command_start(command);
    redis_command_text(command, "XREVRANGE");
    redis_command_arg(command, key_slice(&config));
    redis_command_text(command, "+");
    redis_command_text(command, "-");
    redis_command_text(command, "COUNT");
    redis_command_int(command, 1);
    redis_send(freshness->options.redis, command, on_newest, batch);
}

struct freshness *freshness_new(const struct freshness_options *options)
{
    struct freshness *freshness = xcalloc(1, sizeof *freshness);
    freshness->options = *options;
    freshness->last = &freshness->first;
    redis_command_init(&freshness->command);
    return freshness;
}

void freshness_free(struct freshness **freshness_at)
{
    struct freshness *freshness = *freshness_at;
    *freshness_at = NULL;
    if (!freshness)
        return;
    redis_command_fini(&freshness->command);
    free(freshness);
}
