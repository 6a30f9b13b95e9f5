/*
 * dlq_ls.c - millrace dlq ls: deliveries that were given up, newest first
 *
 * Each partition has a stream of its own; of each the newest are read and sorted into the newest of all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "command.h"
#include "model/fields.h"
#include "model/keys.h"
#include "print.h"

#define LIMIT_MAX 10000
#define SLICES_MAX 64
#define REASON_SHOWN 64

struct dlq_settings {
    struct cli_settings common;
    int64_t limit;
};

#define AT(field) offsetof(struct dlq_settings, field)
static const struct setting rows[] = {
    {"limit", SETTING_INT, "50", 1, LIMIT_MAX, AT(limit), "how many at most", NULL},
};

enum { EVENT, ENDPOINT, ORG, REASON, ATTEMPTS, STATUS, FIRST_AT, LAST_AT, FIELDS };
static const char *const names[FIELDS] = {
    [EVENT] = "event",       [ENDPOINT] = "endpoint", [ORG] = "org",
    [REASON] = "reason",     [ATTEMPTS] = "attempts", [STATUS] = "status",
    [FIRST_AT] = "first_at", [LAST_AT] = "last_at",
};

struct dead_letter {
    struct stream_id id;
    char fields[FIELDS][72];
};

struct letters {
    struct dead_letter *at; /* newest first */
    size_t count;
    size_t max;
};

static bool read_letter(const struct redis_reply *entry, struct dead_letter *out)
{
    struct slice slices[SLICES_MAX], values[FIELDS];
    size_t count = redis_reply_slices(redis_reply_at(entry, 1), slices, SLICES_MAX);

    if (stream_id_parse(redis_reply_text(redis_reply_at(entry, 0)), &out->id) != STATUS_OK ||
        fields_pick(slices, count, names, FIELDS, values) != STATUS_OK)
        return false;
    for (size_t i = 0; i < FIELDS; i++)
        text_keep(out->fields[i], sizeof out->fields[i], values[i]);
    return true;
}

/* The place where it belongs; what falls off the end is older than all that is shown. */
static void insert(struct letters *letters, const struct dead_letter *letter)
{
    size_t at = letters->count;

    while (at > 0 && stream_id_cmp(letters->at[at - 1].id, letter->id) < 0)
        at--;
    if (at == letters->max)
        return;
    letters->count += letters->count < letters->max;
    memmove(&letters->at[at + 1], &letters->at[at], (letters->count - at - 1) * sizeof *letter);
    letters->at[at] = *letter;
}

static void on_letters(enum status status, const struct redis_reply *reply, void *self)
{
    struct dead_letter letter;

    (void)status;
    for (size_t i = 0; i < redis_reply_count(reply); i++) {
        if (read_letter(redis_reply_at(reply, i), &letter))
            insert(self, &letter);
    }
}

static struct slice delivery_of(const struct dead_letter *letter, char *out)
{
    struct event_id event;

    if (event_id_parse(slice_of(letter->fields[EVENT]), &event) != STATUS_OK ||
        !other_id_is_valid(slice_of(letter->fields[ENDPOINT]), "ep_"))
        return (struct slice){0};
    delivery_id_format(slice_of(letter->fields[EVENT]), slice_of(letter->fields[ENDPOINT]), out);
    return slice_of(out);
}

static int64_t number(const char *text)
{
    uint64_t value;

    return slice_to_u64(slice_of(text), INT64_MAX, &value) == STATUS_OK ? (int64_t)value : -1;
}

