/*
 * explain.c - millrace explain: the life of one event, for people
 */
#include <stdlib.h>

#include "base/clock.h"
#include "command.h"
#include "life.h"
#include "print.h"

#define LABEL_WIDTH 15

struct explain_settings {
    struct cli_settings common;
    bool data;
};

#define AT(field) offsetof(struct explain_settings, field)
static const struct setting rows[] = {
    {"data", SETTING_BOOL, "false", 0, 0, AT(data), "print the event's data too", NULL},
};

struct explanation {
    const struct explain_settings *settings;
    const struct life *life;
    int64_t now_ms;
    struct buf line;
    bool is_unheard;
};

static void end_line(struct explanation *to)
{
    to->is_unheard = to->is_unheard || !print_line(&to->line);
}

static void say(struct explanation *to, const char *label, struct slice text)
{
    if (text.len == 0)
        return;
    buf_printf(&to->line, "  %-*s", LABEL_WIDTH, label);
    print_safe(&to->line, text, text.len);
    end_line(to);
}

static void say_time(struct explanation *to, const char *label, int64_t at_ms)
{
    int64_t ago_ms = to->now_ms - at_ms;

    buf_printf(&to->line, "  %-*s", LABEL_WIDTH, label);
    print_time(&to->line, at_ms);
    buf_add_text(&to->line, ago_ms >= 0 ? " (" : " (in ");
    print_span(&to->line, ago_ms >= 0 ? ago_ms : -ago_ms);
    buf_add_text(&to->line, ago_ms >= 0 ? " ago)" : ")");
    end_line(to);
}

static void say_event(struct explanation *to)
{
    const struct life *life = to->life;
    const struct slice *fields = life->fields;
    uint64_t after_ms;

    print_safe(&to->line, slice_of(life->id), 64);
    buf_add_text(&to->line, "  ");
    print_safe(&to->line, fields[TYPE], 256);
    end_line(to);
    say(to, "organization", fields[ORG]);
    say_time(to, "accepted", (int64_t)life->event.entry.ms);
    say(to, "timestamp", fields[TIME]);
    if (slice_to_u64(fields[AFTER], INT64_MAX, &after_ms) == STATUS_OK)
        say_time(to, "deliver at", (int64_t)after_ms);
    say(to, "key", fields[KEY]);
    say(to, "dedup id", fields[DEDUP]);
    say(to, "request id", fields[REQUEST]);
    say(to, "trace", fields[TRACE]);
    buf_printf(&to->line, "  %-*s%zu bytes", LABEL_WIDTH, "data", fields[DATA].len);
    end_line(to);
    if (to->settings->data) {
        say(to, "", fields[DATA]);
        say(to, "cloudevent", fields[CE]);
    }
    buf_printf(&to->line, "  %-*s%s", LABEL_WIDTH, "state", event_stage_names[life->stage]);
    if (life->skipped[0] != '\0') {
        buf_add_text(&to->line, ", skipped: ");
        print_safe(&to->line, slice_of(life->skipped), sizeof life->skipped);
    } else if (life->count > 0) {
        buf_printf(&to->line, ", %zu deliveries", life->count);
    }
    end_line(to);
}

static void say_attempt(struct explanation *to, const struct attempt *attempt)
{
    struct buf *out = &to->line;

    buf_add_text(out, "    ");
    print_time(out, (int64_t)attempt->id.ms);
    if (!attempt->is_kept) {
        buf_add_text(out, "  an attempt whose record is not kept any more");
        end_line(to);
        return;
    }
    buf_printf(out, "  attempt %lld: ", (long long)attempt->number);
    print_safe(out, slice_of(attempt->outcome), sizeof attempt->outcome);
    if (attempt->status > 0)
        buf_printf(out, ", answered %lld", (long long)attempt->status);
    if (attempt->error[0] != '\0') {
        buf_add_text(out, ", ");
        print_safe(out, slice_of(attempt->error), sizeof attempt->error);
    }
    buf_add_text(out, ", after ");
    print_span(out, attempt->duration_ms);
    end_line(to);
}

