/*
 * delivery_state.h - what the record of an event says of one endpoint's delivery
 *
 * Source of the form: lua/lib/record.lua. Texts are borrowed.
 */
#pragma once

#include <stdint.h>

#include "ids.h"

enum delivery_word {
    DELIVERY_WORD_PENDING, /* ready, or with a dispatcher */
    DELIVERY_WORD_WAITING, /* for a time, for its endpoint to be resumed, or for its turn */
    DELIVERY_WORD_DELIVERED,
    DELIVERY_WORD_DEAD, /* given up */
};

struct delivery_state {
    enum delivery_word word;
    struct slice reason;     /* of waiting */
    int64_t until_ms;        /* of waiting; -1: not known */
    struct stream_id letter; /* of dead: its entry of the dead letters; 0-0: purged */
    int64_t attempts;        /* made since it was enqueued or replayed */
    int64_t status;          /* HTTP status of the last, 0: none came */
    int64_t changed_at_ms;   /* -1: not since the fan-out */
    struct slice history;    /* the attempts made: attempt_item.h */
};

/* STATUS_INVALID when it is not of that form. */
enum status delivery_state_parse(struct slice text, struct delivery_state *out) must_check;
