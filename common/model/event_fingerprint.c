/*
 * event_fingerprint.c - what a repeat of an event must share with the first
 */
#include "hook_event.h"

#include <string.h>

#include "../base/must.h"
#include "digest.h"

/* Everything but data, in full; data by its digest, and so a CloudEvent's id and bytes. Stored fingerprints depend on this layout. */
struct preimage {
    size_t len;
    char at[5 * 8 + EVENT_TYPE_MAX + EVENT_KEY_MAX + 3 * SHA256_LEN];
};

static void add_bytes(struct preimage *preimage, const void *at, size_t len)
{
    must(len <= sizeof preimage->at - preimage->len);
    if (len > 0)
        memcpy(preimage->at + preimage->len, at, len);
    preimage->len += len;
}

/* Big-endian, so that the fingerprint is the same on every machine. */
static void add_number(struct preimage *preimage, int64_t number)
{
    uint8_t bytes[8];

    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
    add_bytes(preimage, bytes, sizeof bytes);
}

static void add_digest(struct preimage *preimage, struct slice slice)
{
    uint8_t digest[SHA256_LEN];

    digest_sha256(slice, digest);
    add_bytes(preimage, digest, sizeof digest);
}

/* With its length before it, so that two events whose texts only differ in where they part stay apart. */
static void add_slice(struct preimage *preimage, struct slice slice)
{
    add_number(preimage, (int64_t)slice.len);
    add_bytes(preimage, slice.at, slice.len);
}

void event_fingerprint(const struct hook_event *event, char out[EVENT_FINGERPRINT_LEN])
{
    const bool has_delay = event->delay_ms >= 0;
    struct preimage preimage = {0};
    uint8_t digest[SHA256_LEN];

    add_slice(&preimage, event->type);
    add_slice(&preimage, event->key);
    add_digest(&preimage, event->data);
    add_number(&preimage, event->ce.len > 0 ? -1 : event->occurred_at_ms);
    add_number(&preimage, event->delay_ms);
    add_number(&preimage, has_delay ? -1 : event->deliver_at_ms);
    if (event->ce.len > 0)
        add_digest(&preimage, event->ce_id);
    if (event->ce_bytes.at != NULL)
        add_digest(&preimage, event->ce_bytes);
    digest_sha256((struct slice){preimage.at, preimage.len}, digest);
    hex_encode(digest, EVENT_FINGERPRINT_LEN / 2, out);
}
