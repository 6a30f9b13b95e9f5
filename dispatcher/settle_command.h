/*
 * settle_command.h - a call of settle.lua in the form it goes to Redis
 */
#pragma once

#include "delivery.h"
#include "io/redis.h"

void settle_command_write(struct redis_command *command, uint32_t partition, const char *consumer,
                          int64_t failing_after_ms, struct delivery *const *deliveries,
                          size_t count);

/* About how many bytes of a command a delivery takes. */
size_t settle_command_weight(const struct delivery *delivery);
