/*
 * old_secrets.h - secrets of an endpoint that were replaced and still sign until their time comes
 *
 * Text in the record: "<ms> <sealed> <ms> <sealed>", newest first; "" for none. sealed is a secret_box text, ms when it ends.
 */
#pragma once

#include <stdint.h>

#include "../base/bytes.h"

#define OLD_SECRETS_MAX 10

struct old_secret {
    int64_t expires_at_ms;
    struct slice sealed; /* borrowed from the text */
};

struct old_secrets {
    size_t count;
    struct old_secret at[OLD_SECRETS_MAX];
};

/* STATUS_INVALID when it is not what we write. */
enum status old_secrets_read(struct slice text, struct old_secrets *out) must_check;

/* Without those whose time has come. */
void old_secrets_expire(struct old_secrets *secrets, int64_t now_at_ms);

/* As the newest; there is room for it. */
void old_secrets_add(struct old_secrets *secrets, struct slice sealed, int64_t expires_at_ms);
void old_secrets_write(const struct old_secrets *secrets, struct buf *out);
