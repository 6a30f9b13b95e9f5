#include "endpoint_secret.h"

#include <openssl/crypto.h>

#include "base/log.h"
#include "base/random.h"
#include "model/secret_box.h"
#include "../state.h"

#define SECRET_BYTES                                                                               \
    24 /* a multiple of three: no padding in its text, which some receivers' libraries trip over */
#define CONTEXT_MAX 256

void endpoint_secret_make(struct signing_secret *out)
{
    out->len = SECRET_BYTES;
    random_bytes(out->bytes, SECRET_BYTES);
}

void endpoint_secret_seal(const struct call *call, const struct endpoint *endpoint,
                          const struct signing_secret *secret, struct buf *out)
{
    char plain[SIGNING_SECRET_TEXT_MAX];
    uint8_t nonce[12];
    struct buf context;
    buf_init(&context, CONTEXT_MAX);
    endpoint_secret_context(endpoint, &context);
    random_bytes(nonce, sizeof nonce);
    signing_secret_format(secret, plain);
    secret_box_seal(service_secret_key(call->ingest->service), nonce, buf_slice(&context),
                    slice_of(plain), out);
    OPENSSL_cleanse(plain, sizeof plain);
    buf_fini(&context);
}

enum status endpoint_secret_open(const struct call *call, const struct endpoint *endpoint,
                                 struct signing_secret *out)
{
    struct buf context, plain;
    buf_init(&context, CONTEXT_MAX);
    buf_init(&plain, SIGNING_SECRET_TEXT_MAX);
    endpoint_secret_context(endpoint, &context);
    enum status status = secret_box_open(service_secret_key(call->ingest->service),
                                         buf_slice(&context), endpoint->sealed_secret, &plain);
    if (status == STATUS_OK)
        status = signing_secret_parse(buf_slice(&plain), out);
    if (status != STATUS_OK)
        log_event(LOG_ERROR, "endpoint.secret_unreadable", log_text("endpoint", endpoint->id),
                  log_text("status", status_name(status)));
    buf_fini(&context);
    buf_fini(&plain);
    return status;
}
