/*
 * json_number.h - the value of a JSON number, from its text
 *
 * Exact, whatever the size and the notation: 1, 1.0 and 10e-1 are the same, 9007199254740993 and 9007199254740992 are not,
 * 0.1 is a tenth. Nothing is rounded, because nothing is converted.
 * Warts:  exponents past JSON_EXPONENT_MAX either way count as that one; two such numbers may be told the same.
 */
#pragma once

#include <stdint.h>

#include "../base/bytes.h"

#define JSON_EXPONENT_MAX 1000000000000LL

/* Borrows the text. 0.d1d2d3… × 10^scale, d1 and the last digit not 0. */
struct json_number {
    int sign;            /* -1, 0 or 1; -0 is 0 */
    int64_t scale;       /* 0 for 0 */
    struct slice digits; /* a '.' may stand among them; empty for 0 */
};

/* text: a number as RFC 8259 writes it. */
struct json_number json_number_of(struct slice text);

/* < 0, 0, > 0 */
int json_number_cmp(const struct json_number *a, const struct json_number *b);
