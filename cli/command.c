/*
 * command.c - settings and operands of one command, and what can be asked of every command
 */
#include "command.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/log.h"
#include "io/setting_names.h"
#include "millrace_version.h"
#include "print.h"

#define AT(field) offsetof(struct cli_settings, field)
#define PROBLEMS_MAX ((size_t)64 << 10)
#define COMPLAINT_MAX 2048
#define TABLES_MAX 4

extern char **environ;

static const struct setting json_rows[] = {
    {"json", SETTING_BOOL, "false", 0, 0, AT(json), "print JSON, for programs", NULL},
};

static const struct setting api_rows[] = {
    {"url", SETTING_TEXT, "http://127.0.0.1:8080", 0, 0, AT(url), "where the API is", NULL},
    {"api_key", SETTING_SECRET, "", 0, 256, AT(api_key),
     "the key of your organization (deploy/up writes one to var/demo.env)", NULL},
};

static const struct setting admin_rows[] = {
    {"admin_token", SETTING_SECRET, "", 0, 256, AT(admin_token),
     "the token of the server's admin, for what no key may do", NULL},
    {"organization", SETTING_TEXT, "", 0, 64, AT(organization),
     "with the admin token: whose things it is about", NULL},
};

static const struct setting redis_rows[] = {
    {"redis_url", SETTING_SECRET, "redis://127.0.0.1:6379", 0, 1024, AT(redis_url),
     "redis://[[user:]password@]host[:port][/db] or unix:///path?db=N", NULL},
};

static size_t tables_of(const struct command *command, struct settings_table tables[TABLES_MAX])
{
    size_t count = 0;

    tables[count++] = (struct settings_table){command->settings, command->settings_count};
    tables[count++] = (struct settings_table){json_rows, sizeof json_rows / sizeof json_rows[0]};
    if (command->needs == COMMAND_ADMIN)
        tables[count++] =
            (struct settings_table){admin_rows, sizeof admin_rows / sizeof admin_rows[0]};
    if (command->needs == COMMAND_API || command->needs == COMMAND_ADMIN ||
        command->needs == COMMAND_BOTH)
        tables[count++] = (struct settings_table){api_rows, sizeof api_rows / sizeof api_rows[0]};
    if (command->needs == COMMAND_REDIS || command->needs == COMMAND_BOTH)
        tables[count++] =
            (struct settings_table){redis_rows, sizeof redis_rows / sizeof redis_rows[0]};
    return count;
}

/* What stands between "millrace" and the command's name. */
static const char *gap_of(const struct command *command)
{
    return command->name[0] != '\0' ? " " : "";
}

void complain(const struct command *command, const char *format, ...)
{
    char text[COMPLAINT_MAX];
    struct buf line;
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    buf_init(&line, 8 * sizeof text);
    print_safe(&line, slice_of(text), sizeof text);
    fprintf(stderr, "millrace%s%s: %.*s\n", gap_of(command), command->name, (int)line.len, line.at);
    buf_fini(&line);
}

static int refuse(const struct command *command, const struct buf *problems)
{
    struct slice rest = buf_slice(problems);

    while (rest.len > 0) {
        struct slice line = slice_cut(&rest, '\n');
        if (line.len > 0)
            complain(command, "%.*s", (int)line.len, line.at);
    }
    fprintf(stderr, "Try: millrace%s%s --help\n", gap_of(command), command->name);
    return CLI_USAGE;
}

static void print_help(const struct command *command, const struct settings_table *tables,
                       size_t count)
{
    char usage[128];

    snprintf(usage, sizeof usage, "millrace %s%s%s", command->name,
             command->operands[0] != '\0' ? " " : "", command->operands);
    config_print_help(stdout, usage, command->summary, tables, count);
}

static int run(const struct command *command, const struct config_request *request,
               const struct settings_table *tables, size_t count, const void *settings)
{
    if (request->print_config) {
        config_print(stdout, tables, count, settings);
        return CLI_OK;
    }
    if (request->check_config) {
        printf("millrace%s%s: the configuration is valid\n", gap_of(command), command->name);
        return CLI_OK;
    }
    if (request->operands_count < command->operands_min) {
        complain(command, "needs %s", command->operands);
        fprintf(stderr, "Try: millrace %s --help\n", command->name);
        return CLI_USAGE;
    }
    return command->run(command, settings, request->operands_count, request->operands);
}

int command_run(const struct command *command, int argc, char **argv)
{
    struct settings_table tables[TABLES_MAX];
    size_t count = tables_of(command, tables);
    struct config_input input = {
        .tables = tables,
        .tables_count = count,
        .argc = argc,
        .argv = argv,
        .environ_ = environ,
        .operands_max = command->operands_max,
        .known_elsewhere = setting_names,
    };
    struct config_request request = {0};
    void *settings = xcalloc(1, command->settings_size);
    struct buf problems;
    int code = CLI_OK;

    /* What goes wrong is said once, by the command itself. */
    log_init("millrace", LOG_ERROR, LOG_LOGFMT);
    buf_init(&problems, PROBLEMS_MAX);
    if (config_load(&input, settings, &request, &problems) != STATUS_OK)
        code = refuse(command, &problems);
    else if (request.help)
        print_help(command, tables, count);
    else if (request.version)
        printf("millrace %s\n", MILLRACE_VERSION);
    else
        code = run(command, &request, tables, count, settings);
    buf_fini(&problems);
    config_fini(tables, count, settings);
    free(settings);
    return code;
}
