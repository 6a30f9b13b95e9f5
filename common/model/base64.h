/*
 * base64.h - RFC 4648 section 4, standard alphabet
 */
#pragma once

#include <stdint.h>

#include "../base/bytes.h"

#define BASE64_SIZE(n) (((n) + 2) / 3 * 4) /* characters for n bytes */

/* Padded; out gets BASE64_SIZE(len) characters, no terminator. */
void base64_encode(const uint8_t *at, size_t len, char *out);

/* Padded, nothing else in it, and the unused bits are zero. */
bool base64_is_valid(struct slice text);

/* Padded or not; no whitespace; the unused bits must be zero. out has room for out_max bytes. */
enum status base64_decode(struct slice text, uint8_t *out, size_t out_max,
                          size_t *out_len) must_check;
