/*
 * request_template.h - text with places for what differs between requests
 *
 * {seq} the event's sequence number, {sent} µs of the monotonic clock when it was due, {mod} the number
 * modulo a constant, {value} a line of a file, {kept} what an answer gave (scenario.h). Every other brace is itself,
 * as JSON needs it.
 */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

#define REQUEST_TEMPLATE_PIECES_MAX 64

enum request_place { PLACE_NONE, PLACE_SEQ, PLACE_SENT, PLACE_MOD, PLACE_VALUE, PLACE_KEPT };

struct request_piece {
    struct slice text; /* before the place */
    enum request_place place;
};

/* Borrows its text. */
struct request_template {
    size_t count;
    struct request_piece pieces[REQUEST_TEMPLATE_PIECES_MAX];
};

struct request_values {
    uint64_t seq, mod;
    int64_t sent_us;
    struct slice value, kept;
};

/* STATUS_LIMIT: more places than there is room for. */
enum status request_template_parse(struct slice text, struct request_template *out) must_check;
bool request_template_has(const struct request_template *template, enum request_place place);
void request_template_render(const struct request_template *template,
                             const struct request_values *values, struct buf *out);
