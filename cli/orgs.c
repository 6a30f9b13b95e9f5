/*
 * orgs.c - millrace orgs: organizations, for the server's admin
 */
#include "print.h"
#include "resource.h"

static bool write_name(const struct command *command, const void *settings, int operands_count,
                       const char *const *operands, struct json_writer *json)
{
    (void)command, (void)settings, (void)operands_count;
    member_text(json, "name", slice_of(operands[0]));
    return true;
}

static const struct resource_verb ls = {.method = "GET",
                                        .path = "/api/organizations",
                                        .columns = "id name created_at",
                                        .as_admin = true};
static const struct resource_verb show = {
    .method = "GET", .path = "/api/organizations/%s", .as_admin = true};
static const struct resource_verb create = {
    .method = "POST", .path = "/api/organizations", .as_admin = true, .write_body = write_name};
static const struct resource_verb delete = {
    .method = "DELETE", .path = "/api/organizations/%s", .done = "deleted", .as_admin = true};

const struct command command_orgs_ls =
    RESOURCE_LIST("orgs ls", "list the organizations, newest first", ls);
const struct command command_orgs_show =
    RESOURCE_ONE("orgs show", "ORG_ID", "one organization", show);
const struct command command_orgs_create =
    RESOURCE_ONE("orgs create", "NAME", "make an organization", create);
const struct command command_orgs_delete = RESOURCE_ONE(
    "orgs delete", "ORG_ID", "remove an organization and all of it, in the background", delete);
