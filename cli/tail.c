/*
 * tail.c - millrace tail: events as they are accepted
 *
 * Reads the logs of all partitions in one blocking call. A Redis that goes away is waited for; nothing is left out then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "base/clock.h"
#include "command.h"
#include "log_entry.h"
#include "model/event_pattern.h"
#include "model/keys.h"
#include "print.h"

#define BLOCK_MS 5000
#define READ_MAX 50 /* entries per partition and read */
#define AWAY_MS 1000
#define SINCE_MAX_MS (3650LL * 24 * 3600 * 1000)

struct tail_settings {
    struct cli_settings common;
    char *type;
    int64_t since_ms;
    bool data;
};

#define AT(field) offsetof(struct tail_settings, field)
static const struct setting rows[] = {
    {"type", SETTING_TEXT, "*", 0, 0, AT(type), "only these types: order.paid, order.*, *", NULL},
    {"since", SETTING_DURATION, "0", 0, SINCE_MAX_MS, AT(since_ms),
     "begin with events so old instead of with the next", NULL},
    {"data", SETTING_BOOL, "false", 0, 0, AT(data), "print the events' data too", NULL},
};

struct place {
    struct key stream;
    char after[STREAM_ID_SIZE]; /* the last entry seen */
};

struct tail {
    const struct tail_settings *settings;
    struct ask *ask;
    uint32_t partitions;
    struct place *places; /* one for each partition */
    struct slice *words;
    struct buf line;
    bool is_unheard;
};

static void put_json(const struct tail *tail, const struct log_entry *entry, struct buf *out)
{
    const struct slice *fields = entry->fields;
    struct json_writer json = {.out = out};

    json_open(&json, '{');
    member_text(&json, "id", slice_of(entry->id));
    member_text(&json, "type", fields[TYPE]);
    member_text(&json, "organization", fields[ORG]);
    member_time(&json, "accepted_at", (int64_t)entry->event.entry.ms);
    member_text(&json, "key", fields[KEY]);
    member_text(&json, "dedup_id", fields[DEDUP]);
    member_text(&json, "request_id", fields[REQUEST]);
    member_int(&json, "data_bytes", (int64_t)fields[DATA].len);
    if (tail->settings->data) {
        member_raw(&json, "data", fields[DATA]);
        member_raw(&json, "cloudevent", fields[CE]);
    }
    json_close(&json, '}');
}

static void put_words(const struct tail *tail, const struct log_entry *entry, struct buf *out)
{
    const struct slice *fields = entry->fields;

    print_time(out, (int64_t)entry->event.entry.ms);
    buf_add_text(out, "  ");
    print_safe(out, fields[TYPE], 256);
    buf_printf(out, "  %s  ", entry->id);
    print_safe(out, fields[ORG], 64);
    buf_printf(out, "  %zu bytes", fields[DATA].len);
    if (fields[KEY].len > 0) {
        buf_add_text(out, "  key ");
        print_safe(out, fields[KEY], 256);
    }
    if (tail->settings->data) {
        buf_add_text(out, "  ");
        print_safe(out, fields[DATA], fields[DATA].len);
        if (fields[CE].len > 0) {
            buf_add_text(out, "  cloudevent ");
            print_safe(out, fields[CE], fields[CE].len);
        }
    }
}

static void show(struct tail *tail, const struct redis_reply *reply, uint32_t partition)
{
    struct log_entry entry;

    /* Before it is read: an entry that cannot be read is passed over once, not for ever. */
    text_keep(tail->places[partition].after, STREAM_ID_SIZE,
              redis_reply_text(redis_reply_at(reply, 0)));
    if (tail->is_unheard || log_entry_read(reply, partition, &entry) != STATUS_OK ||
        !event_pattern_matches(slice_of(tail->settings->type), entry.fields[TYPE]))
        return;
    if (tail->settings->common.json)
        put_json(tail, &entry, &tail->line);
    else
        put_words(tail, &entry, &tail->line);
    tail->is_unheard = !print_line(&tail->line);
}

/* [[stream, [entry …]] …], or nil when the time has passed. */
static void on_read(enum status status, const struct redis_reply *reply, void *self)
{
    struct tail *tail = self;

    (void)status;
    for (size_t i = 0; i < redis_reply_count(reply); i++) {
        struct slice stream = redis_reply_text(redis_reply_at(redis_reply_at(reply, i), 0));
        const struct redis_reply *entries = redis_reply_at(redis_reply_at(reply, i), 1);
        uint32_t partition = 0;
        while (partition < tail->partitions &&
               !slice_eq(stream, key_slice(&tail->places[partition].stream)))
            partition++;
        for (size_t k = 0; partition < tail->partitions && k < redis_reply_count(entries); k++)
            show(tail, redis_reply_at(entries, k), partition);
    }
}

