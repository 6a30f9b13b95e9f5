/*
 * api_key.h - API keys: mr_live_ + 30 base62 characters + 6 of base62 CRC-32 of them
 *
 * The alphabet is 0-9A-Za-z; the checksum is left-padded with '0', the format of GitHub's tokens. Redis keeps only the SHA-256.
 */
#pragma once

#include <stdint.h>

#include "../base/bytes.h"

#define API_KEY_PREFIX "mr_live_"
#define API_KEY_LEN 44
#define API_KEY_HASH_LEN 64

/* random: 30 or more bytes of the kernel's randomness, each below 248 counts (bias-free); false when too few were usable. */
bool api_key_make(const uint8_t *random, size_t random_len, char out[API_KEY_LEN + 1]);

/* Shape and checksum, before any lookup. */
bool api_key_is_wellformed(struct slice key);

/* SHA-256 in lower-case hex, terminated. Also for the admin token. */
void api_key_hash(struct slice key, char out[API_KEY_HASH_LEN + 1]);

/* Of texts whose length is no secret; constant time in their bytes. An empty secret equals nothing. */
bool secret_equal(struct slice a, struct slice b);

/* The scopes there are, "*" included; a list is words separated by one space. */
#define SCOPES_TEXT_MAX 512
bool scope_is_known(struct slice scope);
bool scopes_allow(struct slice list, const char *scope);   /* "*" allows all */
bool scopes_cover(struct slice list, struct slice others); /* allow each of them */
