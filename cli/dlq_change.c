/*
 * dlq_change.c - millrace dlq show, replay and purge: dead letters of an organization
 *
 * Which ones: by their ids, or by a filter; all of them only when --all says so.
 */
#include "print.h"
#include "resource.h"

struct change_settings {
    struct cli_settings common;
    bool all;
    char *endpoint, *type, *reason, *since, *until;
};

#define AT(field) offsetof(struct change_settings, field)
static const struct setting rows[] = {
    {"all", SETTING_BOOL, "false", 0, 0, AT(all), "all dead letters of the organization", NULL},
    {"endpoint", SETTING_TEXT, "", 0, 64, AT(endpoint), "only of this endpoint", NULL},
    {"type", SETTING_TEXT, "", 0, 256, AT(type), "only of events of this type", NULL},
    {"reason", SETTING_TEXT, "", 0, 64, AT(reason), "only those given up for this reason", NULL},
    {"since", SETTING_TEXT, "", 0, 64, AT(since), "only those given up from this time on", NULL},
    {"until", SETTING_TEXT, "", 0, 64, AT(until), "only those given up before this time", NULL},
};

static size_t put_filter(const struct change_settings *settings, struct json_writer *json)
{
    const char *const members[][2] = {{"endpoint", settings->endpoint},
                                      {"type", settings->type},
                                      {"reason", settings->reason},
                                      {"since", settings->since},
                                      {"until", settings->until}};
    size_t count = 0;

    json_open(json, '{');
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (members[i][1][0] == '\0')
            continue;
        member_text(json, members[i][0], slice_of(members[i][1]));
        count++;
    }
    json_close(json, '}');
    return count;
}

static bool write_which(const struct command *command, const void *given, int operands_count,
                        const char *const *operands, struct json_writer *json)
{
    const struct change_settings *settings = given;
    size_t narrowed;

    if (operands_count > 0) {
        json_name(json, "ids");
        json_open(json, '[');
        for (int i = 0; i < operands_count; i++)
            json_put_text(json, slice_of(operands[i]));
        json_close(json, ']');
        return true;
    }
    json_name(json, "filter");
    narrowed = put_filter(settings, json);
    if (narrowed > 0 || settings->all)
        return true;
    complain(command, "say which: DELIVERY_ID …, a filter such as --endpoint, or --all");
    return false;
}

static const struct resource_verb show = {.method = "GET", .path = "/api/dlq/%s"};
static const struct resource_verb replay = {
    .method = "POST", .path = "/api/dlq/replay", .write_body = write_which};
static const struct resource_verb purge = {
    .method = "POST", .path = "/api/dlq/purge", .write_body = write_which};

const struct command command_dlq_show =
    RESOURCE_ONE("dlq show", "DELIVERY_ID", "one dead letter", show);
const struct command command_dlq_replay = {
    .name = "dlq replay",
    .operands = "[DELIVERY_ID]...",
    .operands_max = CONFIG_OPERANDS_MAX,
    .summary = "deliver dead letters once more: these, or those of a filter",
    .needs = COMMAND_ADMIN,
    .settings = rows,
    .settings_count = sizeof rows / sizeof rows[0],
    .settings_size = sizeof(struct change_settings),
    .run = resource_run,
    .verb = &replay};
const struct command command_dlq_purge = {.name = "dlq purge",
                                          .operands = "[DELIVERY_ID]...",
                                          .operands_max = CONFIG_OPERANDS_MAX,
                                          .summary =
                                              "forget dead letters: these, or those of a filter",
                                          .needs = COMMAND_ADMIN,
                                          .settings = rows,
                                          .settings_count = sizeof rows / sizeof rows[0],
                                          .settings_size = sizeof(struct change_settings),
                                          .run = resource_run,
                                          .verb = &purge};
