/*
 * check_items.h - what must hold for the items of every batch, whatever format they came in
 */
#pragma once

#include "base/must.h"
#include "model/hook_event.h"
#include "model/utf8.h"

static inline void check_problem(const struct problem *problem)
{
    must(problem->http_status == 400 || problem->http_status == 422 || problem->http_status == 413);
    must(problem->code != NULL && problem->detail[0] != '\0');
    must(problem->pointer[0] == '\0' || problem->pointer[0] == '/');
    must(utf8_is_valid(slice_of(problem->pointer)) && utf8_is_valid(slice_of(problem->detail)));
}

static inline void check_items(const struct event_batch *batch,
                               void (*check_event)(const struct hook_event *event))
{
    must(event_batch_count(batch) <= EVENT_BATCH_MAX);
    for (size_t i = 0; i < event_batch_count(batch); i++) {
        const struct event_item *item = event_batch_item(batch, i);

        if (item->valid)
            check_event(&item->event);
        else
            check_problem(&item->problem);
    }
}
