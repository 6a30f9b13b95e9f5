/*
 * attempt_item.h - an attempt, as the history of its delivery has it
 *
 * A history is items with ',' between them, oldest first (source of the form: lua/lib/attempts.lua). An item is "<ms>-<seq>", the id of
 * the attempt's entry in mr:{p}:attempts; or, of one that succeeded and was answered with a status and no text,
 * "<ms>:<attempt>:<status>:<duration_ms>": it has no such entry.
 */
#pragma once

#include <stdint.h>

#include "ids.h"

struct attempt_item {
    struct stream_id
        entry; /* its ms: when the attempt was settled; seq is 0 when it has no entry */
    bool has_entry;
    int64_t attempt, status, duration_ms; /* of one without */
};

/* Takes the first item off a history that is not empty. STATUS_INVALID when it is none. */
enum status attempt_item_cut(struct slice *history, struct attempt_item *out) must_check;
