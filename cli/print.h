/*
 * print.h - lines for people and for programs
 *
 * Nothing from outside reaches a terminal as it came: control characters and marks that reverse the direction of writing are
 * escaped. Colours only on a terminal, and not when NO_COLOR is set.
 * Fails:  a line that nobody reads any more is told to the caller, who ends.
 */
#pragma once

#include "model/json.h"

#define PRINT_LINE_MAX ((size_t)64 << 20)

/* Ends the line, writes it at once and empties it. */
bool print_line(struct buf *line) must_check;

/* At most max bytes of text, then "…"; line ends become spaces. */
void print_safe(struct buf *out, struct slice text, size_t max);

void print_span(struct buf *out, int64_t ms);    /* "850 ms", "4 min 10 s" */
void print_time(struct buf *out, int64_t at_ms); /* RFC 3339, "?" when no calendar has it */

enum paint { PAINT_GOOD, PAINT_DOUBTFUL, PAINT_BAD };
void print_painted(struct buf *out, enum paint paint, const char *word);

/* Members of a JSON object. Texts that are empty are null; so are negative times. */
void member_text(struct json_writer *json, const char *name, struct slice text);
void member_int(struct json_writer *json, const char *name, int64_t number);
void member_bool(struct json_writer *json, const char *name, bool value);
void member_time(struct json_writer *json, const char *name, int64_t at_ms);

/* JSON text as it came, on one line. */
void member_raw(struct json_writer *json, const char *name, struct slice json_text);

/* A copy that is cut at the room there is. */
void text_keep(char *out, size_t size, struct slice text);
