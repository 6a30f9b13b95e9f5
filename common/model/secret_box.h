/*
 * secret_box.h - secrets at rest: AES-256-GCM, 96-bit random nonce, 128-bit tag
 *
 * Text form: "v1:" + base64(nonce ‖ ciphertext ‖ tag). The context (organization|object|field) is authenticated with it, so that a
 * ciphertext moved elsewhere does not open.
 */
#pragma once

#include <stdint.h>

#include "../base/bytes.h"

#define SECRET_BOX_KEY_LEN 32
#define SECRET_BOX_PLAIN_MAX 4096
#define SECRET_BOX_CONTEXT_MAX 1024

/* 32 bytes in base64. */
enum status secret_box_parse_key(struct slice base64, uint8_t out[SECRET_BOX_KEY_LEN]) must_check;

/* Appends the text. plain and context are within their maximum. */
void secret_box_seal(const uint8_t key[SECRET_BOX_KEY_LEN], const uint8_t nonce[12],
                     struct slice context, struct slice plain, struct buf *out);

/* Appends the plain bytes. STATUS_INVALID: not this form. STATUS_DENIED: another key, another context, or altered.
 * STATUS_LIMIT: no room in out. */
enum status secret_box_open(const uint8_t key[SECRET_BOX_KEY_LEN], struct slice context,
                            struct slice sealed, struct buf *out) must_check;
