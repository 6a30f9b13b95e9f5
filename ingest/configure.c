#include "configure.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "io/config_feed.h"
#include "io/script.h"

#define ID_MAX 80
#define REPEAT_MS 500
#define GIVE_UP_MS 10000
#define LOG_INTERVAL_MS 5000

struct write {
    struct write *next; /* waiting */
    struct configurer *configurer;
    configure_fn fn;
    void *self;
    const char *kind;
    bool create;
    int64_t give_up_mono_ms;
    char id[ID_MAX], org[ID_MAX];
};

struct configurer {
    struct store *store;
    struct write *waiting; /* written, to be announced again */
    struct loop_timer *repeat;
    struct log_limit log_limit;
};

static void finish(struct write *write, enum status status)
{
    write->fn(status, write->self);
    free(write);
}

static void repeat_later(struct write *write)
{
    struct configurer *configurer = write->configurer;
    write->next = configurer->waiting;
    configurer->waiting = write;
    if (!loop_timer_is_set(configurer->repeat))
        loop_timer_start(configurer->repeat, loop_jitter(REPEAT_MS));
}

static void on_announced(enum status status, const struct redis_reply *reply, void *self)
{
    struct write *write = self;
    uint64_t suppressed;
    (void)reply;
    if (status == STATUS_OK || status == STATUS_CANCELLED) {
        finish(write, status == STATUS_OK ? STATUS_OK : STATUS_UNSURE);
        return;
    }
    if (log_limit_allows(&write->configurer->log_limit, LOG_INTERVAL_MS, &suppressed))
        log_event(LOG_WARN, "config.not_announced", log_text("kind", write->kind),
                  log_text("id", write->id), log_text("status", status_name(status)),
                  log_int("suppressed", (int64_t)suppressed));
    if (clock_mono_ms() >= write->give_up_mono_ms)
        finish(write, STATUS_UNSURE);
    else
        repeat_later(write);
}

static void announce(struct write *write)
{
    config_announce(store_redis(write->configurer->store), slice_of(write->kind),
                    slice_of(write->id), slice_of(write->org),
                    write->create ? "created" : "changed", on_announced, write);
}

static void on_repeat(void *self)
{
    struct configurer *configurer = self;
    struct write *write = configurer->waiting;
    configurer->waiting = NULL;
    for (struct write *next; write; write = next) {
        next = write->next;
        announce(write);
    }
}

static void on_written(enum status status, const struct redis_reply *reply, void *self)
{
    struct write *write = self;
    struct slice word = redis_reply_text(reply);
    if (status == STATUS_CANCELLED) {
        finish(write, STATUS_DOWN);
    } else if (status != STATUS_OK) {
        finish(write, status);
    } else if (slice_is(word, "exists")) {
        finish(write, STATUS_INVALID);
    } else if (slice_is(word, "absent")) {
        finish(write, STATUS_ABSENT);
    } else {
        write->give_up_mono_ms = clock_mono_ms() + GIVE_UP_MS;
        announce(write);
    }
}

void configure_write(struct configurer *configurer, const struct configure_change *change,
                     const struct slice *fields, size_t count, configure_fn fn, void *self)
{
    struct write *write = xcalloc(1, sizeof *write);
    *write = (struct write){.configurer = configurer,
                            .fn = fn,
                            .self = self,
                            .kind = change->kind,
                            .create = change->create};
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
    script_send(store_redis(configurer->store), SCRIPT_CONFIGURE, &command, on_written, write);
    redis_command_fini(&command);
}

struct configurer *configurer_new(struct loop *loop, struct store *store)
{
    struct configurer *configurer = xcalloc(1, sizeof *configurer);
    configurer->store = store;
    configurer->repeat = loop_timer_new(loop, on_repeat, configurer);
    return configurer;
}

void configurer_free(struct configurer **configurer_at)
{
    struct configurer *configurer = *configurer_at;
    *configurer_at = NULL;
    if (!configurer)
        return;
    loop_timer_free(&configurer->repeat);
    for (struct write *write = configurer->waiting, *next; write; write = next) {
        next = write->next;
        finish(write, STATUS_UNSURE);
    }
    free(configurer);
}
