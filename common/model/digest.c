/*
 * digest.c - SHA-256 by libcrypto
 */
#include "digest.h"

#include <openssl/evp.h>

#include "../base/must.h"

void digest_sha256(struct slice data, uint8_t out[SHA256_LEN])
{
    static EVP_MD *sha256;
    if (!sha256)
        sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    must(sha256);
    must(EVP_Digest(data.len ? data.at : "", data.len, out, NULL, sha256, NULL) == 1);
}
