/*
 * send.c - millrace send: an event by hand
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "command.h"
#include "fetch.h"
#include "model/hook_event.h"
#include "model/json_read.h"
#include "print.h"
#include "refusal.h"

#define TIMEOUT_MS 40000 /* an answer comes within 30 s, whatever happens behind it */
#define DATA_MAX ((size_t)16 << 20)
#define DELAY_MAX_MS EVENT_DELAY_MAX_MS
#define COUNT_MAX 1000000

struct send_settings {
    struct cli_settings common;
    char *dedup_id;
    char *key;
    int64_t delay_ms;
    int64_t count;
};

#define AT(field) offsetof(struct send_settings, field)
static const struct setting rows[] = {
    {"dedup_id", SETTING_TEXT, "", 0, EVENT_DEDUP_MAX, AT(dedup_id),
     "a repeat with the same id is accepted once", NULL},
    {"key", SETTING_TEXT, "", 0, EVENT_KEY_MAX, AT(key), "the event's ordering key", NULL},
    {"delay", SETTING_DURATION, "0", 0, DELAY_MAX_MS, AT(delay_ms),
     "how long to wait before it is delivered", NULL},
    {"count", SETTING_INT, "1", 1, COUNT_MAX, AT(count), "how many times to send it", NULL},
};

struct accepted {
    struct slice id;
    struct slice status;
    struct slice durability;
    bool duplicate;
};

/* All of standard input. */
static enum status read_input(struct buf *out, struct error *err)
{
    char chunk[65536];
    ssize_t got;

    while ((got = read(STDIN_FILENO, chunk, sizeof chunk)) > 0)
        buf_add(out, chunk, (size_t)got);
    if (got < 0)
        error_set(err, "standard input cannot be read: %s", strerror(errno));
    else if (out->overflow)
        error_set(err, "standard input is longer than %zu bytes", out->max);
    return got == 0 && !out->overflow ? STATUS_OK : STATUS_INVALID;
}

/* It goes into the request as it is: what is no JSON value of its own could change the request's other members. */
static enum status check_data(struct slice data, struct error *err)
{
    struct json_scratch scratch json_scratch_uncleared;
    struct problem problem = {0};
    yyjson_doc *doc = json_read(data, JSON_DEPTH_MAX, &scratch, &problem);

    if (doc == NULL) {
        error_set(err, "DATA %s (a text needs its quotes: '\"text\"')", problem.detail);
        return STATUS_INVALID;
    }
    json_read_free(&doc);
    return STATUS_OK;
}

static enum status read_data(const char *operand, struct buf *out, struct error *err)
{
    if (operand == NULL)
        buf_add_text(out, "{}");
    else if (strcmp(operand, "-") != 0)
        buf_add_text(out, operand);
    else if (read_input(out, err) != STATUS_OK)
        return STATUS_INVALID;
    return check_data(buf_slice(out), err);
}

static void build_request(const struct send_settings *settings, const char *type, struct slice data,
                          struct buf *out)
{
    struct json_writer json = {.out = out};
    char delay[32];

    json_open(&json, '{');
    member_text(&json, "type", slice_of(type));
    json_name(&json, "data");
    json_put_raw(&json, data);
    if (settings->dedup_id[0] != '\0')
        member_text(&json, "dedup_id", slice_of(settings->dedup_id));
    if (settings->key[0] != '\0')
        member_text(&json, "key", slice_of(settings->key));
    if (settings->delay_ms > 0) {
        snprintf(delay, sizeof delay, "%lldms", (long long)settings->delay_ms);
        member_text(&json, "delay", slice_of(delay));
    }
    json_close(&json, '}');
}

static struct slice text_member(yyjson_val *root, const char *name)
{
    yyjson_val *value = yyjson_obj_get(root, name);

    return yyjson_is_str(value) ? json_value_text(value) : (struct slice){0};
}

