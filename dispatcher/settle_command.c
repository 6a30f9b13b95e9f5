/*
 * settle_command.c - keys and arguments in the order of lua/settle.lua
 */
#include "settle_command.h"

#include "io/script.h"
#include "model/keys.h"
#include "model/trace.h"

#define OTHER_FIELDS_SIZE 1024
#define TOLD_STRINGS 7
#define ALL_STRINGS 16

void settle_command_start(struct redis_command *command, const struct settle_options *options)
{
    static const enum partition_key keys[] = {
        KEY_DELIVERIES, KEY_DUE,  KEY_WAITING,  KEY_ATTEMPTS, KEY_DLQ,  KEY_FAILING,  KEY_RECORD,
        KEY_ORG_DLQ,    KEY_LANE, KEY_ENDPOINT, KEY_STATS,    KEY_RATE, KEY_RECLAIMED};
    size_t count = sizeof keys / sizeof keys[0];
    script_start(command, SCRIPT_SETTLE, count);
    for (size_t i = 0; i < count; i++) {
        struct key key = key_of(options->partition, keys[i]);
        redis_command_arg(command, key_slice(&key));
    }
    redis_command_text(command, GROUP_DISPATCHER);
    redis_command_text(command, consumer_name(options->consumer));
    redis_command_text(command, ""); /* Redis's own time */
    redis_command_int(command, options->failing_after_ms);
}

/* Only what becomes ready again as it is, or may: one that waits for a time is made from the log again. */
static struct slice body_to_keep(const struct delivery *delivery)
{
    enum outcome outcome = delivery->result.outcome;
    bool is_kept = outcome == OUTCOME_READY || outcome == OUTCOME_HOLD || outcome == OUTCOME_LATE;
    return is_kept ? delivery->fields.body : (struct slice){0};
}

/* Of trace and request: who goes on, or asks why it died, wants to know them. */
static struct slice label_to_keep(const struct delivery *delivery, struct slice label)
{
    return delivery->result.outcome == OUTCOME_DELIVERED ? (struct slice){0} : label;
}

/* A dead letter, which people read, has it whole. */
static struct slice request_to_keep(const struct delivery *delivery)
{
    struct slice request = delivery->fields.request;
    return delivery->result.outcome == OUTCOME_DEAD
               ? request
               : request_id_to_carry(request, delivery->fields.trace);
}

/* Its history says all there is to say: it was delivered, and answered with a status alone. */
static bool is_told(const struct delivery_result *result)
{
    return result->outcome == OUTCOME_DELIVERED && result->is_attempted &&
           result->response_len == 0;
}

/* "retries_exhausted server_error": why it was given up, and what the last attempt met. */
static void add_error(struct redis_command *command, const struct delivery_result *result)
{
    struct buf text;
    buf_init(&text, 128);
    buf_add_text(&text, result->reason);
    if (result->outcome == OUTCOME_DEAD && result->error[0] &&
        !slice_is(buf_slice(&text), result->error)) {
        buf_add_char(&text, ' ');
        buf_add_text(&text, result->error);
    }
    redis_command_arg(command, buf_slice(&text));
    buf_fini(&text);
}

static void add_rest(struct redis_command *command, const struct delivery *delivery)
{
    const struct delivery_fields *fields = &delivery->fields;
    const struct delivery_result *result = &delivery->result;
    redis_command_arg(command, fields->org);
    redis_command_int(command, fields->snoozes);
    redis_command_arg(command, label_to_keep(delivery, fields->trace));
    redis_command_arg(command, label_to_keep(delivery, request_to_keep(delivery)));
    redis_command_arg(command, body_to_keep(delivery));
    redis_command_text(command, outcome_name(result->outcome));
    add_error(command, result);
    redis_command_arg(command, (struct slice){result->response, result->response_len});
    redis_command_int(command, result->delay_ms);
}

static void add_delivery(struct redis_command *command, const struct delivery *delivery)
{
    const struct delivery_fields *fields = &delivery->fields;
    const struct delivery_result *result = &delivery->result;
    char entry[STREAM_ID_SIZE];
    stream_id_format(delivery->entry, entry);
    redis_command_pack_size(command, is_told(result) ? TOLD_STRINGS : ALL_STRINGS);
    redis_command_text(command, entry);
    redis_command_arg(command, fields->event);
    redis_command_arg(command, fields->endpoint);
    redis_command_int(command, fields->attempt);
    redis_command_int(command, result->status);
    if (result->is_attempted) {
        redis_command_int(command, (result->duration_us + 500) / 1000);
    } else {
        redis_command_text(command, "");
    }
    redis_command_arg(command, fields->history);
    if (!is_told(result))
        add_rest(command, delivery);
}

void settle_command_add(struct redis_command *command, struct delivery *const *deliveries,
                        size_t count)
{
    redis_command_open_pack(command);
    for (size_t i = 0; i < count; i++) {
        add_delivery(command, deliveries[i]);
    }
    redis_command_close_pack(command);
}

size_t settle_command_weight(const struct delivery *delivery)
{
    const struct delivery_fields *fields = &delivery->fields;
    return OTHER_FIELDS_SIZE + body_to_keep(delivery).len + fields->history.len +
           delivery->result.response_len;
}
