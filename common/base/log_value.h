/*
 * log_value.h - a text from anywhere as a value that keeps its line one line
 *
 * Nothing that a terminal, a log viewer or a parser takes for more than text stands as it came: control characters
 * (C1 too), line and paragraph separators, marks that reverse the direction of writing, quotes, invalid UTF-8.
 * A value is cut at 512 bytes, between characters, and then ends in "…".
 */
#pragma once

#include "bytes.h"

/* What any value may need: each byte escaped with six, quotes, "…". */
#define LOG_VALUE_MAX 512
#define LOG_VALUE_ROOM ((size_t)(6 * LOG_VALUE_MAX + 5))

/* Both write at out, which has LOG_VALUE_ROOM, and return the end of what they wrote. */

/* In quotes only if it must. An invalid byte is \xff, a hidden character \u202e. */
char *log_value_logfmt(char *out, struct slice text);

/* A JSON string. An invalid byte is U+FFFD. */
char *log_value_json(char *out, struct slice text);
