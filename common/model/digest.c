/*
 * digest.c - SHA-256 by libcrypto
 */
#include "digest.h"

#include <openssl/evp.h>

#include "../base/must.h"

static EVP_MD_CTX *context(void)
{
    static EVP_MD_CTX *kept;
    if (!kept) {
        EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
        kept = EVP_MD_CTX_new();
        must(sha256 && kept && EVP_DigestInit_ex2(kept, sha256, NULL) == 1);
        EVP_MD_free(sha256); /* the context holds it */
    }
    return kept;
}

void digest_sha256(struct slice data, uint8_t out[SHA256_LEN])
{
    EVP_MD_CTX *sha256 = context();
    must(EVP_DigestInit_ex2(sha256, NULL, NULL) == 1);
    must(EVP_DigestUpdate(sha256, data.len ? data.at : "", data.len) == 1);
    must(EVP_DigestFinal_ex(sha256, out, NULL) == 1);
}
