/*
 * http_chunked.h - the chunked transfer coding of RFC 9112 section 7.1, decoded as it arrives
 *
 * Sizes of 1 to 8 hex digits; extensions of at most 256 bytes and trailers of at most 4 KiB are checked and dropped.
 * Pure: state, bytes in, bytes out.
 */
#pragma once

#include "http_head.h"

/* Zero-initialize for each body, but for max. */
struct http_chunked {
    size_t max; /* bytes of the whole body */
    enum {
        CHUNK_SIZE,
        CHUNK_EXTENSION,
        CHUNK_SIZE_LF,
        CHUNK_DATA,
        CHUNK_DATA_CR,
        CHUNK_DATA_LF,
        CHUNK_TRAILER, /* first byte of a trailer line or of the end */
        CHUNK_TRAILER_NAME,
        CHUNK_TRAILER_VALUE,
        CHUNK_TRAILER_LF,
        CHUNK_END_LF,
    } state;
    uint32_t size;   /* of the chunk; in CHUNK_DATA what is left of it */
    size_t digits;   /* of the size */
    size_t overhead; /* bytes of this extension, or of all trailers */
};

/* Takes from *input what belongs to the body, appends data to out, which must have room for max bytes. */
enum http_progress http_chunked_decode(struct http_chunked *chunked, struct slice *input,
                                       struct buf *out, struct http_refusal *out_refusal);
