/*
 * publish_limits.h - the rate limiters of the items of one call of publish.lua, each once
 *
 * Only for publish.c.
 */
#pragma once

#include "publish.h"

struct publish_limits {
    size_t count, room;
    struct rate_limit *at; /* owned; the ids are the items' */
};

void publish_limits_gather(struct publish_limits *limits, const struct publish_item *item);
void publish_limits_fini(struct publish_limits *limits);

void publish_limits_add_keys(const struct publish_limits *limits, uint32_t partition,
                             struct redis_command *command);
void publish_limits_add_arguments(const struct publish_limits *limits,
                                  struct redis_command *command); /* how many, then each */
void publish_limits_add_numbers(const struct publish_limits *limits,
                                const struct publish_item *item,
                                struct redis_command *command); /* which are the item's */

/* first: index of the first number in the answer. */
void publish_limits_tell(const struct publish_limits *limits, const struct redis_reply *reply,
                         size_t first, struct publish_item *item);