static void put_json(const struct dead_letter *letter, struct buf *out)
{
    struct json_writer json = {.out = out};
    char delivery[DELIVERY_ID_LEN + 1];
    char id[STREAM_ID_SIZE];

    stream_id_format(letter->id, id);
    json_open(&json, '{');
    member_text(&json, "entry", slice_of(id));
    member_text(&json, "delivery", delivery_of(letter, delivery));
    member_text(&json, "event", slice_of(letter->fields[EVENT]));
    member_text(&json, "endpoint", slice_of(letter->fields[ENDPOINT]));
    member_text(&json, "organization", slice_of(letter->fields[ORG]));
    member_text(&json, "reason", slice_of(letter->fields[REASON]));
    member_int(&json, "attempts_count", number(letter->fields[ATTEMPTS]));
    member_int(&json, "last_status", number(letter->fields[STATUS]));
    member_time(&json, "first_at", number(letter->fields[FIRST_AT]));
    member_time(&json, "last_at", number(letter->fields[LAST_AT]));
    json_close(&json, '}');
}

static void put_words(const struct dead_letter *letter, struct buf *out)
{
    print_time(out, number(letter->fields[LAST_AT]));
    buf_add_text(out, "  ");
    print_safe(out, slice_of(letter->fields[EVENT]), REASON_SHOWN);
    buf_add_text(out, "  ");
    print_safe(out, slice_of(letter->fields[ENDPOINT]), REASON_SHOWN);
    buf_add_text(out, "  ");
    print_safe(out, slice_of(letter->fields[REASON]), REASON_SHOWN);
    buf_printf(out, "  %lld attempts", (long long)number(letter->fields[ATTEMPTS]));
    if (number(letter->fields[STATUS]) > 0)
        buf_printf(out, ", the last answered %lld", (long long)number(letter->fields[STATUS]));
    buf_add_text(out, "  since ");
    print_time(out, number(letter->fields[FIRST_AT]));
}

static int show(const struct letters *letters, bool json)
{
    struct buf line;
    bool is_heard = true;

    buf_init(&line, PRINT_LINE_MAX);
    if (letters->count == 0 && !json) {
        buf_add_text(&line, "no dead letters");
        is_heard = print_line(&line);
    }
    for (size_t i = 0; is_heard && i < letters->count; i++) {
        if (json)
            put_json(&letters->at[i], &line);
        else
            put_words(&letters->at[i], &line);
        is_heard = print_line(&line);
    }
    buf_fini(&line);
    return is_heard ? CLI_OK : CLI_FAILED;
}

static enum status collect(struct ask *ask, struct letters *letters, struct error *err)
{
    uint32_t partitions = 0;
    char limit[24];
    enum status status = ask_partitions(ask, &partitions, err);

    snprintf(limit, sizeof limit, "%zu", letters->max);
    for (uint32_t i = 0; status == STATUS_OK && i < partitions; i++) {
        struct key key = key_of(i, KEY_DLQ);
        ask_words(ask,
                  ASK_WORDS(SLICE("XREVRANGE"), key_slice(&key), SLICE("+"), SLICE("-"),
                            SLICE("COUNT"), slice_of(limit)),
                  on_letters, letters);
        status = ask_wait(ask, err);
    }
    return status;
}

static int run(const struct command *command, const void *given, int operands_count,
               const char *const *operands)
{
    const struct dlq_settings *settings = given;
    struct letters letters = {.max = (size_t)settings->limit};
    struct ask *ask = NULL;
    struct error err;
    int code = CLI_FAILED;

    (void)command;
    (void)operands_count;
    (void)operands;
    letters.at = xcalloc(letters.max, sizeof *letters.at);
    if (ask_open(settings->common.redis_url, &ask, &err) == STATUS_OK &&
        collect(ask, &letters, &err) == STATUS_OK)
        code = show(&letters, settings->common.json);
    else
        complain(&command_dlq_ls, "%s", err.text);
    ask_close(&ask);
    free(letters.at);
    return code;
}

const struct command command_dlq_ls = {
    .name = "dlq ls",
    .operands = "",
    .summary = "list the deliveries that were given up, newest first",
    .needs = COMMAND_REDIS,
    .settings = rows,
    .settings_count = sizeof rows / sizeof rows[0],
    .settings_size = sizeof(struct dlq_settings),
    .run = run,
};
