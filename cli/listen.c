/*
 * listen.c - millrace listen: a receiver for trying things out, that verifies each webhook and prints it
 *
 * A webhook with a wrong signature is answered with 401, as a receiver should.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "command.h"
#include "print.h"
#include "webhook_check.h"

#define BODY_MAX ((size_t)16 << 20)
#define ADDRESS_MAX 300
#define COUNT_MAX 1000000000

struct listen_settings {
    struct cli_settings common;
    int64_t port;
    char *host;
    char *secret;
    int64_t count;
    int64_t status;
};

#define AT(field) offsetof(struct listen_settings, field)
static const struct setting rows[] = {
    {"port", SETTING_INT, "0", 0, 65535, AT(port), "0 takes a free one and says which", NULL},
    {"host", SETTING_TEXT, "127.0.0.1", 0, 0, AT(host), "the address to listen on", NULL},
    {"secret", SETTING_SECRET, "", 0, 256, AT(secret),
     "the endpoint's secret, whsec_...; without it signatures are not checked", NULL},
    {"count", SETTING_INT, "0", 0, COUNT_MAX, AT(count),
     "end after so many webhooks; 0 goes on until it is interrupted", NULL},
    {"status", SETTING_INT, "200", 200, 599, AT(status), "what to answer, to see retries", NULL},
};

struct listen {
    const struct listen_settings *settings;
    struct loop *loop;
    struct http_server *server;
    struct signing_secret secret; /* len 0: none */
    struct buf line;
    int64_t received;
    bool was_wrong;
    bool is_ending;
    bool is_unheard; /* nobody reads what is printed */
};

static void on_drained(void *self)
{
    struct listen *listen = self;

    loop_stop(listen->loop);
}

static void end(struct listen *listen)
{
    if (listen->is_ending)
        return;
    listen->is_ending = true;
    http_server_drain(listen->server, on_drained, listen);
}

static void on_terminate(void *self)
{
    struct listen *listen = self;

    if (listen->is_ending)
        loop_stop(listen->loop);
    end(listen);
}

static void say(struct listen *listen)
{
    if (!print_line(&listen->line)) {
        listen->is_unheard = true;
        end(listen);
    }
}

static void answer(struct http_request *request, int status)
{
    struct http_response response = {.status = status};

    http_respond(request, &response);
}

static void on_request(struct http_request *request, void *self)
{
    struct listen *listen = self;
    struct webhook webhook;

    if (!slice_is(request->method, "POST")) {
        struct http_header allow = {SLICE("Allow"), SLICE("POST")};
        struct http_response response = {.status = 405, .headers = &allow, .headers_count = 1};
        http_respond(request, &response);
        return;
    }
    if (listen->is_ending) {
        answer(request, 503);
        return;
    }
    webhook_check(request, listen->secret.len > 0 ? &listen->secret : NULL, clock_wall_ms(),
                  &webhook);
    if (listen->settings->common.json)
        webhook_json(&webhook, &listen->line);
    else
        webhook_words(&webhook, &listen->line);
    listen->received++;
    listen->was_wrong |= webhook.verdict == VERDICT_WRONG;
    say(listen);
    answer(request, webhook.verdict == VERDICT_WRONG ? 401 : (int)listen->settings->status);
    if (listen->received == listen->settings->count)
        end(listen);
}

static void say_address(struct listen *listen, int port)
{
    const char *host = listen->settings->host;
    bool is_ipv6 = strchr(host, ':') != NULL;
    struct json_writer json = {.out = &listen->line};
    char url[ADDRESS_MAX];

    snprintf(url, sizeof url, "http://%s%s%s:%d/", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "",
             port);
    if (listen->settings->common.json) {
        json_open(&json, '{');
        member_text(&json, "listening", slice_of(url));
        json_close(&json, '}');
    } else {
        buf_printf(&listen->line, "listening on %s%s", url,
                   listen->secret.len == 0 ? " (no --secret: signatures are not checked)" : "");
    }
    say(listen);
}

static enum status bind_to(struct listen *listen, int *out_port, struct error *err)
{
    const struct listen_settings *settings = listen->settings;
    bool is_ipv6 = strchr(settings->host, ':') != NULL;
    char address[ADDRESS_MAX];

    if (strlen(settings->host) > ADDRESS_MAX - 32) {
        error_set(err, "host: is longer than any address");
        return STATUS_INVALID;
    }
    snprintf(address, sizeof address, "%s%s%s:%d", is_ipv6 ? "[" : "", settings->host,
             is_ipv6 ? "]" : "", (int)settings->port);
    return http_server_bind(listen->server, address, out_port, err);
}

static int serve(struct listen *listen)
{
    struct http_limits limits = http_limits_default();
    struct http_handler handler = {.on_request = on_request, .self = listen};
    int64_t count = listen->settings->count;
    struct error err;
    int port = 0;

    limits.body_max = BODY_MAX;
    limits.requests_per_connection_max = 0;
    listen->loop = loop_new();
    listen->server = http_server_new(listen->loop, &limits, &handler);
    if (bind_to(listen, &port, &err) != STATUS_OK) {
        complain(&command_listen, "%s", err.text);
        listen->is_unheard = true;
    } else {
        loop_on_terminate(listen->loop, on_terminate, listen);
        say_address(listen, port);
        loop_run(listen->loop);
    }
    http_server_free(&listen->server);
    loop_free(&listen->loop);
    return listen->was_wrong || listen->is_unheard || listen->received < count ? CLI_FAILED
                                                                               : CLI_OK;
}

static int run(const struct command *command, const void *settings, int operands_count,
               const char *const *operands)
{
    struct listen listen = {.settings = settings};
    int code;

    (void)command;
    (void)operands_count;
    (void)operands;
    if (listen.settings->secret[0] != '\0' &&
        signing_secret_parse(slice_of(listen.settings->secret), &listen.secret) != STATUS_OK) {
        complain(&command_listen, "secret: must be whsec_ and base64 of 24 to 64 bytes, as the "
                                  "endpoint was created with");
        return CLI_USAGE;
    }
    buf_init(&listen.line, PRINT_LINE_MAX);
    code = serve(&listen);
    buf_fini(&listen.line);
    explicit_bzero(&listen.secret, sizeof listen.secret);
    return code;
}

const struct command command_listen = {
    .name = "listen",
    .operands = "",
    .summary = "receive webhooks, verify their signatures, and print them",
    .settings = rows,
    .settings_count = sizeof rows / sizeof rows[0],
    .settings_size = sizeof(struct listen_settings),
    .run = run,
};
