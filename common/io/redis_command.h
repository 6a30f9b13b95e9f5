/*
 * redis_command.h - for redis.c and script.c: the finished bytes of a command, and commands from a format
 */
#pragma once

#include <stdarg.h>

#include "redis.h"

/* Borrowed from the command until it is touched again. STATUS_LIMIT when it had outgrown its bound. */
enum status redis_command_wire(struct redis_command *command, struct slice *out) must_check;

/* Starts the command and appends the words of the format; as redis_sendf. */
void redis_command_vformat(struct redis_command *command, const char *format, va_list values)
    __attribute__((format(printf, 2, 0)));
