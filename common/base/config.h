/*
 * config.h - settings from flags, environment and file, all generated from one table
 *
 * A row of the table names a field of the caller's settings struct. Precedence: flag, environment, file of --config,
 * default. --retry-schedule is MILLRACE_RETRY_SCHEDULE and a line "retry_schedule = …" (or "retry-schedule = …") of the file;
 * '#' starts a comment line. MILLRACE_CONFIG names the file too; an empty variable counts as none. A flag is --name=value or
 * --name value, a boolean also --name alone. Secrets also come from --NAME-file / MILLRACE_NAME_FILE (first line of that file).
 * Durations take ms s m h d (a bare number is refused unless 0), sizes k m g (powers of 1024) or plain bytes.
 * An unknown flag, MILLRACE_ variable or line is an error that suggests the nearest name, if one is near.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bytes.h"

enum setting_type {
    SETTING_TEXT,     /* char * (owned by the settings; "" when unset) */
    SETTING_SECRET,   /* char *, never printed, also from a file */
    SETTING_BOOL,     /* bool: true false yes no on off 1 0 */
    SETTING_INT,      /* int64_t within [min, max] */
    SETTING_DURATION, /* int64_t ms within [min, max] */
    SETTING_DURATIONS, /* struct durations: 1 to 32 of them, comma-separated, each within [min, max] */
    SETTING_SIZE,      /* int64_t bytes within [min, max] */
    SETTING_CHOICE,    /* int: index in choices */
};

#define DURATIONS_MAX 32
struct durations {
    size_t count;
    int64_t ms[DURATIONS_MAX];
};

struct setting {
    const char *name; /* snake_case */
    enum setting_type type;
    const char *fallback; /* as a user would write it */
    int64_t min,
        max; /* units of the type; ignored for texts, secrets (max > 0: longest text), bools, choices */
    size_t offset;              /* of the field in the settings struct */
    const char *help;           /* one line */
    const char *const *choices; /* NULL-terminated, for SETTING_CHOICE */
};

struct settings_table {
    const struct setting *rows;
    size_t count;
};

#define CONFIG_OPERANDS_MAX 64

/* What the command line asked for besides settings. With help or version, nothing else is read: the call succeeds, and *settings is
 * left as it was. */
struct config_request {
    bool help, version, check_config, print_config;
    int operands_count; /* arguments that are not flags, in order; error when operands_max is 0 */
    const char *operands[CONFIG_OPERANDS_MAX]; /* borrowed from argv */
};

/* Fills *settings (zeroed by the caller) from defaults, file, environment and flags of all tables. Every problem found is one line
 * in *problems, each naming the setting; STATUS_INVALID when there is any. environ_ is as environ(7).
 * Names known to no table are refused; in the environment and the file, those in known_elsewhere (snake_case, NULL-terminated, may be
 * NULL) are passed over: they belong to other programs that share them. */
struct config_input {
    const struct settings_table *tables;
    size_t tables_count;
    int argc;
    char **argv; /* argv[0] is skipped */
    char **environ_;
    int operands_max;
    const char *const *known_elsewhere;
};
enum status config_load(const struct config_input *input, void *settings,
                        struct config_request *out_request, struct buf *problems) must_check;
void config_fini(const struct settings_table *tables, size_t tables_count, void *settings);

/* --help and --print-config (secrets as "(set)" or "(unset)", user and password of a URL as "(hidden)"; one "name = value" line per setting, in table order). */
void config_print_help(FILE *out, const char *program, const char *summary,
                       const struct settings_table *tables, size_t count);
void config_print(FILE *out, const struct settings_table *tables, size_t count,
                  const void *settings);

/* The name in the list that is nearest to text by edit distance (at most a third of its length), or NULL. */
const char *config_nearest(const char *text, const char *const *names, size_t count);

enum status config_parse_durations(struct slice text, int64_t min_ms, int64_t max_ms,
                                   struct durations *out, struct error *err) must_check;
