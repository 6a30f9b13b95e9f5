/*
 * api_key.c - making and checking API keys, and what their scopes allow
 */
#include "api_key.h"

#include <openssl/crypto.h>
#include <string.h>

#include "digest.h"

#define PREFIX_LEN (sizeof API_KEY_PREFIX - 1)
#define BODY_LEN 30
#define CHECK_LEN 6
#define UNBIASED 248 /* the largest multiple of 62 in a byte */

static const char BASE62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static const char *const SCOPES[] = {
    "*",
    "events:write",
    "events:read",
    "inbox:consume",
    "endpoints:read",
    "endpoints:write",
    "endpoints:secrets",
    "deliveries:read",
    "deliveries:write",
    "dlq:read",
    "dlq:write",
    "keys:write",
    "audit:read",
};

/* What four bits do to a CRC whose polynomial is 0xedb88320. */
static const uint32_t CRC32_OF_NIBBLE[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

/* The reflected CRC-32 of IEEE 802.3, as in zlib. */
static uint32_t crc32_of(const char *at, size_t len)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= (uint8_t)at[i];
        crc = crc >> 4 ^ CRC32_OF_NIBBLE[crc & 15];
        crc = crc >> 4 ^ CRC32_OF_NIBBLE[crc & 15];
    }
    return ~crc;
}

static void put_checksum(const char *body, char out[CHECK_LEN])
{
    uint32_t crc = crc32_of(body, BODY_LEN);
    for (size_t i = CHECK_LEN; i-- > 0; crc /= 62)
        out[i] = BASE62[crc % 62];
}

bool api_key_make(const uint8_t *random, size_t random_len, char out[API_KEY_LEN + 1])
{
    char body[BODY_LEN];
    size_t len = 0;
    for (size_t i = 0; i < random_len && len < BODY_LEN; i++) {
        if (random[i] < UNBIASED)
            body[len++] = BASE62[random[i] % 62];
    }
    bool enough = len == BODY_LEN;
    if (enough) {
        memcpy(out, API_KEY_PREFIX, PREFIX_LEN);
        memcpy(out + PREFIX_LEN, body, BODY_LEN);
        put_checksum(body, out + PREFIX_LEN + BODY_LEN);
        out[API_KEY_LEN] = '\0';
    }
    OPENSSL_cleanse(body, sizeof body);
    return enough;
}

static bool is_base62(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool api_key_is_wellformed(struct slice key)
{
    if (key.len != API_KEY_LEN || !slice_starts(key, API_KEY_PREFIX))
        return false;
    const char *body = key.at + PREFIX_LEN;
    for (size_t i = 0; i < BODY_LEN; i++) {
        if (!is_base62(body[i]))
            return false;
    }
    char checksum[CHECK_LEN];
    put_checksum(body, checksum);
    return memcmp(checksum, body + BODY_LEN, CHECK_LEN) == 0;
}

void api_key_hash(struct slice key, char out[API_KEY_HASH_LEN + 1])
{
    uint8_t hash[SHA256_LEN];
    digest_sha256(key, hash);
    hex_encode(hash, sizeof hash, out);
    out[API_KEY_HASH_LEN] = '\0';
}

bool secret_equal(struct slice a, struct slice b)
{
    return a.len > 0 && a.len == b.len && CRYPTO_memcmp(a.at, b.at, a.len) == 0;
}

bool scope_is_known(struct slice scope)
{
    for (size_t i = 0; i < sizeof SCOPES / sizeof SCOPES[0]; i++) {
        if (slice_is(scope, SCOPES[i]))
            return true;
    }
    return false;
}

static bool allows(struct slice list, struct slice scope)
{
    while (list.len > 0) {
        struct slice word = slice_cut(&list, ' ');
        if (slice_is(word, "*") || slice_eq(word, scope))
            return true;
    }
    return false;
}

bool scopes_allow(struct slice list, const char *scope)
{
    return allows(list, slice_of(scope));
}

bool scopes_cover(struct slice list, struct slice others)
{
    while (others.len > 0)
        if (!allows(list, slice_cut(&others, ' ')))
            return false;
    return true;
}
