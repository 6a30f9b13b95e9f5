#include "cursor.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "../base/must.h"

#define MAC_LEN 12
#define HMAC_LEN 32

static void make_mac(const uint8_t key[CURSOR_KEY_LEN], struct slice context, struct slice position,
                     uint8_t out[HMAC_LEN])
{
    struct buf text;
    size_t len = 0;
    buf_init(&text, context.len + position.len + 1);
    buf_add_slice(&text, context);
    buf_add_char(&text, '\0');
    buf_add_slice(&text, position);
    must(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, CURSOR_KEY_LEN,
                   (const uint8_t *)text.at, text.len, out, HMAC_LEN, &len) != NULL);
    must(len == HMAC_LEN);
    buf_fini(&text);
}

void cursor_seal(const uint8_t key[CURSOR_KEY_LEN], struct slice context, struct slice position,
                 struct buf *out)
{
    uint8_t bytes[HMAC_LEN + CURSOR_POSITION_MAX];
    char hex[CURSOR_MAX];
    must(position.len > 0 && position.len <= CURSOR_POSITION_MAX);
    make_mac(key, context, position, bytes);
    memcpy(bytes + MAC_LEN, position.at, position.len);
    hex_encode(bytes, MAC_LEN + position.len, hex);
    buf_add_slice(out, (struct slice){hex, 2 * (MAC_LEN + position.len)});
}

enum status cursor_open(const uint8_t key[CURSOR_KEY_LEN], struct slice context, struct slice text,
                        struct buf *out)
{
    uint8_t bytes[MAC_LEN + CURSOR_POSITION_MAX], mac[HMAC_LEN];
    size_t len = text.len / 2;
    if (len <= MAC_LEN || len > sizeof bytes || hex_decode(text, bytes, len) != STATUS_OK)
        return STATUS_INVALID;
    const struct slice position = {(const char *)bytes + MAC_LEN, len - MAC_LEN};
    make_mac(key, context, position, mac);
    if (CRYPTO_memcmp(mac, bytes, MAC_LEN) != 0)
        return STATUS_INVALID;
    buf_add_slice(out, position);
    return STATUS_OK;
}
