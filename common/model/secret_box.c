/*
 * secret_box.c - secrets at rest, by AES-256-GCM of libcrypto
 *
 * Raw form: nonce, ciphertext, tag. Everything is bounded, so it is worked on in place on the stack and wiped.
 */
#include "secret_box.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "../base/must.h"
#include "base64.h"

#define FORM "v1:"
#define FORM_LEN 3
#define NONCE_LEN 12
#define TAG_LEN 16
#define RAW_MAX (NONCE_LEN + SECRET_BOX_PLAIN_MAX + TAG_LEN)

enum status secret_box_parse_key(struct slice base64, uint8_t out[SECRET_BOX_KEY_LEN])
{
    uint8_t key[SECRET_BOX_KEY_LEN];
    size_t len = 0;
    enum status status = base64_decode(base64, key, sizeof key, &len);
    if (status == STATUS_OK && len == sizeof key)
        memcpy(out, key, sizeof key);
    else
        status = STATUS_INVALID;
    OPENSSL_cleanse(key, sizeof key);
    return status;
}

/* A context set to seal or to open, with everything but the secret itself taken in. */
static EVP_CIPHER_CTX *gcm_new(bool seal, const uint8_t *key, const uint8_t *nonce,
                               struct slice context)
{
    static EVP_CIPHER *aes;
    if (!aes)
        aes = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    must(aes && context.len <= SECRET_BOX_CONTEXT_MAX);
    EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
    must(gcm);
    must(EVP_CipherInit_ex2(gcm, aes, key, nonce, seal, NULL) == 1);
    int len = 0;
    if (context.len > 0)
        must(EVP_CipherUpdate(gcm, NULL, &len, (const unsigned char *)context.at,
                              (int)context.len) == 1);
    return gcm;
}

void secret_box_seal(const uint8_t key[SECRET_BOX_KEY_LEN], const uint8_t nonce[12],
                     struct slice context, struct slice plain, struct buf *out)
{
    must(plain.len <= SECRET_BOX_PLAIN_MAX);
    uint8_t raw[RAW_MAX];
    int len = 0;
    memcpy(raw, nonce, NONCE_LEN);
    EVP_CIPHER_CTX *gcm = gcm_new(true, key, nonce, context);
    if (plain.len > 0)
        must(EVP_CipherUpdate(gcm, raw + NONCE_LEN, &len, (const unsigned char *)plain.at,
                              (int)plain.len) == 1);
    uint8_t *tag = raw + NONCE_LEN + plain.len;
    must(EVP_CipherFinal_ex(gcm, tag, &len) == 1 && len == 0);
    must(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag) == 1);
    EVP_CIPHER_CTX_free(gcm);

    size_t raw_len = NONCE_LEN + plain.len + TAG_LEN;
    char *at = buf_reserve(out, FORM_LEN + BASE64_SIZE(raw_len));
    if (!at)
        return;
    memcpy(at, FORM, FORM_LEN);
    base64_encode(raw, raw_len, at + FORM_LEN);
    buf_grew(out, FORM_LEN + BASE64_SIZE(raw_len));
}

/* Takes raw apart; plain gets len bytes. */
static bool decrypt(const uint8_t *key, struct slice context, const uint8_t *raw, size_t len,
                    uint8_t *plain)
{
    uint8_t tag[TAG_LEN];
    int done = 0;
    memcpy(tag, raw + NONCE_LEN + len, TAG_LEN);
    EVP_CIPHER_CTX *gcm = gcm_new(false, key, raw, context);
    if (len > 0)
        must(EVP_CipherUpdate(gcm, plain, &done, raw + NONCE_LEN, (int)len) == 1);
    must(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) == 1);
    bool genuine = EVP_CipherFinal_ex(gcm, plain + len, &done) == 1;
    EVP_CIPHER_CTX_free(gcm);
    return genuine;
}

enum status secret_box_open(const uint8_t key[SECRET_BOX_KEY_LEN], struct slice context,
                            struct slice sealed, struct buf *out)
{
    uint8_t raw[RAW_MAX];
    size_t raw_len = 0;
    if (!slice_starts(sealed, FORM) ||
        base64_decode(slice_from(sealed, FORM_LEN), raw, sizeof raw, &raw_len) != STATUS_OK ||
        raw_len < NONCE_LEN + TAG_LEN)
        return STATUS_INVALID;
    size_t len = raw_len - NONCE_LEN - TAG_LEN;
    uint8_t plain[SECRET_BOX_PLAIN_MAX + TAG_LEN];
    enum status status = STATUS_DENIED;
    if (decrypt(key, context, raw, len, plain)) {
        buf_add(out, plain, len);
        status = out->overflow ? STATUS_LIMIT : STATUS_OK;
    }
    OPENSSL_cleanse(plain, sizeof plain);
    return status;
}
