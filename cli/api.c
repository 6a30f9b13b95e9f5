/*
 * api.c - calls of the API
 */
#include "api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fetch.h"
#include "model/api_key.h"
#include "model/ids.h"
#include "refusal.h"

#define TIMEOUT_MS 40000 /* an answer comes within 30 s, whatever happens behind it */

struct api {
    const struct command *command;
    const struct cli_settings *settings;
    struct fetch *fetch;
    const char *bearer;
};

enum status api_url(const struct cli_settings *settings, const char *path, char out[API_URL_MAX],
                    struct error *err)
{
    struct slice url = slice_of(settings->url);
    const char *why = NULL;

    while (url.len > 0 && url.at[url.len - 1] == '/')
        url.len--;
    if (!url_is_acceptable(url, &why)) {
        error_set(err, "url: %s (it is something like http://127.0.0.1:8080)", why);
        return STATUS_INVALID;
    }
    snprintf(out, API_URL_MAX, "%.*s%s", (int)url.len, url.at, path);
    return STATUS_OK;
}

enum status api_check_key(const struct cli_settings *settings, struct error *err)
{
    if (settings->api_key[0] == '\0') {
        error_set(err, "there is no API key: set MILLRACE_API_KEY (deploy/up writes one to "
                       "var/demo.env) or give --api-key-file");
        return STATUS_INVALID;
    }
    if (!api_key_is_wellformed(slice_of(settings->api_key))) {
        error_set(err,
                  "api_key: not a key of ours (mr_live_ and 36 characters, of which the last 6 "
                  "check the others); is it complete?");
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

static enum status check_admin(const struct cli_settings *settings, struct error *err)
{
    if (settings->organization[0] != '\0' &&
        !other_id_is_valid(slice_of(settings->organization), "org_")) {
        error_set(err, "organization: must be an id that begins with org_");
        return STATUS_INVALID;
    }
    if (settings->admin_token[0] == '\0') {
        error_set(err, "there is no admin token: set MILLRACE_ADMIN_TOKEN (deploy/up writes one to "
                       "var/demo.env) or give --admin-token-file");
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

struct api *api_open(const struct command *command, const struct cli_settings *settings,
                     bool as_admin)
{
    struct error err;
    struct api *api;
    char url[API_URL_MAX];
    bool is_admin = as_admin || settings->organization[0] != '\0';

    if (api_url(settings, "/", url, &err) != STATUS_OK ||
        (is_admin ? check_admin(settings, &err) : api_check_key(settings, &err)) != STATUS_OK) {
        complain(command, "%s", err.text);
        return NULL;
    }
    api = xcalloc(1, sizeof *api);
    api->command = command;
    api->settings = settings;
    api->fetch = fetch_new();
    api->bearer = is_admin ? settings->admin_token : settings->api_key;
    return api;
}

void api_close(struct api **api_at)
{
    struct api *api = *api_at;

    *api_at = NULL;
    if (api == NULL)
        return;
    fetch_free(&api->fetch);
    free(api);
}

/* The admin says whose things it is about. */
static void add_organization(const struct api *api, const char *path, char out[API_PATH_MAX])
{
    const char *organization = api->settings->organization;

    snprintf(out, API_PATH_MAX, "%s%s%s%s", path,
             organization[0] == '\0'     ? ""
             : strchr(path, '?') == NULL ? "?organization="
                                         : "&organization=",
             organization, "");
}

enum status api_call(struct api *api, const char *method, const char *path, struct slice body,
                     struct slice *out)
{
    char whole_path[API_PATH_MAX], url[API_URL_MAX];
    struct error err;
    int http_status = 0;
    enum status status;

    add_organization(api, path, whole_path);
    status = api_url(api->settings, whole_path, url, &err);
    if (status == STATUS_OK)
        status = fetch_call(api->fetch, method, url, api->bearer, body, TIMEOUT_MS, &http_status,
                            out, &err);
    if (status != STATUS_OK) {
        complain(api->command, "%s %s: %s (MILLRACE_URL says where the API is)", api->settings->url,
                 status == STATUS_DOWN ? "cannot be reached" : "gave no answer", err.text);
        return status;
    }
    if (http_status < 200 || http_status > 299) {
        refusal_explain(http_status, *out, &err);
        complain(api->command, "%s", err.text);
        return STATUS_FAILED;
    }
    return STATUS_OK;
}
