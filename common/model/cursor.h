/*
 * cursor.h - a position in a list, as clients carry it from page to page
 *
 * Text form: hex of 12 bytes of HMAC-SHA256(key, context NUL position), then hex of the position. It says
 * nothing secret; the MAC keeps a position from being used for another list than it was made for.
 */
#pragma once

#include <stdint.h>

#include "../base/bytes.h"

#define CURSOR_KEY_LEN 32
#define CURSOR_POSITION_MAX 128
#define CURSOR_MAX (2 * (12 + CURSOR_POSITION_MAX))

/* context: whose list of what. Appends the text; position has 1 to CURSOR_POSITION_MAX bytes. */
void cursor_seal(const uint8_t key[CURSOR_KEY_LEN], struct slice context, struct slice position,
                 struct buf *out);

/* Appends the position. STATUS_INVALID: not a cursor, altered, or made for another list. */
enum status cursor_open(const uint8_t key[CURSOR_KEY_LEN], struct slice context, struct slice text,
                        struct buf *out) must_check;
