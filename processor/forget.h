/*
 * forget.h - what a forgotten organization has in other places than its partition: API keys, its own
 * record, and what processes remember
 */
#pragma once

#include "io/redis.h"

/* reply: of job_forget.lua. False when it asks for nothing of that. What is sent is repeated by the next
 * step if it was lost. */
bool forget_elsewhere(struct redis *redis, uint32_t partition, const struct redis_reply *reply);
