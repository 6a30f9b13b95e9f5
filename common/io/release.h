/*
 * release.h - what is held or waits goes on: the keys of promote.lua and release.lua, and calls of the latter
 */
#pragma once

#include "script.h"

/* Starts the command with the keys that both scripts have; their arguments are to be added. */
void release_start(struct redis_command *command, enum script script, uint32_t partition);

/* The lanes of these endpoints (ids, at most 200) let go of what they may now, once Redis has done what was sent on the connection
 * before. fn (may be NULL) is answered with the earliest due time of the partition. */
void release_lanes(struct redis *redis, uint32_t partition, const struct slice *endpoints,
                   size_t count, redis_reply_fn fn, void *self);
