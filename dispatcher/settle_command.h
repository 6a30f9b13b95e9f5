/*
 * settle_command.h - a call of settle.lua in the form it goes to Redis
 */
#pragma once

#include "settle.h"

/* One after the other, and between them what the consumer says of these deliveries. */
void settle_command_start(struct redis_command *command, const struct settle_options *options);
void settle_command_add(struct redis_command *command, struct delivery *const *deliveries,
                        size_t count);

/* About how many bytes of a command a delivery takes. */
size_t settle_command_weight(const struct delivery *delivery);
