/*
 * keys.c - millrace keys: the API keys of an organization
 */
#include "print.h"
#include "resource.h"

struct create_settings {
    struct cli_settings common;
    char *scopes, *expires_at;
};

#define AT(field) offsetof(struct create_settings, field)
static const struct setting create_rows[] = {
    {"scopes", SETTING_TEXT, "*", 1, 512, AT(scopes), "what it may do: words with a comma between",
     NULL},
    {"expires_at", SETTING_TEXT, "", 0, 64, AT(expires_at), "a time of RFC 3339; unset: never",
     NULL},
};

static bool write_key(const struct command *command, const void *given, int operands_count,
                      const char *const *operands, struct json_writer *json)
{
    const struct create_settings *settings = given;

    (void)command, (void)operands_count;
    member_text(json, "name", slice_of(operands[0]));
    put_words(json, "scopes", settings->scopes);
    if (settings->expires_at[0] != '\0')
        member_text(json, "expires_at", slice_of(settings->expires_at));
    return true;
}

static const struct resource_verb ls = {.method = "GET",
                                        .path = "/api/keys",
                                        .columns =
                                            "id name scopes created_at expires_at last_used_at"};
static const struct resource_verb create = {
    .method = "POST", .path = "/api/keys", .write_body = write_key};
static const struct resource_verb rotate = {
    .method = "POST", .path = "/api/keys/%s/rotate", .write_body = resource_write_grace};
static const struct resource_verb revoke = {
    .method = "DELETE", .path = "/api/keys/%s", .done = "revoked"};

const struct command command_keys_ls =
    RESOURCE_LIST("keys ls", "list the keys of an organization", ls);
const struct command command_keys_create =
    RESOURCE_CREATE("keys create", "NAME", "make a key; it is shown once", create_rows,
                    struct create_settings, create);
const struct command command_keys_rotate =
    RESOURCE_ROTATE("keys rotate", "KEY_ID", "make a key in the place of another", rotate);
const struct command command_keys_revoke =
    RESOURCE_ONE("keys revoke", "KEY_ID", "a key works no more, at once", revoke);
