/*
 * signers.c - secrets opened once, and the list of signatures
 */
#include "signers.h"

#include <stdlib.h>
#include <openssl/crypto.h>

#include "base/log.h"
#include "base/must.h"
#include "model/secret_box.h"

struct old_signer {
    struct signer *signer;
    int64_t expires_at_ms;
};

struct signers {
    struct signer *current;
    size_t old_count;
    struct old_signer old[OLD_SECRETS_MAX];
};

static struct signer *open_signer(const uint8_t *secret_key, const struct endpoint *endpoint,
                                  struct slice sealed)
{
    struct buf context, text;
    struct signing_secret secret;
    struct signer *signer = NULL;
    buf_init(&context, 256);
    buf_init(&text, 1024);
    endpoint_secret_context(endpoint, &context);
    enum status status = secret_box_open(secret_key, buf_slice(&context), sealed, &text);
    if (status == STATUS_OK) {
        status = signing_secret_parse(buf_slice(&text), &secret);
    }
    if (status == STATUS_OK) {
        signer = signer_new(&secret);
    } else {
        log_event(LOG_ERROR, "endpoint.secret_unreadable", log_text("endpoint", endpoint->id),
                  log_text("status", status_name(status)));
    }
    OPENSSL_cleanse(&secret, sizeof secret);
    buf_fini(&text);
    buf_fini(&context);
    return signer;
}

struct signers *signers_new(const uint8_t *secret_key, const struct endpoint *endpoint)
{
    struct signer *current = open_signer(secret_key, endpoint, endpoint->sealed_secret);
    struct old_secrets old;
    if (!current) {
        return NULL;
    }
    struct signers *signers = xcalloc(1, sizeof *signers);
    signers->current = current;
    must(old_secrets_read(endpoint->old_secrets, &old) == STATUS_OK); /* as a record has it */
    for (size_t i = 0; i < old.count; i++) {
        struct signer *signer = open_signer(secret_key, endpoint, old.at[i].sealed);
        if (signer) {
            signers->old[signers->old_count++] =
                (struct old_signer){signer, old.at[i].expires_at_ms};
        }
    }
    return signers;
}

void signers_free(struct signers **signers_at)
{
    struct signers *signers = *signers_at;
    *signers_at = NULL;
    if (!signers) {
        return;
    }
    signer_free(&signers->current);
    for (size_t i = 0; i < signers->old_count; i++) {
        signer_free(&signers->old[i].signer);
    }
    free(signers);
}

void signers_sign(struct signers *signers, struct slice id, int64_t now_at_ms, struct slice body,
                  char out[SIGNATURES_SIZE])
{
    const int64_t now_s = now_at_ms / 1000;
    signer_sign(signers->current, id, now_s, body, out);
    char *end = out + SIGNATURE_LEN;
    for (size_t i = 0; i < signers->old_count; i++) {
        if (signers->old[i].expires_at_ms > now_at_ms) {
            *end = ' ';
            signer_sign(signers->old[i].signer, id, now_s, body, end + 1);
            end += 1 + SIGNATURE_LEN;
        }
    }
}
