/*
 * redis_greeting.h - for redis.c: what each new connection is told before anything else
 */
#pragma once

#include "redis.h"

/* Builds the greeting after *at (0 at first) into command. Returns its words for people and moves *at; NULL when there is no more. */
const char *redis_greeting_next(const struct redis_options *options, size_t *at,
                                struct redis_command *command);

/* Whether the connection is of no use after this answer to a greeting. */
bool redis_greeting_is_fatal(const char *greeting, enum status status);
