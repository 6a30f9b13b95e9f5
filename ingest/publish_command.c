/*
 * publish_command.c - keys and arguments in the order of lua/publish.lua
 */
#include "publish_command.h"

#include "base/clock.h"
#include "io/script.h"
#include "model/keys.h"
#include "model/trace.h"

#define PLAIN_STRINGS 5
#define ALL_STRINGS 13

static void add_keys(struct redis_command *command, uint32_t partition,
                     struct publish_item *const *items, size_t count,
                     const struct rate_batch *limits)
{
    static const enum partition_key keys[] = {KEY_EVENTS, KEY_DELIVERIES, KEY_ORG_EVENTS};
    const size_t keys_count = sizeof keys / sizeof keys[0];
    size_t dedups = 0;
    for (size_t i = 0; i < count; i++)
        dedups += items[i]->event->dedup_id.len > 0;
    script_start(command, SCRIPT_PUBLISH, keys_count + limits->count + dedups);
    for (size_t i = 0; i < keys_count; i++) {
        struct key key = key_of(partition, keys[i]);
        redis_command_arg(command, key_slice(&key));
    }
    rate_batch_add_keys(limits, partition, command);
    for (size_t i = 0; i < count; i++) {
        if (items[i]->event->dedup_id.len == 0)
            continue;
        struct key key = key_dedup(partition, items[i]->org, items[i]->event->dedup_id);
        redis_command_arg(command, key_slice(&key));
    }
}

/* Has no more to say than every event has. */
static bool is_plain(const struct publish_item *item)
{
    const struct hook_event *event = item->event;
    bool is_limited = false;

    for (size_t i = 0; i < RATES; i++)
        is_limited = is_limited || item->limits[i].per_second != 0;
    return !is_limited && event->deliver_at_ms < 0 &&
           event->key.len + event->dedup_id.len + item->to.len + event->ce.len == 0;
}

static void add_rest(struct redis_command *command, const struct publish_item *item,
                     const struct rate_batch *limits)
{
    const struct hook_event *event = item->event;
    char fingerprint[EVENT_FINGERPRINT_LEN];
    redis_command_arg(command, event->key);
    redis_command_arg(command, event->dedup_id);
    if (event->deliver_at_ms >= 0)
        redis_command_int(command, event->deliver_at_ms);
    else
        redis_command_text(command, "");
    redis_command_arg(command, item->to);
    redis_command_arg(command, event->ce);
    if (event->dedup_id.len > 0)
        event_fingerprint(event, fingerprint);
    redis_command_arg(command,
                      (struct slice){fingerprint, event->dedup_id.len ? EVENT_FINGERPRINT_LEN : 0});
    rate_batch_add_numbers(limits, item->limits, command);
}

static void add_item(struct redis_command *command, const struct publish_item *item,
                     const struct rate_batch *limits)
{
    const struct hook_event *event = item->event;
    const bool is_short = is_plain(item);
    char time[CLOCK_RFC3339_LEN + 1] = "";
    if (event->occurred_at_ms >= 0)
        clock_rfc3339(event->occurred_at_ms, time);
    redis_command_pack_size(command, is_short ? PLAIN_STRINGS : ALL_STRINGS);
    redis_command_arg(command, item->org);
    redis_command_arg(command, event->type);
    redis_command_arg(command, item->trace);
    redis_command_arg(command, request_id_to_carry(item->request, item->trace));
    redis_command_text(command, time);
    if (!is_short)
        add_rest(command, item, limits);
}

void publish_command_write(struct redis_command *command,
                           const struct publish_command_options *options,
                           struct publish_item *const *items, size_t count,
                           struct rate_batch *limits)
{
    for (size_t i = 0; i < count; i++)
        rate_batch_gather(limits, items[i]->limits);
    add_keys(command, options->partition, items, count, limits);
    redis_command_int(command, options->max_depth);
    redis_command_int(command, options->dedup_window_ms);
    redis_command_text(command, GROUP_PROCESSOR);
    redis_command_text(command, ""); /* Redis's own time */
    rate_batch_add_arguments(limits, command);
    redis_command_open_pack(command);
    for (size_t i = 0; i < count; i++)
        add_item(command, items[i], limits);
    redis_command_close_pack(command);
    for (size_t i = 0; i < count; i++)
        redis_command_arg(command, items[i]->event->data);
}
