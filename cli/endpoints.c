/*
 * endpoints.c - millrace endpoints: where an organization wants its events
 */
#include "model/rate_spec.h"
#include "print.h"
#include "resource.h"

struct create_settings {
    struct cli_settings common;
    char *event_types, *description, *filter;
    int64_t per_second, burst;
    bool ordered;
};

#define AT(field) offsetof(struct create_settings, field)
static const struct setting create_rows[] = {
    {"event_types", SETTING_TEXT, "*", 1, 8192, AT(event_types),
     "patterns with a comma between, such as order.*,invoice.paid", NULL},
    {"description", SETTING_TEXT, "", 0, 1024, AT(description), "a note for people", NULL},
    {"filter", SETTING_TEXT, "", 0, 8192, AT(filter), "which events by their data, as JSON", NULL},
    {"per_second", SETTING_INT, "0", 0, RATE_SPEC_MAX, AT(per_second),
     "attempts per second, 0 for any number", NULL},
    {"burst", SETTING_INT, "0", 0, RATE_SPEC_MAX, AT(burst),
     "how many of them at once, 0 for as many as per_second", NULL},
    {"ordered", SETTING_BOOL, "false", 0, 0, AT(ordered),
     "one delivery at a time, in the order of the events", NULL},
};

static bool write_endpoint(const struct command *command, const void *given, int operands_count,
                           const char *const *operands, struct json_writer *json)
{
    const struct create_settings *settings = given;

    (void)command, (void)operands_count;
    member_text(json, "url", slice_of(operands[0]));
    put_words(json, "event_types", settings->event_types);
    if (settings->description[0] != '\0')
        member_text(json, "description", slice_of(settings->description));
    if (settings->filter[0] != '\0') {
        json_name(json, "filter");
        json_put_raw(json, slice_of(settings->filter)); /* the API reads the whole strictly */
    }
    if (settings->per_second > 0) {
        const struct rate_spec rate = {
            settings->per_second, settings->burst > 0 ? settings->burst : settings->per_second};
        json_name(json, "rate_limit");
        rate_spec_json(json, &rate);
    }
    if (settings->ordered)
        member_bool(json, "ordered", true);
    return true;
}

static const struct resource_verb ls = {
    .method = "GET", .path = "/api/endpoints", .columns = "id url event_types disabled paused"};
static const struct resource_verb show = {.method = "GET", .path = "/api/endpoints/%s"};
static const struct resource_verb create = {
    .method = "POST", .path = "/api/endpoints", .write_body = write_endpoint};
static const struct resource_verb pause = {.method = "POST", .path = "/api/endpoints/%s/pause"};
static const struct resource_verb resume = {.method = "POST", .path = "/api/endpoints/%s/resume"};
static const struct resource_verb test = {.method = "POST", .path = "/api/endpoints/%s/test"};
static const struct resource_verb rotate = {.method = "POST",
                                            .path = "/api/endpoints/%s/secret/rotate",
                                            .write_body = resource_write_grace};
static const struct resource_verb delete = {
    .method = "DELETE", .path = "/api/endpoints/%s", .done = "deleted"};

const struct command command_endpoints_ls =
    RESOURCE_LIST("endpoints ls", "list the endpoints of an organization", ls);
const struct command command_endpoints_create =
    RESOURCE_CREATE("endpoints create", "URL", "make an endpoint; its secret is shown", create_rows,
                    struct create_settings, create);
const struct command command_endpoints_rotate =
    RESOURCE_ROTATE("endpoints rotate", "ENDPOINT_ID", "give it another signing secret", rotate);
const struct command command_endpoints_show =
    RESOURCE_ONE("endpoints show", "ENDPOINT_ID", "one endpoint", show);
const struct command command_endpoints_pause =
    RESOURCE_ONE("endpoints pause", "ENDPOINT_ID", "its deliveries wait from now on", pause);
const struct command command_endpoints_resume =
    RESOURCE_ONE("endpoints resume", "ENDPOINT_ID", "its deliveries go on", resume);
const struct command command_endpoints_test =
    RESOURCE_ONE("endpoints test", "ENDPOINT_ID", "send it an event of type millrace.test", test);
const struct command command_endpoints_delete =
    RESOURCE_ONE("endpoints delete", "ENDPOINT_ID", "remove it", delete);