static bool print_accepted(const struct send_settings *settings, const struct accepted *accepted)
{
    struct buf line;
    bool is_printed;

    buf_init(&line, PRINT_LINE_MAX);
    if (settings->common.json) {
        struct json_writer json = {.out = &line};
        json_open(&json, '{');
        member_text(&json, "id", accepted->id);
        member_text(&json, "status", accepted->status);
        member_bool(&json, "duplicate", accepted->duplicate);
        member_text(&json, "durability", accepted->durability);
        json_close(&json, '}');
    } else {
        print_safe(&line, accepted->id, 64);
        buf_add_text(&line, accepted->duplicate ? "  duplicate of an earlier event, durability "
                                                : "  accepted, durability ");
        print_safe(&line, accepted->durability, 64);
    }
    is_printed = print_line(&line);
    buf_fini(&line);
    return is_printed;
}

static int take_answer(const struct send_settings *settings, struct slice body)
{
    struct json_scratch scratch json_scratch_uncleared;
    struct problem problem = {0};
    yyjson_doc *doc = json_read(body, JSON_DEPTH_MAX, &scratch, &problem);
    yyjson_val *root = doc != NULL ? yyjson_doc_get_root(doc) : NULL;
    struct accepted accepted = {
        .id = text_member(root, "id"),
        .status = text_member(root, "status"),
        .durability = text_member(root, "durability"),
        .duplicate = yyjson_get_bool(yyjson_obj_get(root, "duplicate")),
    };
    int code = CLI_FAILED;

    if (accepted.id.len == 0)
        complain(&command_send, "what answers at %s is no Millrace: its answer has no event id",
                 settings->common.url);
    else if (print_accepted(settings, &accepted))
        code = CLI_OK;
    if (doc != NULL)
        json_read_free(&doc);
    return code;
}

static int send_once(const struct send_settings *settings, struct fetch *fetch, const char *url,
                     struct slice request)
{
    struct slice answer = {0};
    struct error err;
    int http_status = 0;
    enum status status = fetch_call(fetch, "POST", url, settings->common.api_key, request,
                                    TIMEOUT_MS, &http_status, &answer, &err);

    if (status == STATUS_DOWN) {
        complain(&command_send, "%s cannot be reached: %s (MILLRACE_URL says where the API is)",
                 settings->common.url, err.text);
        return CLI_FAILED;
    }
    if (status != STATUS_OK) {
        complain(&command_send,
                 "no answer came, so the event may have been accepted or not: %s; send it again "
                 "with the same --dedup-id and it is accepted once",
                 err.text);
        return CLI_FAILED;
    }
    if (http_status < 200 || http_status > 299) {
        refusal_explain(http_status, answer, &err);
        complain(&command_send, "%s", err.text);
        return CLI_FAILED;
    }
    return take_answer(settings, answer);
}

static int run(const struct command *command, const void *given, int operands_count,
               const char *const *operands)
{
    const struct send_settings *settings = given;
    struct fetch *fetch = fetch_new();
    char url[API_URL_MAX];
    struct buf data, request;
    struct error err;
    int code = CLI_OK;

    (void)command;
    buf_init(&data, DATA_MAX);
    buf_init(&request, DATA_MAX + 65536);
    if (!event_type_is_valid(slice_of(operands[0]))) {
        complain(&command_send, "TYPE must be 1 to %d characters of A-Z a-z 0-9 _ . -",
                 EVENT_TYPE_MAX);
        code = CLI_USAGE;
    } else if (api_url(&settings->common, "/api/events", url, &err) != STATUS_OK ||
               api_check_key(&settings->common, &err) != STATUS_OK ||
               read_data(operands_count > 1 ? operands[1] : NULL, &data, &err) != STATUS_OK) {
        complain(&command_send, "%s", err.text);
        code = CLI_USAGE;
    } else {
        build_request(settings, operands[0], buf_slice(&data), &request);
    }
    for (int64_t i = 0; code == CLI_OK && i < settings->count; i++)
        code = send_once(settings, fetch, url, buf_slice(&request));
    buf_fini(&data);
    buf_fini(&request);
    fetch_free(&fetch);
    return code;
}

const struct command command_send = {
    .name = "send",
    .operands = "TYPE [DATA|-]",
    .operands_min = 1,
    .operands_max = 2,
    .summary = "post an event; DATA is JSON, - reads it from standard input",
    .needs = COMMAND_API,
    .settings = rows,
    .settings_count = sizeof rows / sizeof rows[0],
    .settings_size = sizeof(struct send_settings),
    .run = run,
};
