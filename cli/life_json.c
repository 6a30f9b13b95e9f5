/*
 * life_json.c - the life of one event, for programs
 */
#include "life.h"
#include "print.h"

#define NEXT_MAX 2048

static void put_holder(struct json_writer *json, const struct holder *holder)
{
    json_name(json, "held_by");
    if (holder->name[0] == '\0') {
        json_put_null(json);
        return;
    }
    json_open(json, '{');
    member_text(json, "consumer", slice_of(holder->name));
    member_int(json, "idle_ms", holder->idle_ms);
    member_int(json, "claims", holder->claims);
    json_close(json, '}');
}

static void put_attempt(struct json_writer *json, const struct attempt *attempt)
{
    json_open(json, '{');
    member_time(json, "at", (int64_t)attempt->id.ms);
    member_bool(json, "kept", attempt->is_kept);
    if (attempt->is_kept) {
        member_int(json, "attempt", attempt->number);
        member_text(json, "outcome", slice_of(attempt->outcome));
        member_int(json, "status", attempt->status);
        member_text(json, "error", slice_of(attempt->error));
        member_int(json, "duration_ms", attempt->duration_ms);
    }
    json_close(json, '}');
}

static void put_delivery(struct json_writer *json, const struct delivery *delivery)
{
    json_open(json, '{');
    member_text(json, "id", slice_of(delivery->id));
    member_text(json, "endpoint", slice_of(delivery->endpoint));
    member_text(json, "state", slice_of(delivery_stage_names[delivery->stage]));
    member_int(json, "attempts_count", delivery->attempts);
    member_int(json, "last_status", delivery->status);
    member_time(json, "changed_at", delivery->at_ms);
    member_text(json, "reason", slice_of(delivery->reason));
    member_time(json, "until", delivery->stage == DELIVERY_WAITING ? delivery->until_ms : -1);
    put_holder(json, &delivery->holder);
    json_name(json, "history");
    json_open(json, '[');
    for (size_t i = 0; i < delivery->history_count; i++)
        put_attempt(json, &delivery->history[i]);
    json_close(json, ']');
    json_close(json, '}');
}

static void put_event(struct json_writer *json, const struct life *life)
{
    const struct slice *fields = life->fields;
    char entry[STREAM_ID_SIZE];
    uint64_t after_ms;

    stream_id_format(life->event.entry, entry);
    member_text(json, "id", slice_of(life->id));
    member_text(json, "type", fields[TYPE]);
    member_text(json, "organization", fields[ORG]);
    member_int(json, "partition", life->event.partition);
    member_text(json, "entry", slice_of(entry));
    member_time(json, "accepted_at", (int64_t)life->event.entry.ms);
    member_text(json, "timestamp", fields[TIME]);
    member_time(json, "deliver_at",
                slice_to_u64(fields[AFTER], INT64_MAX, &after_ms) == STATUS_OK ? (int64_t)after_ms
                                                                               : -1);
    member_text(json, "key", fields[KEY]);
    member_text(json, "dedup_id", fields[DEDUP]);
    member_text(json, "request_id", fields[REQUEST]);
    member_text(json, "trace", fields[TRACE]);
    member_int(json, "data_bytes", (int64_t)fields[DATA].len);
    member_text(json, "state", slice_of(event_stage_names[life->stage]));
    member_text(json, "skipped", slice_of(life->skipped));
    put_holder(json, &life->holder);
}

void life_json(const struct life *life, bool with_data, int64_t now_ms, struct buf *out)
{
    struct json_writer json = {.out = out};
    struct buf next;

    buf_init(&next, NEXT_MAX);
    life_next(life, now_ms, &next);
    json_open(&json, '{');
    put_event(&json, life);
    if (with_data) {
        member_raw(&json, "data", life->fields[DATA]);
        member_raw(&json, "cloudevent", life->fields[CE]);
    }
    json_name(&json, "deliveries");
    json_open(&json, '[');
    for (size_t i = 0; i < life->count; i++)
        put_delivery(&json, &life->deliveries[i]);
    json_close(&json, ']');
    member_text(&json, "next", buf_slice(&next));
    json_close(&json, '}');
    buf_fini(&next);
}
