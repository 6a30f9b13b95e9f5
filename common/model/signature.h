/*
 * signature.h - Standard Webhooks 1.0.0 signatures, version v1: base64(HMAC-SHA256(secret, id "." timestamp "." body))
 *
 * Secrets are whsec_ + base64 of 24 to 64 bytes. The MAC's context is made once per process and
 * keyed for each message.
 * Source: standard-webhooks/spec, spec/standard-webhooks.md.
 */
#pragma once

#include <stdint.h>

#include "../base/bytes.h"

#define SIGNING_SECRET_MIN 24
#define SIGNING_SECRET_MAX 64
#define SIGNING_SECRET_TEXT_MAX 100 /* whsec_ + base64, terminated */
#define SIGNATURE_LEN 47            /* "v1," + 44 */

struct signing_secret {
    size_t len;
    uint8_t bytes[SIGNING_SECRET_MAX];
};

/* With or without whsec_; canonical base64, with or without padding. */
enum status signing_secret_parse(struct slice text, struct signing_secret *out) must_check;
void signing_secret_format(const struct signing_secret *secret, char out[SIGNING_SECRET_TEXT_MAX]);

/* timestamp_s is not negative. */
void signature_make(const struct signing_secret *secret, struct slice id, int64_t timestamp_s,
                    struct slice body, char out[SIGNATURE_LEN + 1]);

/* header: the whole webhook-signature list; other versions are skipped. STATUS_INVALID without an id or an integer
 * timestamp. STATUS_DENIED when none matches or |now - timestamp| > 300 s. */
enum status signature_verify(const struct signing_secret *secret, struct slice id,
                             struct slice timestamp, struct slice header, struct slice body,
                             int64_t now_s) must_check;
