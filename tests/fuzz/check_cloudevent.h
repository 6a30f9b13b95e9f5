/*
 * check_cloudevent.h - what must hold for every CloudEvent that a parser hands out, whatever the input was
 */
#pragma once

#include <string.h>

#include "check_items.h"
#include "model/cloudevent.h"
#include "model/trace.h"

static void check_event(const struct hook_event *event);

/* Attributes, with data unless they have it themselves, are the same CloudEvent again. */
static void check_again(const struct hook_event *event)
{
    const char tail[] = "\"data_base64\":";
    const bool has_data = memmem(event->ce.at, event->ce.len, tail, sizeof tail - 1) != NULL;
    struct event_batch *batch = NULL;
    struct problem problem;
    struct buf body;

    must(!has_data || slice_is(event->data, "null"));
    buf_init(&body, event->ce.len + event->data.len + 100);
    buf_add(&body, event->ce.at, event->ce.len - 1);
    if (!has_data) {
        buf_add_text(&body, ",\"data\":");
        buf_add_slice(&body, event->data);
    }
    buf_add_char(&body, '}');
    must(event_parse_cloudevent(buf_slice(&body), &batch, &problem) == STATUS_OK);
    const struct hook_event *again = &event_batch_item(batch, 0)->event;
    must(slice_eq(again->ce, event->ce) && slice_eq(again->data, event->data));
    must(slice_eq(again->type, event->type) && slice_eq(again->key, event->key));
    must(slice_eq(again->dedup_id, event->dedup_id) && slice_eq(again->trace, event->trace));
    must(again->occurred_at_ms == event->occurred_at_ms);
    event_batch_free(&batch);
    buf_fini(&body);
}

static void check_event(const struct hook_event *event)
{
    char trace[TRACEPARENT_LEN + 1], print[EVENT_FINGERPRINT_LEN];

    must(event_type_is_valid(event->type));
    must(event->ce.len <= CLOUDEVENT_BYTES_MAX ||
         memmem(event->ce.at, event->ce.len, "\"data_base64\":", 14) != NULL);
    must(utf8_is_valid(event->ce) && !utf8_has_control(event->ce));
    must(event->key.len <= EVENT_KEY_MAX && !utf8_has_control(event->key));
    must(event->dedup_id.len >= 3 && !utf8_has_control(event->dedup_id));
    must(event->dedup_id.len <= CLOUDEVENT_SOURCE_MAX + 1 + CLOUDEVENT_ID_MAX);
    must(event->occurred_at_ms >= -1 && event->deliver_at_ms == -1 && event->delay_ms == -1);
    must(event->trace.len == 0 || traceparent_parse(event->trace, trace) == STATUS_OK);
    event_fingerprint(event, print);
    check_again(event);
}
