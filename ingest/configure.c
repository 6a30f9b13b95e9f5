#include "configure.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "io/config_feed.h"
#include "io/script.h"

#define ID_MAX 80

struct write {
    struct store *store;
    configure_fn fn;
    void *self;
    const char *kind;
    bool create;
    char id[ID_MAX], org[ID_MAX];
};

static void finish(struct write *write, enum status status)
{
    write->fn(status, write->self);
    free(write);
}

static void on_announced(enum status status, const struct redis_reply *reply, void *self)
{
    struct write *write = self;
    (void)reply;
    if (status != STATUS_OK)
        log_event(LOG_WARN, "config.not_announced", log_text("kind", write->kind),
                  log_text("id", write->id), log_text("status", status_name(status)));
    finish(write, STATUS_OK);
}

static void on_written(enum status status, const struct redis_reply *reply, void *self)
{
    struct write *write = self;
    struct slice word = redis_reply_text(reply);
    if (status == STATUS_CANCELLED)
        finish(write, STATUS_DOWN);
    else if (status != STATUS_OK)
        finish(write, status);
    else if (slice_is(word, "exists"))
        finish(write, STATUS_INVALID);
    else if (slice_is(word, "absent"))
        finish(write, STATUS_ABSENT);
    else
        config_announce(store_redis(write->store), slice_of(write->kind), slice_of(write->id),
                        slice_of(write->org), write->create ? "created" : "changed", on_announced,
                        write);
}

void configure_write(struct store *store, const struct configure_change *change,
                     const struct slice *fields, size_t count, configure_fn fn, void *self)
{
    struct write *write = xcalloc(1, sizeof *write);
    *write = (struct write){
        .store = store, .fn = fn, .self = self, .kind = change->kind, .create = change->create};
    must(slice_to_text(change->id, write->id, sizeof write->id) == STATUS_OK);
    must(slice_to_text(change->org, write->org, sizeof write->org) == STATUS_OK);
    struct redis_command command;
    redis_command_init(&command);
    script_start(&command, SCRIPT_CONFIGURE, change->index ? 2 : 1);
    redis_command_arg(&command, key_slice(&change->record));
    if (change->index)
        redis_command_arg(&command, key_slice(change->index));
    redis_command_text(&command, change->create ? "create" : "change");
    redis_command_arg(&command, change->member);
    redis_command_arg(&command, change->index_value);
    for (size_t i = 0; i < count; i++)
        redis_command_arg(&command, fields[i]);
    script_send(store_redis(store), SCRIPT_CONFIGURE, &command, on_written, write);
    redis_command_fini(&command);
}
