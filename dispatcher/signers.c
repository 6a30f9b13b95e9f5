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
    struct signing_secret secret;
    int64_t expires_at_ms;
};

struct signers {
    struct signing_secret current;
    size_t old_count;
    struct old_signer old[];
};

static size_t size_for(size_t old_count)
{
    return sizeof(struct signers) + old_count * sizeof(struct old_signer);
}

static bool open_secret(const uint8_t *secret_key, const struct endpoint *endpoint,
                        struct slice sealed, struct signing_secret *out)
{
    struct buf context, text;
    buf_init(&context, 256);
    buf_init(&text, 1024);
    endpoint_secret_context(endpoint, &context);
    enum status status = secret_box_open(secret_key, buf_slice(&context), sealed, &text);
    if (status == STATUS_OK) {
        status = signing_secret_parse(buf_slice(&text), out);
    }
    if (status != STATUS_OK) {
        log_event(LOG_ERROR, "endpoint.secret_unreadable", log_text("endpoint", endpoint->id),
                  log_text("status", status_name(status)));
    }
    buf_fini(&text);
    buf_fini(&context);
    return status == STATUS_OK;
}

struct signers *signers_new(const uint8_t *secret_key, const struct endpoint *endpoint)
{
    struct old_secrets old;
    must(old_secrets_read(endpoint->old_secrets, &old) == STATUS_OK); /* as a record has it */
    struct signers *signers = xcalloc(1, size_for(old.count));
    if (!open_secret(secret_key, endpoint, endpoint->sealed_secret, &signers->current)) {
        signers_free(&signers);
        return NULL;
    }
    for (size_t i = 0; i < old.count; i++) {
        struct old_signer *signer = &signers->old[signers->old_count];
        if (open_secret(secret_key, endpoint, old.at[i].sealed, &signer->secret)) {
            signer->expires_at_ms = old.at[i].expires_at_ms;
            signers->old_count++;
        }
    }
    return signers;
}

void signers_free(struct signers **signers_at)
{
    struct signers *signers = *signers_at;
    *signers_at = NULL;
    if (signers) {
        OPENSSL_cleanse(signers, size_for(signers->old_count));
        free(signers);
    }
}

void signers_sign(const struct signers *signers, struct slice id, int64_t now_at_ms,
                  struct slice body, char out[SIGNATURES_SIZE])
{
    const int64_t now_s = now_at_ms / 1000;
    signature_make(&signers->current, id, now_s, body, out);
    char *end = out + SIGNATURE_LEN;
    for (size_t i = 0; i < signers->old_count; i++) {
        if (signers->old[i].expires_at_ms > now_at_ms) {
            *end = ' ';
            signature_make(&signers->old[i].secret, id, now_s, body, end + 1);
            end += 1 + SIGNATURE_LEN;
        }
    }
}
