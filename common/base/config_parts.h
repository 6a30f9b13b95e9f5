/*
 * config_parts.h - what the files of config share: a load in progress, values, names
 *
 * A load collects for each setting the text of its strongest source, and reads only that one as a value.
 */
#pragma once

#include "config.h"

enum config_source { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_VARIABLE, SOURCE_FLAG };

struct config_given {
    const struct setting *row;
    enum config_source source;
    struct slice text; /* borrowed from the table, the file, environ or argv */
    bool is_path;      /* text names the file that has the secret */
    size_t line;       /* of the file */
};

struct config_load {
    const struct config_input *input;
    struct config_request request;
    struct config_given *given; /* one for each row of the tables, in their order */
    size_t count;
    struct slice path; /* of the file; empty for none */
    struct buf file;
    struct buf *problems;
    size_t problems_count; /* also of those that had no room in problems */
};

/* Begins a line of problems, for the caller to complete: bytes from outside only by way of config_quote. */
struct buf *config_problem(struct config_load *load);

/* The setting with this snake_case name; *out_is_path when the name is that of a secret, followed by _file. */
struct config_given *config_find(struct config_load *load, struct slice name, bool *out_is_path);

/* Notes a text, unless a stronger source has given one. Of flags the last counts; other sources say it once. */
void config_offer(struct config_load *load, struct config_given *given,
                  const struct config_given *offer);

/* " (--lease)", " (MILLRACE_LEASE)" or " (millrace.conf, line 3)": where the text came from. */
/* Whether the name, or the name before _file, is one that other programs know. */
bool config_is_elsewhere(const struct config_load *load, const char *name);

void config_add_source(struct buf *out, const struct config_load *load,
                       const struct config_given *given);

void config_read_flags(struct config_load *load);
void config_read_variables(struct config_load *load);
void config_read_file(struct config_load *load);

/* The whole file into *out, which is empty. STATUS_LIMIT when it is as long as out->max, or longer. */
enum status config_slurp(const char *path, struct buf *out, struct error *err) must_check;

/* Reads text as the row's type and sets its field. On failure err says what is wrong, without the setting's name; the text
 * of a secret is not repeated. */
enum status config_value_set(const struct setting *row, struct slice text, void *settings,
                             struct error *err) must_check;

struct config_unit {
    const char *name;
    int64_t size; /* in ms, or in bytes */
};
extern const struct config_unit config_size_units[]; /* the largest first, the last is one byte */

/* An integer, duration or size as it is written. */
void config_add_number(struct buf *out, enum setting_type type, int64_t value);

struct config_quoted {
    char text[72];
};
/* In quotes, cut, and without control characters. */
struct config_quoted config_quote(struct slice text);

/* The name in the form of a source: --retry-schedule, MILLRACE_RETRY_SCHEDULE, retry_schedule. suffix: "" or "_file". */
void config_add_name(struct buf *out, enum config_source source, const char *name,
                     const char *suffix);

/* "; did you mean --lease?", or nothing when no name is near. name in snake_case; a secret's may end in _file. */
void config_add_suggestion(struct buf *out, const struct config_load *load,
                           enum config_source source, struct slice name);