static void say_delivery(struct explanation *to, const struct delivery *delivery)
{
    static const enum paint paints[DELIVERY_STAGES] = {
        [DELIVERY_DEAD] = PAINT_BAD,           [DELIVERY_WAITING] = PAINT_DOUBTFUL,
        [DELIVERY_READY] = PAINT_DOUBTFUL,     [DELIVERY_IN_FLIGHT] = PAINT_DOUBTFUL,
        [DELIVERY_UNDER_WAY] = PAINT_DOUBTFUL, [DELIVERY_UNREADABLE] = PAINT_BAD,
    };
    struct buf *out = &to->line;

    buf_printf(out, "%s  %s  ", delivery->id, delivery->endpoint);
    print_painted(out, paints[delivery->stage], delivery_stage_names[delivery->stage]);
    if (delivery->reason[0] != '\0') {
        buf_add_text(out, ": ");
        print_safe(out, slice_of(delivery->reason), sizeof delivery->reason);
    }
    if (delivery->stage == DELIVERY_WAITING) {
        buf_add_text(out, " until ");
        print_time(out, delivery->until_ms);
    }
    if (delivery->stage == DELIVERY_IN_FLIGHT) {
        buf_add_text(out, " with ");
        print_safe(out, slice_of(delivery->holder.name), HOLDER_NAME_MAX);
        buf_add_text(out, ", taken or renewed ");
        print_span(out, delivery->holder.idle_ms);
        buf_add_text(out, " ago");
    }
    end_line(to);
    for (size_t i = 0; i < delivery->history_count; i++)
        say_attempt(to, &delivery->history[i]);
}

static void explain_in_words(struct explanation *to)
{
    say_event(to);
    for (size_t i = 0; i < to->life->count; i++)
        say_delivery(to, &to->life->deliveries[i]);
    life_next(to->life, to->now_ms, &to->line);
    end_line(to);
}

static int explain(const struct explain_settings *settings, struct event_id event)
{
    struct explanation to = {.settings = settings, .now_ms = clock_wall_ms()};
    struct life life = {0};
    struct ask *ask = NULL;
    struct error err;
    int code = CLI_FAILED;

    buf_init(&to.line, PRINT_LINE_MAX);
    if (ask_open(settings->common.redis_url, &ask, &err) != STATUS_OK ||
        life_read(ask, event, &life, &err) != STATUS_OK) {
        complain(&command_explain, "%s", err.text);
    } else {
        to.life = &life;
        if (settings->common.json) {
            life_json(&life, settings->data, to.now_ms, &to.line);
            end_line(&to);
        } else {
            explain_in_words(&to);
        }
        code = to.is_unheard ? CLI_FAILED : CLI_OK;
    }
    life_fini(&life);
    ask_close(&ask);
    buf_fini(&to.line);
    return code;
}

static int run(const struct command *command, const void *settings, int operands_count,
               const char *const *operands)
{
    struct slice given = slice_of(operands[0]);
    char event_text[EVENT_ID_LEN + 1], endpoint_text[3 + ID_CHARS + 1];
    struct event_id event;

    (void)command;
    (void)operands_count;
    if (delivery_id_parse(given, event_text, endpoint_text) == STATUS_OK)
        given = slice_of(event_text);
    if (event_id_parse(given, &event) != STATUS_OK) {
        complain(&command_explain,
                 "EVENT_ID is evt_ and %d characters, as the answer to its POST "
                 "had it",
                 ID_CHARS);
        return CLI_USAGE;
    }
    return explain(settings, event);
}

const struct command command_explain = {
    .name = "explain",
    .operands = "EVENT_ID",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "tell what happened to an event, why it waits, and what happens next",
    .needs = COMMAND_REDIS,
    .settings = rows,
    .settings_count = sizeof rows / sizeof rows[0],
    .settings_size = sizeof(struct explain_settings),
    .run = run,
};
