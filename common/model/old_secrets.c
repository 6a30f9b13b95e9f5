#include "old_secrets.h"

#include <string.h>

#include "../base/must.h"

enum status old_secrets_read(struct slice text, struct old_secrets *out)
{
    struct old_secrets secrets = {.count = 0};
    while (text.len > 0) {
        struct slice ms = slice_cut(&text, ' '), sealed = slice_cut(&text, ' ');
        uint64_t expires_at_ms;
        if (secrets.count == OLD_SECRETS_MAX || !slice_starts(sealed, "v1:") ||
            slice_to_u64(ms, INT64_MAX, &expires_at_ms) != STATUS_OK)
            return STATUS_INVALID;
        secrets.at[secrets.count++] = (struct old_secret){(int64_t)expires_at_ms, sealed};
    }
    *out = secrets;
    return STATUS_OK;
}

void old_secrets_expire(struct old_secrets *secrets, int64_t now_at_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < secrets->count; i++)
        if (secrets->at[i].expires_at_ms > now_at_ms)
            secrets->at[kept++] = secrets->at[i];
    secrets->count = kept;
}

void old_secrets_add(struct old_secrets *secrets, struct slice sealed, int64_t expires_at_ms)
{
    must(secrets->count < OLD_SECRETS_MAX);
    memmove(&secrets->at[1], &secrets->at[0], secrets->count * sizeof secrets->at[0]);
    secrets->at[0] = (struct old_secret){expires_at_ms, sealed};
    secrets->count++;
}

void old_secrets_write(const struct old_secrets *secrets, struct buf *out)
{
    for (size_t i = 0; i < secrets->count; i++) {
        if (i > 0)
            buf_add_char(out, ' ');
        buf_add_i64(out, secrets->at[i].expires_at_ms);
        buf_add_char(out, ' ');
        buf_add_slice(out, secrets->at[i].sealed);
    }
}
