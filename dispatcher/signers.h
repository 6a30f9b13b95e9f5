/*
 * signers.h - what signs the webhooks of an endpoint: its secret, and each older one until its time comes
 */
#pragma once

#include "model/endpoint.h"
#include "model/old_secrets.h"

/* All signatures, a space between. */
#define SIGNATURES_SIZE ((1 + OLD_SECRETS_MAX) * (SIGNATURE_LEN + 1))

struct signers;

/* NULL when the secret does not open with the key (32 bytes); older ones that do not are left out. A line in the log tells of it. */
struct signers *signers_new(const uint8_t *secret_key, const struct endpoint *endpoint);
void signers_free(struct signers **signers);

/* The current secret's signature first, then those of the others whose time has not come. */
void signers_sign(const struct signers *signers, struct slice id, int64_t now_at_ms,
                  struct slice body, char out[SIGNATURES_SIZE]);