static void send_read(struct tail *tail)
{
    static const char *const head[] = {"XREAD", "COUNT", NULL, "BLOCK", NULL, "STREAMS"};
    char read_max[16], block_ms[16];
    size_t count = 0;

    snprintf(read_max, sizeof read_max, "%d", READ_MAX);
    snprintf(block_ms, sizeof block_ms, "%d", BLOCK_MS);
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
        const char *word = head[i] != NULL ? head[i] : i == 2 ? read_max : block_ms;
        tail->words[count++] = slice_of(word);
    }
    for (uint32_t i = 0; i < tail->partitions; i++)
        tail->words[count++] = key_slice(&tail->places[i].stream);
    for (uint32_t i = 0; i < tail->partitions; i++)
        tail->words[count++] = slice_of(tail->places[i].after);
    ask_words(tail->ask, tail->words, count, on_read, tail);
}

/* [[id, fields]] of the newest entry, or nothing. */
static void on_newest(enum status status, const struct redis_reply *reply, void *self)
{
    struct place *place = self;
    struct slice id = redis_reply_text(redis_reply_at(redis_reply_at(reply, 0), 0));

    (void)status;
    if (id.len > 0)
        text_keep(place->after, sizeof place->after, id);
}

/* [seconds, microseconds] */
static void on_time(enum status status, const struct redis_reply *reply, void *self)
{
    (void)status;
    *(int64_t *)self = redis_reply_int(redis_reply_at(reply, 0)) * 1000 +
                       redis_reply_int(redis_reply_at(reply, 1)) / 1000;
}

static enum status find_places(struct tail *tail, struct error *err)
{
    int64_t since_ms = tail->settings->since_ms;
    int64_t now_ms = 0;
    enum status status;

    ask_words(tail->ask, ASK_WORDS(SLICE("TIME")), on_time, &now_ms);
    for (uint32_t i = 0; i < tail->partitions; i++) {
        struct place *place = &tail->places[i];
        place->stream = key_of(i, KEY_EVENTS);
        snprintf(place->after, sizeof place->after, "0-0");
        if (since_ms == 0)
            ask_words(tail->ask,
                      ASK_WORDS(SLICE("XREVRANGE"), key_slice(&place->stream), SLICE("+"),
                                SLICE("-"), SLICE("COUNT"), SLICE("1")),
                      on_newest, place);
    }
    status = ask_wait(tail->ask, err);
    for (uint32_t i = 0; status == STATUS_OK && since_ms > 0 && i < tail->partitions; i++)
        snprintf(tail->places[i].after, STREAM_ID_SIZE, "%lld",
                 (long long)(now_ms > since_ms ? now_ms - since_ms : 0));
    return status;
}

static int follow(struct tail *tail)
{
    struct error err;

    while (!tail->is_unheard) {
        enum status status;
        send_read(tail);
        status = ask_wait(tail->ask, &err);
        if (status == STATUS_FAILED || status == STATUS_DENIED) {
            complain(&command_tail, "%s", err.text);
            return CLI_FAILED;
        }
        if (status != STATUS_OK) {
            complain(&command_tail, "%s; waiting for it", err.text);
            /* Up at once means that it answered that it cannot, such as while it loads. */
            if (ask_until_up(tail->ask, AWAY_MS))
                ask_pause(tail->ask, AWAY_MS);
            while (!ask_until_up(tail->ask, AWAY_MS))
                continue;
        }
    }
    return CLI_FAILED;
}

static int run(const struct command *command, const void *settings, int operands_count,
               const char *const *operands)
{
    struct tail tail = {.settings = settings};
    struct error err;
    int code = CLI_FAILED;

    (void)command;
    (void)operands_count;
    (void)operands;
    if (!event_pattern_is_valid(slice_of(tail.settings->type))) {
        complain(&command_tail, "type: must be a type such as order.paid, or order.*, or *");
        return CLI_USAGE;
    }
    if (ask_open(tail.settings->common.redis_url, &tail.ask, &err) != STATUS_OK ||
        ask_partitions(tail.ask, &tail.partitions, &err) != STATUS_OK) {
        complain(&command_tail, "%s", err.text);
        ask_close(&tail.ask);
        return CLI_FAILED;
    }
    buf_init(&tail.line, PRINT_LINE_MAX);
    tail.places = xcalloc(tail.partitions, sizeof *tail.places);
    tail.words = xcalloc(6 + 2 * (size_t)tail.partitions, sizeof *tail.words);
    if (find_places(&tail, &err) == STATUS_OK)
        code = follow(&tail);
    else
        complain(&command_tail, "%s", err.text);
    free(tail.words);
    free(tail.places);
    buf_fini(&tail.line);
    ask_close(&tail.ask);
    return code;
}

const struct command command_tail = {
    .name = "tail",
    .operands = "",
    .summary = "print events as they are accepted",
    .needs = COMMAND_REDIS,
    .settings = rows,
    .settings_count = sizeof rows / sizeof rows[0],
    .settings_size = sizeof(struct tail_settings),
    .run = run,
};
