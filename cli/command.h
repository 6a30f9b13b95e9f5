/*
 * command.h - what a command of the command line is, and how one is run
 *
 * Each command has a file of its own and one row; the settings of its row are its flags. Every command takes --json, and also
 * the settings that it says it needs. Results go to standard output, complaints to standard error.
 */
#pragma once

#include "base/config.h"

/* Exit codes. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/* First member of each command's settings struct. */
struct cli_settings {
    bool json;
    char *url;                        /* of COMMAND_API */
    char *api_key;                    /* of COMMAND_API */
    char *redis_url;                  /* of COMMAND_REDIS */
    char *admin_token, *organization; /* of COMMAND_ADMIN */
};

/* COMMAND_ADMIN: the API, by a key or by the admin token. */
enum command_needs { COMMAND_ALONE, COMMAND_API, COMMAND_ADMIN, COMMAND_REDIS, COMMAND_BOTH };

struct resource_verb;

struct command {
    const char *name;     /* one word or two: "send", "dlq ls"; "" for what all of them share */
    const char *operands; /* for --help: "TYPE [DATA|-]"; "" for none */
    int operands_min, operands_max;
    const char *summary;
    enum command_needs needs;
    const struct setting *settings;
    size_t settings_count;
    size_t settings_size;
    int (*run)(const struct command *command, const void *settings, int operands_count,
               const char *const *operands);
    const struct resource_verb *verb; /* of those that resource_run runs */
};

extern const struct command command_send;
extern const struct command command_listen;
extern const struct command command_tail;
extern const struct command command_explain;
extern const struct command command_orgs_ls;
extern const struct command command_orgs_show;
extern const struct command command_orgs_create;
extern const struct command command_orgs_delete;
extern const struct command command_keys_ls;
extern const struct command command_keys_create;
extern const struct command command_keys_rotate;
extern const struct command command_keys_revoke;
extern const struct command command_endpoints_ls;
extern const struct command command_endpoints_show;
extern const struct command command_endpoints_create;
extern const struct command command_endpoints_pause;
extern const struct command command_endpoints_resume;
extern const struct command command_endpoints_test;
extern const struct command command_endpoints_rotate;
extern const struct command command_endpoints_delete;
extern const struct command command_dlq_ls;
extern const struct command command_dlq_show;
extern const struct command command_dlq_replay;
extern const struct command command_dlq_purge;
extern const struct command command_jobs_ls;
extern const struct command command_jobs_show;
extern const struct command command_jobs_cancel;
extern const struct command command_doctor;

/* argv[0] is the last word of the command's name. Returns the exit code. */
int command_run(const struct command *command, int argc, char **argv);

/* One line "millrace NAME: …" on standard error; control characters in it are escaped. */
void complain(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
