/*
 * log_value.h - a text from anywhere as a value that keeps its line one line
 *
 * Nothing that a terminal, a log viewer or a parser takes for more than text stands as it came: control characters
 * (C1 too), line and paragraph separators, marks that reverse the direction of writing, quotes, invalid UTF-8.
 * A value is cut at 512 bytes, between characters, and then ends in "…".
 */
#pragma once

#include "bytes.h"

/* In quotes only if it must. An invalid byte is \xff, a hidden character \u202e. */
void log_value_logfmt(struct buf *out, struct slice text);

/* A JSON string. An invalid byte is U+FFFD. */
void log_value_json(struct buf *out, struct slice text);
