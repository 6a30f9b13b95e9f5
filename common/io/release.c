/*
 * release.c - keys in the order of lua/promote.lua and lua/release.lua
 */
#include "release.h"

#include "../base/must.h"
#include "../model/keys.h"

#define ENDPOINTS_MAX 200

void release_start(struct redis_command *command, enum script script, uint32_t partition)
{
    static const enum partition_key keys[] = {KEY_DUE,    KEY_WAITING,   KEY_DELIVERIES, KEY_EVENTS,
                                              KEY_RECORD, KEY_LANE,      KEY_ENDPOINT,   KEY_TURN,
                                              KEY_RATE,   KEY_ORG_EVENTS};
    const size_t count = sizeof keys / sizeof keys[0];

    script_start(command, script, count);
    for (size_t i = 0; i < count; i++) {
        struct key key = key_of(partition, keys[i]);
        redis_command_arg(command, key_slice(&key));
    }
}

void release_lanes(struct redis *redis, uint32_t partition, const struct slice *endpoints,
                   size_t count, redis_reply_fn fn, void *self)
{
    struct redis_command command;

    must(count <= ENDPOINTS_MAX);
    redis_command_init(&command);
    release_start(&command, SCRIPT_RELEASE, partition);
    redis_command_text(&command, ""); /* Redis's time */
    for (size_t i = 0; i < count; i++)
        redis_command_arg(&command, endpoints[i]);
    script_send(redis, SCRIPT_RELEASE, &command, fn, self);
    redis_command_fini(&command);
}
