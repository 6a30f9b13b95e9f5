/*
 * bytes_buf.c - owned, bounded bytes, see bytes.h
 *
 * One byte more than room is allocated, so that vsnprintf has a place for its terminator in a full buf.
 */
#include "bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "must.h"

enum { FIRST_ROOM = 256 };

void buf_init(struct buf *buf, size_t max)
{
    must(max > 0 && max < SIZE_MAX);
    *buf = (struct buf){.max = max};
}

void buf_fini(struct buf *buf)
{
    free(buf->at);
    *buf = (struct buf){.max = buf->max};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->overflow = false;
}

char *buf_reserve(struct buf *buf, size_t len)
{
    if (len > buf->max - buf->len) {
        buf->overflow = true;
        return NULL;
    }
    if (buf->at == NULL || len > buf->room - buf->len) {
        size_t room = buf->room > buf->max / 2 ? buf->max : buf->room * 2;
        room = room < FIRST_ROOM ? FIRST_ROOM : room;
        room = room < buf->len + len ? buf->len + len : room;
        room = room > buf->max ? buf->max : room;
        buf->at = xrealloc(buf->at, room + 1);
        buf->room = room;
    }
    return buf->at + buf->len;
}

void buf_grew(struct buf *buf, size_t len)
{
    must(len <= buf->room - buf->len);
    buf->len += len;
}

static void add_number(struct buf *buf, bool negative, uint64_t value)
{
    char text[1 + DECIMAL_MAX] = "-";
    size_t sign = negative ? 1 : 0;
    buf_add(buf, text, sign + decimal_encode(value, text + sign));
}

void buf_add_u64(struct buf *buf, uint64_t value)
{
    add_number(buf, false, value);
}

void buf_add_i64(struct buf *buf, int64_t value)
{
    add_number(buf, value < 0, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t left = buf->at == NULL ? 0 : buf->room - buf->len + 1;
    int len = vsnprintf(left == 0 ? NULL : buf->at + buf->len, left, format, args);
    va_end(args);
    must(len >= 0);
    if ((size_t)len >= left) {
        char *end = buf_reserve(buf, (size_t)len);
        if (end == NULL) {
            return;
        }
        va_start(args, format);
        vsnprintf(end, (size_t)len + 1, format, args);
        va_end(args);
    }
    buf->len += (size_t)len;
}

void buf_drop_front(struct buf *buf, size_t len)
{
    must(len <= buf->len);
    buf->len -= len;
    if (len > 0 && buf->len > 0) {
        memmove(buf->at, buf->at + len, buf->len);
    }
}

struct slice buf_slice(const struct buf *buf)
{
    return (struct slice){.at = buf->at, .len = buf->len};
}
