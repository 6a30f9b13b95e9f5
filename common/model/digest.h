/*
 * digest.h - SHA-256
 *
 * One context is kept per process: fetching the algorithm costs more than hashing a short text. For one thread.
 */
#pragma once

#include <stdint.h>

#include "../base/bytes.h"

#define SHA256_LEN 32

void digest_sha256(struct slice data, uint8_t out[SHA256_LEN]);
