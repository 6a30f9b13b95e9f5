/*
 * digest.h - SHA-256
 *
 * The algorithm is fetched once per process: fetching it costs more than hashing a short text.
 */
#pragma once

#include <stdint.h>

#include "../base/bytes.h"

#define SHA256_LEN 32

void digest_sha256(struct slice data, uint8_t out[SHA256_LEN]);
