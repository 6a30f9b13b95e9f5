/*
 * main.c - millrace: the command line
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "millrace_version.h"

static const struct command *const commands[] = {
    &command_send,
    &command_listen,
    &command_tail,
    &command_explain,
    &command_orgs_ls,
    &command_orgs_show,
    &command_orgs_create,
    &command_orgs_delete,
    &command_keys_ls,
    &command_keys_create,
    &command_keys_rotate,
    &command_keys_revoke,
    &command_endpoints_ls,
    &command_endpoints_show,
    &command_endpoints_create,
    &command_endpoints_pause,
    &command_endpoints_resume,
    &command_endpoints_test,
    &command_endpoints_rotate,
    &command_endpoints_delete,
    &command_dlq_ls,
    &command_dlq_show,
    &command_dlq_replay,
    &command_dlq_purge,
    &command_jobs_ls,
    &command_jobs_show,
    &command_jobs_cancel,
    &command_doctor,
};
#define COMMANDS_COUNT (sizeof commands / sizeof commands[0])

/* Asked about without a command: the settings that commands share. Never run. */
static const struct command shared = {
    .name = "",
    .operands = "",
    .summary = "the settings that commands share",
    .needs = COMMAND_BOTH,
    .settings_size = sizeof(struct cli_settings),
};

static void print_help(FILE *out)
{
    fputs("millrace - the command line of Millrace\n\n", out);
    for (size_t i = 0; i < COMMANDS_COUNT; i++) {
        char usage[128];
        snprintf(usage, sizeof usage, "millrace %s %s", commands[i]->name, commands[i]->operands);
        fprintf(out, "  %-44s%s\n", usage, commands[i]->summary);
    }
    fprintf(out, "  %-44s%s\n", "millrace config", "print the settings that commands share");
    fputs("\nmillrace COMMAND --help describes one of them; all take --json.\n"
          "millrace --check-config and --print-config are about the settings that they share.\n"
          "Exit codes: 0 done, 1 failed, 2 not understood.\n",
          out);
}

/* How many arguments spell the command's name: 0 when they do not. */
static int words_of(const struct command *command, int argc, char **argv)
{
    struct slice second = slice_of(command->name);
    struct slice first = slice_cut(&second, ' ');

    if (argc < 2 || !slice_is(first, argv[1]))
        return 0;
    if (second.len == 0)
        return 1;
    return argc > 2 && slice_is(second, argv[2]) ? 2 : 0;
}

/* The nearest command to one word or to two, or NULL. */
static const char *nearest(int argc, char **argv)
{
    const char *names[COMMANDS_COUNT];
    const char *found;
    char both[128];

    for (size_t i = 0; i < COMMANDS_COUNT; i++)
        names[i] = commands[i]->name;
    snprintf(both, sizeof both, "%s %s", argv[1], argc > 2 ? argv[2] : "");
    found = config_nearest(argv[1], names, COMMANDS_COUNT);
    return found != NULL ? found : config_nearest(both, names, COMMANDS_COUNT);
}

/* The first command of two words that starts with this one: "dlq" alone is half a command. */
static const char *completion(const char *word)
{
    for (size_t i = 0; i < COMMANDS_COUNT; i++) {
        struct slice second = slice_of(commands[i]->name);
        if (slice_is(slice_cut(&second, ' '), word) && second.len > 0)
            return commands[i]->name;
    }
    return NULL;
}

static int unknown(int argc, char **argv)
{
    const char *name = nearest(argc, argv);

    if (name == NULL)
        name = completion(argv[1]);
    if (argv[1][0] == '-')
        fprintf(stderr, "millrace: the command comes before its flags\n");
    else if (name != NULL)
        fprintf(stderr, "millrace: there is no such command; did you mean 'millrace %s'?\n", name);
    else
        fprintf(stderr, "millrace: there is no such command\n");
    fputs("Try: millrace --help\n", stderr);
    return CLI_USAGE;
}

static bool asks_for_config(int argc, char **argv)
{
    for (int i = 1; argv[1][0] == '-' && i < argc; i++)
        if (strcmp(argv[i], "--check-config") == 0 || strcmp(argv[i], "--print-config") == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    static char print_config[] = "--print-config";

    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("millrace %s\n", MILLRACE_VERSION);
        return CLI_OK;
    }
    if (strcmp(argv[1], "config") == 0)
        argv[1] = print_config;
    if (asks_for_config(argc, argv))
        return command_run(&shared, argc, argv);
    for (size_t i = 0; i < COMMANDS_COUNT; i++) {
        int words = words_of(commands[i], argc, argv);
        if (words > 0)
            return command_run(commands[i], argc - words, argv + words);
    }
    return unknown(argc, argv);
}
