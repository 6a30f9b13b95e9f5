#include "audit.h"

#include "../base/clock.h"
#include "../base/log.h"
#include "../model/keys.h"
#include "script.h"

#define KEPT_MS (366LL * 24 * 3600 * 1000)

static void on_written(enum status status, const struct redis_reply *reply, void *self)
{
    (void)self;
    if (status != STATUS_OK && status != STATUS_CANCELLED)
        log_event(LOG_ERROR, "audit.not_written", log_text("status", status_name(status)),
                  log_slice("answer", redis_reply_text(reply)));
}

static void add(struct redis_command *command, const char *name, struct slice value)
{
    redis_command_text(command, name);
    redis_command_arg(command, value);
}

void audit_write(struct redis *redis, uint32_t partition, const struct audit_entry *entry)
{
    struct key key = key_of_id(partition, KEY_ORG_AUDIT, entry->org);
    struct redis_command command;
    redis_command_init(&command);
    if (entry->when_full) {
        script_start(&command, SCRIPT_APPEND_WHEN_FULL, 1);
    } else {
        redis_command_start(&command);
        redis_command_text(&command, "XADD");
    }
    redis_command_arg(&command, key_slice(&key));
    redis_command_text(&command, "MINID");
    redis_command_text(&command, "~");
    redis_command_int(&command, clock_wall_ms() - KEPT_MS);
    redis_command_text(&command, "*");
    add(&command, "actor", entry->actor);
    add(&command, "action", entry->action);
    add(&command, "target", entry->target);
    add(&command, "ip", entry->ip);
    add(&command, "request", entry->request);
    add(&command, "detail", entry->detail);
    if (entry->when_full)
        script_send(redis, SCRIPT_APPEND_WHEN_FULL, &command, on_written, NULL);
    else
        redis_send(redis, &command, on_written, NULL);
    redis_command_fini(&command);
}
