/*
 * api.h - calls of the API: its address, who asks, and refusals in words
 */
#pragma once

#include "command.h"
#include "model/url.h"

#define API_PATH_MAX 1024 /* with the query */
#define API_URL_MAX (URL_MAX + API_PATH_MAX)

/* path begins with '/' and is shorter than API_PATH_MAX. */
enum status api_url(const struct cli_settings *settings, const char *path, char out[API_URL_MAX],
                    struct error *err) must_check;

/* A key is there and could be one. */
enum status api_check_key(const struct cli_settings *settings, struct error *err) must_check;

struct api;

/* Of a command that needs COMMAND_ADMIN. By the admin token when as_admin, or when an organization is named; else by the key.
 * NULL: it has complained. */
struct api *api_open(const struct command *command, const struct cli_settings *settings,
                     bool as_admin);
void api_close(struct api **api);

/* body: JSON, at is NULL for none. *out is valid until the next call; empty for 204. Not OK: it has complained. */
enum status api_call(struct api *api, const char *method, const char *path, struct slice body,
                     struct slice *out) must_check;
