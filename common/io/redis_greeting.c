/*
 * redis_greeting.c - AUTH, SELECT, CLIENT SETNAME, the scripts of each event, PING
 *
 * The PING stands last because of what it is refused for: a Redis that loads its data, or a replica that lost its master, is not
 * up, though it takes all the others.
 */
#include "redis_greeting.h"

#include "script.h"

enum greeting {
    AUTH,
    SELECT,
    SETNAME,
    LOAD_FIRST,
    PING = LOAD_FIRST + SCRIPTS_OF_EACH_EVENT,
    GREETINGS_COUNT
};

static const char setname[] = "CLIENT SETNAME";
static const char load[] = "SCRIPT LOAD";

static void build_auth(const struct redis_options *options, struct redis_command *command)
{
    redis_command_start(command);
    redis_command_text(command, "AUTH");
    if (options->address.user[0] != '\0')
        redis_command_text(command, options->address.user);
    redis_command_text(command, options->address.password);
}

static const char *build(const struct redis_options *options, size_t which,
                         struct redis_command *command)
{
    redis_command_start(command);
    if (which == AUTH) {
        if (options->address.password[0] == '\0')
            return NULL;
        build_auth(options, command);
        return "AUTH";
    }
    if (which == SELECT) {
        if (options->address.db == 0)
            return NULL;
        redis_command_text(command, "SELECT");
        redis_command_int(command, options->address.db);
        return "SELECT";
    }
    if (which == SETNAME) {
        redis_command_text(command, "CLIENT");
        redis_command_text(command, "SETNAME");
        redis_command_text(command, options->client_name);
        return setname;
    }
    if (which < PING) {
        if (!options->load_scripts)
            return NULL;
        script_append_loads(command, which - LOAD_FIRST);
        return load;
    }
    redis_command_text(command, "PING");
    return "PING";
}

const char *redis_greeting_next(const struct redis_options *options, size_t *at,
                                struct redis_command *command)
{
    const char *words = NULL;

    while (words == NULL && *at < GREETINGS_COUNT)
        words = build(options, (*at)++, command);
    return words;
}

bool redis_greeting_is_fatal(const char *greeting, enum status status)
{
    if (status == STATUS_OK || greeting == setname)
        return false; /* a name is a courtesy */
    /* A Redis too old for a script refuses it; the store says so in better words, once it can ask for the version. */
    return greeting != load || status != STATUS_FAILED;
}
