/*
 * service_settings.c - the settings all services share, and what the command line asks besides
 * running
 */
#include "service_private.h"

#include <stdlib.h>

#include "../base/log.h"
#include "../model/base64.h"
#include "../model/keys.h"
#include "../model/secret_box.h"
#include "millrace_version.h"
#include "setting_names.h"

extern char **environ;

const char *const service_env_names[] = {"dev", "staging", "production", NULL};
static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const log_formats[] = {"logfmt", "json", NULL};

#define AT(field) offsetof(struct service_settings, field)
#define DAY_MS (24LL * 3600 * 1000)

static struct setting rows[] = {
    {"env", SETTING_CHOICE, "dev", 0, 0, AT(env),
     "what this runs as; staging and production refuse to start with unsafe settings",
     service_env_names},
    {"redis_url", SETTING_SECRET, "redis://127.0.0.1:6379", 1024, 1024, AT(redis_url),
     "redis://[[user:]password@]host[:port][/db] or unix:///path?db=N", NULL},
    {"admin_listen", SETTING_TEXT, NULL, 0, 0, AT(listen_admin), "ADDR:PORT of health and metrics",
     NULL},
    {"workers", SETTING_INT, "1", 1, 256, AT(workers), "processes to fork", NULL},
    {"partitions", SETTING_INT, "1", 1, PARTITIONS_MAX, AT(partitions),
     "partitions of the store; fixed when the store is first used", NULL},
    {"lease", SETTING_DURATION, "30s", 500, DAY_MS, AT(lease_ms),
     "how long a silent process keeps what it took from a stream", NULL},
    {"drain_grace", SETTING_DURATION, "25s", 0, DAY_MS, AT(drain_grace_ms),
     "how long an ending process may take to finish what it holds", NULL},
    {"log_level", SETTING_CHOICE, "info", 0, 0, AT(log_level), "debug, info, warn or error",
     log_levels},
    {"log_format", SETTING_CHOICE, "logfmt", 0, 0, AT(log_format), "logfmt or json", log_formats},
    {"secret_key", SETTING_SECRET, "", 128, 128, AT(secret_key),
     "32 bytes in base64; encrypts endpoint secrets in Redis (make one: openssl rand -base64 32)",
     NULL},
};

static size_t tables_of(const struct service_definition *definition,
                        struct settings_table tables[2])
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].offset == AT(listen_admin))
            rows[i].fallback = definition->admin_listen;
    tables[0] = (struct settings_table){rows, sizeof rows / sizeof rows[0]};
    tables[1] = (struct settings_table){definition->settings, definition->settings_count};
    return 2;
}

static void validate(const struct service_settings *settings, struct buf *problems)
{
    struct redis_address address;
    struct error err;
    if (redis_address_parse(settings->redis_url, &address, &err) != STATUS_OK)
        buf_printf(problems, "redis_url: %s\n", err.text);
    uint8_t key[SECRET_BOX_KEY_LEN];
    if (settings->secret_key[0]) {
        if (secret_box_parse_key(slice_of(settings->secret_key), key) != STATUS_OK)
            buf_add_text(problems,
                         "secret_key: must be 32 bytes in base64 (openssl rand -base64 32)\n");
    } else if (settings->env != ENV_DEV) {
        buf_printf(problems,
                   "secret_key: must be set when env is %s (MILLRACE_SECRET_KEY or "
                   "MILLRACE_SECRET_KEY_FILE)\n",
                   service_env_names[settings->env]);
    }
}

static void answer_and_exit(const struct service_definition *definition,
                            const struct config_request *request,
                            const struct settings_table *tables, size_t count, void *settings)
{
    if (request->print_config)
        config_print(stdout, tables, count, settings);
    else
        printf("millrace-%s: the configuration is valid\n", definition->name);
    config_fini(tables, count, settings);
    free(settings);
    exit(EXIT_SUCCESS);
}

/* --help and --version answer also when the settings are wrong. */
static void answer_first(const struct service_definition *definition,
                         const struct config_request *request, const struct settings_table *tables,
                         size_t count)
{
    if (request->version) {
        printf("millrace-%s %s\n", definition->name, MILLRACE_VERSION);
        exit(EXIT_SUCCESS);
    }
    if (!request->help)
        return;
    char program[64];
    snprintf(program, sizeof program, "millrace-%s", definition->name);
    config_print_help(stdout, program, definition->summary, tables, count);
    exit(EXIT_SUCCESS);
}

static void refuse(const struct service_definition *definition, const struct buf *problems)
{
    fprintf(stderr, "millrace-%s: cannot start, the configuration is not valid:\n",
            definition->name);
    struct slice rest = buf_slice(problems);
    while (rest.len > 0) {
        struct slice line = slice_cut(&rest, '\n');
        if (line.len > 0)
            fprintf(stderr, "  %.*s\n", (int)line.len, line.at);
    }
    exit(EXIT_CONFIG);
}

void service_load_settings(int argc, char **argv, const struct service_definition *definition,
                           void **out_settings)
{
    struct settings_table tables[2];
    size_t count = tables_of(definition, tables);
    void *settings = xcalloc(1, definition->settings_size);
    struct config_input input = {
        .tables = tables,
        .tables_count = count,
        .argc = argc,
        .argv = argv,
        .environ_ = environ,
        .known_elsewhere = setting_names,
    };
    struct config_request request = {0};
    struct buf problems;
    buf_init(&problems, 64 * 1024);
    enum status status = config_load(&input, settings, &request, &problems);
    answer_first(definition, &request, tables, count);
    if (status == STATUS_OK) {
        validate(settings, &problems);
        if (definition->validate)
            definition->validate(settings, &problems);
    }
    if (problems.len > 0)
        refuse(definition, &problems);
    buf_fini(&problems);
    if (request.check_config || request.print_config)
        answer_and_exit(definition, &request, tables, count, settings);
    *out_settings = settings;
}

void service_free_settings(const struct service_definition *definition, void **settings)
{
    struct settings_table tables[2];
    size_t count = tables_of(definition, tables);
    config_fini(tables, count, *settings);
    free(*settings);
    *settings = NULL;
}

struct redis_address service_redis_address(const struct service_settings *settings)
{
    struct redis_address address;
    struct error err;
    if (redis_address_parse(settings->redis_url, &address, &err) != STATUS_OK)
        exit(EXIT_CONFIG); /* validate() has refused it before */
    return address;
}
