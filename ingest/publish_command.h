/*
 * publish_command.h - one call of publish.lua in wire form
 *
 * Only for publish.c.
 */
#pragma once

#include "publish.h"
#include "rate_batch.h"

struct publish_command_options {
    uint32_t partition;
    int64_t max_depth;
    int64_t dedup_window_ms;
};

/* Gathers the items' limiters into limits, which is empty. */
void publish_command_write(struct redis_command *command,
                           const struct publish_command_options *options,
                           struct publish_item *const *items, size_t count,
                           struct rate_batch *limits);
