/*
 * rotation_request.h - the request that replaces the secret of an endpoint: {"secret"?,"grace"?}
 */
#pragma once

#include <stdint.h>

#include "problem.h"
#include "signature.h"

#define ROTATION_GRACE_MS (24LL * 3600 * 1000)
#define ROTATION_GRACE_MAX_MS (7 * ROTATION_GRACE_MS)

/* No body at all is the same as {}. out_secret->len 0: none was given. grace: how long the one that is replaced still signs. */
enum status rotation_parse_request(struct slice body, struct signing_secret *out_secret,
                                   int64_t *out_grace_ms, struct problem *problem) must_check;
