/*
 * bytes.h - borrowed bytes (slice) and owned, bounded bytes (buf)
 *
 * A slice never owns. A buf owns its bytes and has a maximum from its start; it never grows past it.
 * Running out of memory ends the process: every buf is bounded, and durable work is in Redis.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "status.h"

struct slice {
    const char *at; /* may be NULL when len is 0; not terminated */
    size_t len;
};

#define SLICE(literal) ((struct slice){.at = (literal), .len = sizeof(literal) - 1})

/* Of a terminated string; NULL gives the empty slice. */
static inline struct slice slice_of(const char *text)
{
    return (struct slice){.at = text, .len = text == NULL ? 0 : strlen(text)};
}

bool slice_is(struct slice slice, const char *text);
bool slice_eq(struct slice a, struct slice b);
bool slice_eq_nocase(struct slice a, struct slice b); /* ASCII */
bool slice_starts(struct slice slice, const char *prefix);
int slice_cmp(struct slice a, struct slice b); /* bytewise, as memcmp, the shorter first */
struct slice slice_from(struct slice slice,
                        size_t offset);      /* the rest; empty when offset is past the end */
struct slice slice_trim(struct slice slice); /* without spaces and tabs at both ends */

/* Cuts *rest at the first sep: returns what stands before it, leaves what follows. All of it when there is none. */
struct slice slice_cut(struct slice *rest, char sep);

/* Decimal digits only, no sign, no spaces, no empty text. STATUS_INVALID also when it does not fit or is over max. */
enum status slice_to_u64(struct slice slice, uint64_t max, uint64_t *out) must_check;

/* Copies into out (size bytes, terminated). STATUS_LIMIT when it does not fit. */
enum status slice_to_text(struct slice slice, char *out, size_t size) must_check;

struct buf {
    char *at;
    size_t len;
    size_t room; /* allocated */
    size_t max;
    bool overflow; /* an append did not fit; stays set until buf_clear */
};

void buf_init(struct buf *buf, size_t max); /* allocates nothing yet; max > 0 */
void buf_fini(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the room */

/* Room for len more bytes at the end, or NULL and overflow; then buf_grew(len used). */
char *buf_reserve(struct buf *buf, size_t len);
void buf_grew(struct buf *buf, size_t len);

/* Appends all or, past max, nothing and sets overflow; so a chain of appends is checked once at its end. */
static inline void buf_add(struct buf *buf, const void *at, size_t len)
{
    if (len == 0) {
        return;
    }
    char *end = len <= buf->room - buf->len ? buf->at + buf->len : buf_reserve(buf, len);
    if (end != NULL) {
        memcpy(end, at, len);
        buf->len += len;
    }
}

static inline void buf_add_slice(struct buf *buf, struct slice slice)
{
    buf_add(buf, slice.at, slice.len);
}

static inline void buf_add_text(struct buf *buf, const char *text)
{
    buf_add_slice(buf, slice_of(text));
}

static inline void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_add_u64(struct buf *buf, uint64_t value);
void buf_add_i64(struct buf *buf, int64_t value);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

void buf_drop_front(struct buf *buf, size_t len);
struct slice buf_slice(const struct buf *buf);

/* Never NULL. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *at, size_t size);
char *xstrdup(const char *text);
char *xslicedup(struct slice slice); /* terminated copy */

/* The decimal digits of a value: out gets as many as are returned, at most DECIMAL_MAX, and no terminator. */
#define DECIMAL_MAX 20
size_t decimal_encode(uint64_t value, char *out);

/* Lower-case hex of len bytes: out gets 2*len characters and no terminator. */
void hex_encode(const uint8_t *at, size_t len, char *out);

/* The reverse: text must be 2*len lower-case hex digits. */
enum status hex_decode(struct slice text, uint8_t *out, size_t len) must_check;
