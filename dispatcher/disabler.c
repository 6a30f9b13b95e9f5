/*
 * disabler.c - is it enabled still? then audit, change and announcement, one after the other in a pipeline
 */
#include "disabler.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "io/audit.h"
#include "io/release.h"
#include "io/script.h"

struct disabling {
    struct disabling *next;
    struct disabler *disabler;
    const char *reason;
    char endpoint[OTHER_ID_SIZE], org[OTHER_ID_SIZE];
};

struct disabler {
    struct store *store;
    struct endpoint_book *book;
    struct redis_command command;
    struct disabling *under_way;
};

static uint32_t partition_for(const struct disabling *disabling)
{
    return partition_of(slice_of(disabling->org), store_partitions(disabling->disabler->store));
}

static struct key record_of(const struct disabling *disabling)
{
    return key_of_id(partition_for(disabling), KEY_ENDPOINT, slice_of(disabling->endpoint));
}

static void end(struct disabling *disabling)
{
    struct disabling **at = &disabling->disabler->under_way;
    while (*at != disabling) {
        at = &(*at)->next;
    }
    *at = disabling->next;
    free(disabling);
}

static void on_changed(enum status status, const struct redis_reply *reply, void *self)
{
    struct disabling *disabling = self;
    if (status == STATUS_CANCELLED) {
        return; /* disabler_free ends it */
    }
    if (status != STATUS_OK) {
        log_event(LOG_WARN, "endpoint.not_disabled", log_text("endpoint", disabling->endpoint),
                  log_text("status", status_name(status)),
                  log_slice("answer", redis_reply_text(reply)));
    }
    end(disabling);
}

static void audit(const struct disabling *disabling)
{
    struct audit_entry entry = {
        .org = slice_of(disabling->org),
        .actor = SLICE("dispatcher"),
        .action = SLICE("endpoint.disabled"),
        .target = slice_of(disabling->endpoint),
        .detail = slice_of(disabling->reason),
        .when_full = true,
    };
    audit_write(store_redis(disabling->disabler->store), partition_for(disabling), &entry);
}

static void change(struct disabling *disabling)
{
    struct disabler *disabler = disabling->disabler;
    struct redis *redis = store_redis(disabler->store);
    struct key key = record_of(disabling);
    script_start(&disabler->command, SCRIPT_CONFIGURE_WHEN_FULL, 1);
    redis_command_arg(&disabler->command, key_slice(&key));
    redis_command_text(&disabler->command, "change");
    redis_command_text(&disabler->command, "");
    redis_command_text(&disabler->command, "disabled");
    redis_command_text(&disabler->command, "1");
    redis_command_text(&disabler->command, "disabled_reason");
    redis_command_text(&disabler->command, disabling->reason);
    redis_command_text(&disabler->command, "updated_at");
    redis_command_int(&disabler->command, clock_wall_ms());
    script_send(redis, SCRIPT_CONFIGURE_WHEN_FULL, &disabler->command, on_changed, disabling);
}

static void on_disabled(enum status status, const struct redis_reply *reply, void *self)
{
    struct disabling *disabling = self;
    if (status == STATUS_CANCELLED) {
        return;
    }
    if (status != STATUS_OK || !slice_is(redis_reply_text(reply), "0")) {
        end(disabling); /* it is already, or deleted; or Redis is away */
        return;
    }
    const struct config_change told = {.kind = SLICE("endpoint"),
                                       .id = slice_of(disabling->endpoint),
                                       .org = slice_of(disabling->org),
                                       .action = SLICE("changed")};
    log_event(LOG_WARN, "endpoint.disabled", log_slice("endpoint", told.id),
              log_slice("org", told.org), log_text("reason", disabling->reason));
    audit(disabling);
    change(disabling);
    release_lanes(store_redis(disabling->disabler->store), partition_for(disabling), &told.id, 1,
                  NULL, NULL);
    config_announce(store_redis(disabling->disabler->store), told.kind, told.id, told.org,
                    "changed", NULL, NULL);
    /* The next look-up is behind the change in the same pipeline. */
    endpoint_book_apply(disabling->disabler->book, &told);
}

static bool is_under_way(const struct disabler *disabler, struct slice endpoint_id)
{
    for (const struct disabling *one = disabler->under_way; one; one = one->next) {
        if (slice_is(endpoint_id, one->endpoint)) {
            return true;
        }
    }
    return false;
}

void disabler_disable(struct disabler *disabler, struct slice endpoint_id, struct slice org,
                      const char *reason)
{
    if (is_under_way(disabler, endpoint_id)) {
        return;
    }
    struct disabling *disabling = xcalloc(1, sizeof *disabling);
    *disabling =
        (struct disabling){.next = disabler->under_way, .disabler = disabler, .reason = reason};
    must(slice_to_text(endpoint_id, disabling->endpoint, sizeof disabling->endpoint) == STATUS_OK);
    must(slice_to_text(org, disabling->org, sizeof disabling->org) == STATUS_OK);
    disabler->under_way = disabling;
    struct key key = record_of(disabling);
    redis_command_start(&disabler->command);
    redis_command_text(&disabler->command, "HGET");
    redis_command_arg(&disabler->command, key_slice(&key));
    redis_command_text(&disabler->command, "disabled");
    redis_send(store_redis(disabler->store), &disabler->command, on_disabled, disabling);
}

struct disabler *disabler_new(struct store *store, struct endpoint_book *book)
{
    struct disabler *disabler = xcalloc(1, sizeof *disabler);
    disabler->store = store;
    disabler->book = book;
    redis_command_init(&disabler->command);
    return disabler;
}

void disabler_free(struct disabler **disabler_at)
{
    struct disabler *disabler = *disabler_at;
    *disabler_at = NULL;
    if (!disabler) {
        return;
    }
    for (struct disabling *one = disabler->under_way, *next; one; one = next) {
        next = one->next;
        free(one);
    }
    redis_command_fini(&disabler->command);
    free(disabler);
}
