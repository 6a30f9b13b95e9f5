/*
 * check_batch.h - what must hold for every batch that a parser hands out, whatever the input was
 */
#pragma once

#include <string.h>

#include "check_items.h"

#define FUZZ_NOW_MS 1700000000000LL

/* Nothing that these formats have is too large when no bound is given. */
static inline void check_refusal(const struct problem *problem)
{
    must(problem->http_status != 413);
    check_problem(problem);
}

static void check_label(struct slice label)
{
    must(label.len <= 255 && utf8_is_valid(label) && !utf8_has_control(label));
}

/* data is JSON by itself, and handing it over as JSON changes nothing of it. */
static void check_data(struct slice data)
{
    struct event_batch *batch = NULL;
    struct problem problem;
    struct buf body;

    buf_init(&body, data.len + 100);
    buf_add_text(&body, "{\"type\":\"t\",\"data\":");
    buf_add_slice(&body, data);
    buf_add_char(&body, '}');
    must(event_parse_json(buf_slice(&body), 0, &batch, &problem) == STATUS_OK);
    must(slice_eq(event_batch_item(batch, 0)->event.data, data));
    event_batch_free(&batch);
    buf_fini(&body);
}

static void check_event(const struct hook_event *event)
{
    char print[EVENT_FINGERPRINT_LEN];

    must(event_type_is_valid(event->type));
    check_label(event->dedup_id);
    check_label(event->key);
    must(event->occurred_at_ms >= -1);
    must(event->deliver_at_ms >= -1);
    must(event->deliver_at_ms <= FUZZ_NOW_MS + EVENT_DELAY_MAX_MS);
    must(event->delay_ms < 0 || event->deliver_at_ms == FUZZ_NOW_MS + event->delay_ms);
    check_data(event->data);
    event_fingerprint(event, print);
}

static inline void check_batch(const struct event_batch *batch)
{
    must(event_batch_count(batch) > 0);
    check_items(batch, check_event);
    for (size_t i = 0; i < event_batch_count(batch); i++)
        if (!event_batch_item(batch, i)->valid)
            check_refusal(&event_batch_item(batch, i)->problem);
}
