/*
 * resource.c - one call of the API, and its answer in lines
 */
#include "resource.h"

#include <stdio.h>
#include <string.h>

#include "api.h"
#include "print.h"

#define BODY_MAX ((size_t)64 << 10)
#define VALUE_SHOWN 200
#define PAGE_MAX 250
#define LIMIT_MAX 1000000
#define RESOURCE_PATH_MAX 256

const struct setting list_rows[1] = {
    {"limit", SETTING_INT, "50", 1, LIMIT_MAX, offsetof(struct list_settings, limit),
     "how many at most", NULL},
};

const struct setting grace_rows[1] = {
    {"grace", SETTING_TEXT, "24h", 0, 16, offsetof(struct grace_settings, grace),
     "how long the old one still serves", NULL},
};

bool resource_write_grace(const struct command *command, const void *settings, int operands_count,
                          const char *const *operands, struct json_writer *json)
{
    const struct grace_settings *own = settings;

    (void)command, (void)operands_count, (void)operands;
    member_text(json, "grace", slice_of(own->grace));
    return true;
}

/* The member's value as it stands in the text; empty when there is none. */
static struct slice member_of(struct slice object, struct slice name)
{
    struct json_span_iter iter;
    struct slice found, value;

    if (!json_spans_start(object, &iter) || !iter.is_object)
        return (struct slice){0};
    while (json_spans_next(&iter, &found, &value)) {
        if (slice_eq(found, name))
            return value;
    }
    return (struct slice){0};
}

/* Texts without their quotes, everything else as JSON has it. */
static void print_value(struct buf *line, struct slice value)
{
    if (value.len >= 2 && value.at[0] == '"')
        value = (struct slice){value.at + 1, value.len - 2};
    if (value.len == 0 || slice_is(value, "null"))
        value = SLICE("-");
    print_safe(line, value, VALUE_SHOWN);
}

static bool print_item(const struct resource_verb *verb, bool json, struct slice item)
{
    struct slice columns = slice_of(verb->columns);
    struct buf line;
    bool is_printed;

    buf_init(&line, PRINT_LINE_MAX);
    if (json)
        buf_add_slice(&line, item);
    while (!json && columns.len > 0) {
        if (line.len > 0)
            buf_add_text(&line, "  ");
        print_value(&line, member_of(item, slice_cut(&columns, ' ')));
    }
    is_printed = print_line(&line);
    buf_fini(&line);
    return is_printed;
}

static bool print_thing(bool json, struct slice thing)
{
    struct json_span_iter iter;
    struct slice name, value;
    struct buf line;
    bool is_printed = true;

    buf_init(&line, PRINT_LINE_MAX);
    if (json || !json_spans_start(thing, &iter) || !iter.is_object) {
        buf_add_slice(&line, thing);
        is_printed = print_line(&line);
    } else {
        while (is_printed && json_spans_next(&iter, &name, &value)) {
            print_safe(&line, name, VALUE_SHOWN);
            buf_add_text(&line, ": ");
            print_value(&line, value);
            is_printed = print_line(&line);
        }
    }
    buf_fini(&line);
    return is_printed;
}

/* Returns how many it printed, -1 when nobody reads them any more. */
static int64_t print_page(const struct resource_verb *verb, bool json, struct slice page,
                          int64_t most)
{
    struct json_span_iter iter;
    struct slice unnamed, item;
    int64_t count = 0;

    if (!json_spans_start(member_of(page, SLICE("data")), &iter))
        return 0;
    while (count < most && json_spans_next(&iter, &unnamed, &item)) {
        if (!print_item(verb, json, item))
            return -1;
        count++;
    }
    return count;
}

static int show_list(const struct command *command, const struct list_settings *settings,
                     struct api *api, const char path[RESOURCE_PATH_MAX])
{
    char page_path[API_PATH_MAX], cursor[400] = "";
    int64_t left = settings->limit, shown;

    do {
        struct slice page, next;
        snprintf(page_path, sizeof page_path, "%.255s?limit=%lld%s%s", path,
                 (long long)(left < PAGE_MAX ? left : PAGE_MAX), cursor[0] ? "&cursor=" : "",
                 cursor);
        if (api_call(api, "GET", page_path, (struct slice){0}, &page) != STATUS_OK)
            return CLI_FAILED;
        shown = print_page(command->verb, settings->common.json, page, left);
        if (shown < 0)
            return CLI_FAILED;
        left -= shown;
        next = member_of(page, SLICE("next_cursor"));
        if (next.len < 3 || next.at[0] != '"')
            return CLI_OK;
        text_keep(cursor, sizeof cursor, (struct slice){next.at + 1, next.len - 2});
    } while (left > 0);
    return CLI_OK;
}

static int change(const struct command *command, const struct cli_settings *settings,
                  struct api *api, const char *path, struct slice body)
{
    struct slice answer;

    if (api_call(api, command->verb->method, path, body, &answer) != STATUS_OK)
        return CLI_FAILED;
    if (answer.len == 0)
        answer = settings->json ? SLICE("{}") : slice_of(command->verb->done);
    else if (answer.at[answer.len - 1] == '\n')
        answer.len--;
    return print_thing(settings->json, answer) ? CLI_OK : CLI_FAILED;
}

/* An id goes into the path as it is. */
static bool is_plain(const char *id)
{
    return id[0] != '\0' && strlen(id) < 100 &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
               strlen(id);
}

static bool write_path(const struct command *command, int operands_count,
                       const char *const *operands, char out[RESOURCE_PATH_MAX])
{
    const char *gap = strstr(command->verb->path, "%s");

    if (gap == NULL) {
        snprintf(out, RESOURCE_PATH_MAX, "%s", command->verb->path);
        return true;
    }
    if (operands_count < 1 || !is_plain(operands[0])) {
        complain(command, "this is no id; ids are letters, digits and _");
        return false;
    }
    snprintf(out, RESOURCE_PATH_MAX, "%.*s%s%s", (int)(gap - command->verb->path),
             command->verb->path, operands[0], gap + 2);
    return true;
}

int resource_run(const struct command *command, const void *settings, int operands_count,
                 const char *const *operands)
{
    const struct cli_settings *common = settings;
    const struct resource_verb *verb = command->verb;
    char path[RESOURCE_PATH_MAX];
    struct api *api = NULL;
    struct buf body;
    int code = CLI_USAGE;

    buf_init(&body, BODY_MAX);
    struct json_writer json = {.out = &body};
    if (verb->write_body)
        json_open(&json, '{');
    if (write_path(command, operands_count, operands, path) &&
        (!verb->write_body ||
         verb->write_body(command, settings, operands_count, operands, &json)) &&
        (api = api_open(command, common, verb->as_admin)) != NULL) {
        if (verb->write_body)
            json_close(&json, '}');
        code = verb->columns ? show_list(command, settings, api, path)
                             : change(command, common, api, path,
                                      verb->write_body ? buf_slice(&body) : (struct slice){0});
    }
    api_close(&api);
    buf_fini(&body);
    return code;
}

void put_words(struct json_writer *json, const char *name, const char *words)
{
    struct slice rest = slice_of(words);

    json_name(json, name);
    json_open(json, '[');
    while (rest.len > 0) {
        struct slice word = slice_trim(slice_cut(&rest, ','));
        if (word.len > 0)
            json_put_text(json, word);
    }
    json_close(json, ']');
}
