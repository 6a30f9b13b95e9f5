/*
 * settle_command.h - a call of settle.lua in the form it goes to Redis
 */
#pragma once

#include "settle.h"

/* surely_held: how many deliveries the consumer has at least, each of these among them; or -1. */
void settle_command_write(struct redis_command *command, const struct settle_options *options,
                          int64_t surely_held, struct delivery *const *deliveries, size_t count);

/* About how many bytes of a command a delivery takes. */
size_t settle_command_weight(const struct delivery *delivery);
