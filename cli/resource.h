/*
 * resource.h - commands that are one call of the API each: a table says which, and how its answer reads
 *
 * Of a list all pages are read, up to --limit; each item is a line of the columns, with --json its JSON. One thing is a line per
 * member, with --json its JSON.
 */
#pragma once

#include "command.h"
#include "model/json.h"

struct resource_verb {
    const char *method;
    const char *path;    /* "%s" stands for the first operand, an id */
    const char *columns; /* of a list: names with a space between; NULL: one thing */
    const char *done;    /* what is said after an answer without a body */
    bool as_admin;
    /* The request's members; NULL: no body. False: it has complained. */
    bool (*write_body)(const struct command *command, const void *settings, int operands_count,
                       const char *const *operands, struct json_writer *json);
};

/* First member of the settings of a list. */
struct list_settings {
    struct cli_settings common;
    int64_t limit;
};
extern const struct setting list_rows[1];

/* Settings of a rotation, and its request. */
struct grace_settings {
    struct cli_settings common;
    char *grace;
};
extern const struct setting grace_rows[1];
bool resource_write_grace(const struct command *command, const void *settings, int operands_count,
                          const char *const *operands, struct json_writer *json);

/* Rows of commands that differ little: a list, what takes one id and no flags of its own, and what makes something. */
#define RESOURCE_LIST(list_name, list_summary, list_verb)                                          \
    {                                                                                              \
        .name = (list_name), .operands = "", .summary = (list_summary), .needs = COMMAND_ADMIN,    \
        .settings = list_rows, .settings_count = 1, .settings_size = sizeof(struct list_settings), \
        .run = resource_run, .verb = &(list_verb)                                                  \
    }
#define RESOURCE_ONE(one_name, one_operand, one_summary, one_verb)                                 \
    {                                                                                              \
        .name = (one_name), .operands = (one_operand), .operands_min = 1, .operands_max = 1,       \
        .summary = (one_summary), .needs = COMMAND_ADMIN,                                          \
        .settings_size = sizeof(struct cli_settings), .run = resource_run, .verb = &(one_verb)     \
    }
#define RESOURCE_CREATE(create_name, create_operand, create_summary, create_rows, create_type,     \
                        create_verb)                                                               \
    {                                                                                              \
        .name = (create_name), .operands = (create_operand), .operands_min = 1, .operands_max = 1, \
        .summary = (create_summary), .needs = COMMAND_ADMIN, .settings = (create_rows),            \
        .settings_count = sizeof(create_rows) / sizeof(create_rows)[0],                            \
        .settings_size = sizeof(create_type), .run = resource_run, .verb = &(create_verb)          \
    }
#define RESOURCE_ROTATE(rotate_name, rotate_operand, rotate_summary, rotate_verb)                  \
    {                                                                                              \
        .name = (rotate_name), .operands = (rotate_operand), .operands_min = 1, .operands_max = 1, \
        .summary = (rotate_summary), .needs = COMMAND_ADMIN, .settings = grace_rows,               \
        .settings_count = 1, .settings_size = sizeof(struct grace_settings), .run = resource_run,  \
        .verb = &(rotate_verb)                                                                     \
    }

int resource_run(const struct command *command, const void *settings, int operands_count,
                 const char *const *operands);

/* Words with a comma between, as an array of texts. */
void put_words(struct json_writer *json, const char *name, const char *words);
