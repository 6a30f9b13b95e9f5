#include "configure.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "io/config_feed.h"
#include "io/script.h"
#include "call_audit.h"

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
    enum configure_rule rule;
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

static const char *const announced_as[] = {
    [CONFIGURE_CREATE] = "created", [CONFIGURE_CHANGE] = "changed", [CONFIGURE_ONCE] = "changed",
    [CONFIGURE_SWAP] = "changed",   [CONFIGURE_REMOVE] = "removed", [CONFIGURE_REDUCE] = "changed",
};

static void announce(struct write *write)
{
    config_announce(store_redis(write->configurer->store), slice_of(write->kind),
                    slice_of(write->id), slice_of(write->org), announced_as[write->rule],
                    on_announced, write);
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
    } else if (slice_is(word, "moved")) {
        finish(write, STATUS_DENIED);
    } else {
        write->give_up_mono_ms = clock_mono_ms() + GIVE_UP_MS;
        announce(write);
    }
}

static void write_index(struct configurer *configurer, const struct configure_change *change,
                        const char *verb)
{
    struct redis_command command;
    redis_command_init(&command);
    redis_command_start(&command);
    redis_command_text(&command, verb);
    redis_command_arg(&command, key_slice(change->index));
    if (change->rule == CONFIGURE_CREATE)
        redis_command_int(&command, 0);
    redis_command_arg(&command, change->member);
    redis_send(store_redis(configurer->store), &command, NULL, NULL);
    redis_command_fini(&command);
}

static bool is_made_when_full(const struct configure_change *change)
{
    return change->rule == CONFIGURE_REMOVE || change->rule == CONFIGURE_REDUCE;
}

void configure_write(struct configurer *configurer, const struct configure_change *change,
                     const struct slice *fields, size_t count, configure_fn fn, void *self)
{
    struct write *write = xcalloc(1, sizeof *write);
    *write = (struct write){.configurer = configurer,
                            .fn = fn,
                            .self = self,
                            .kind = change->kind,
                            .rule = change->rule};
    must(slice_to_text(change->id, write->id, sizeof write->id) == STATUS_OK);
    must(slice_to_text(change->org, write->org, sizeof write->org) == STATUS_OK);
    static const char *const rules[] = {
        [CONFIGURE_CREATE] = "create", [CONFIGURE_CHANGE] = "change",
        [CONFIGURE_ONCE] = "once",     [CONFIGURE_SWAP] = "swap",
        [CONFIGURE_REMOVE] = "remove", [CONFIGURE_REDUCE] = "change"};
    const enum script script =
        is_made_when_full(change) ? SCRIPT_CONFIGURE_WHEN_FULL : SCRIPT_CONFIGURE;
    struct redis_command command;
    const size_t has_index = change->index && !change->index_is_apart,
                 has_gone = change->gone != NULL;
    must(has_index || !change->gone);
    call_audit(change->call, configurer->store,
               (struct audit_entry){.org = change->org,
                                    .action = slice_of(change->action),
                                    .target = change->target,
                                    .detail = change->detail,
                                    .when_full = is_made_when_full(change)});
    if (change->index_is_apart && change->rule == CONFIGURE_CREATE)
        write_index(configurer, change, "ZADD");
    redis_command_init(&command);
    script_start(&command, script, 1 + has_index + has_gone);
    redis_command_arg(&command, key_slice(&change->record));
    if (has_index)
        redis_command_arg(&command, key_slice(change->index));
    if (change->gone)
        redis_command_arg(&command, key_slice(change->gone));
    redis_command_text(&command, rules[change->rule]);
    redis_command_arg(&command, change->member);
    for (size_t i = 0; i < count; i++)
        redis_command_arg(&command, fields[i]);
    script_send(store_redis(configurer->store), script, &command, on_written, write);
    redis_command_fini(&command);
    if (change->index_is_apart && change->rule == CONFIGURE_REMOVE)
        write_index(configurer, change, "ZREM");
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
