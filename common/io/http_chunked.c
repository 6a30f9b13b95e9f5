/*
 * http_chunked.c - the chunked transfer coding
 */
#include "http_chunked.h"

#include "http_fields.h"

enum {
    SIZE_DIGITS_MAX = 8,
    EXTENSION_MAX = 256,
    TRAILERS_MAX = 4096,
};

static enum http_progress refuse(struct http_refusal *out, int status, const char *reason)
{
    *out = (struct http_refusal){.status = status, .reason = reason};
    return HTTP_REFUSED;
}

static bool is_value_text(char at)
{
    unsigned char c = (unsigned char)at;

    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum http_progress on_size(struct http_chunked *chunked, char c, struct http_refusal *out)
{
    int digit = hex_digit(c);

    if (digit >= 0 && chunked->digits < SIZE_DIGITS_MAX) {
        chunked->size = chunked->size << 4 | (uint32_t)digit;
        chunked->digits++;
        return HTTP_MORE;
    }
    if (chunked->digits > 0 && (c == '\r' || c == ';')) {
        chunked->overhead = c == ';';
        chunked->state = c == ';' ? CHUNK_EXTENSION : CHUNK_SIZE_LF;
        return HTTP_MORE;
    }
    return refuse(out, 400, "malformed chunk size");
}

static enum http_progress on_size_end(struct http_chunked *chunked, const struct buf *body,
                                      struct http_refusal *out)
{
    if (chunked->size > chunked->max - body->len)
        return refuse(out, 413, "body too large");
    chunked->state = chunked->size > 0 ? CHUNK_DATA : CHUNK_TRAILER;
    chunked->digits = 0;
    chunked->overhead = 0;
    return HTTP_MORE;
}

static enum http_progress on_trailer(struct http_chunked *chunked, char c, struct http_refusal *out)
{
    bool is_name = http_is_token((struct slice){.at = &c, .len = 1});

    if (chunked->state == CHUNK_TRAILER && c == '\r') {
        chunked->state = CHUNK_END_LF;
        return HTTP_MORE;
    }
    if (++chunked->overhead > TRAILERS_MAX)
        return refuse(out, 431, "trailers too large");
    if (chunked->state == CHUNK_TRAILER_VALUE && (is_value_text(c) || c == '\r')) {
        chunked->state = c == '\r' ? CHUNK_TRAILER_LF : CHUNK_TRAILER_VALUE;
        return HTTP_MORE;
    }
    if (chunked->state == CHUNK_TRAILER_NAME && c == ':') {
        chunked->state = CHUNK_TRAILER_VALUE;
        return HTTP_MORE;
    }
    if (chunked->state == CHUNK_TRAILER_VALUE || !is_name)
        return refuse(out, 400, "malformed trailer");
    chunked->state = CHUNK_TRAILER_NAME;
    return HTTP_MORE;
}

static enum http_progress on_line_end(struct http_chunked *chunked, char c, const struct buf *body,
                                      struct http_refusal *out)
{
    bool is_cr_due = chunked->state == CHUNK_DATA_CR;

    if (c != (is_cr_due ? '\r' : '\n'))
        return refuse(out, 400, "malformed line end in a chunked body");
    if (chunked->state == CHUNK_SIZE_LF)
        return on_size_end(chunked, body, out);
    if (chunked->state == CHUNK_TRAILER_LF && ++chunked->overhead > TRAILERS_MAX)
        return refuse(out, 431, "trailers too large");
    if (chunked->state == CHUNK_END_LF)
        return HTTP_COMPLETE;
    if (is_cr_due)
        chunked->state = CHUNK_DATA_LF;
    else
        chunked->state = chunked->state == CHUNK_DATA_LF ? CHUNK_SIZE : CHUNK_TRAILER;
    return HTTP_MORE;
}

static enum http_progress on_extension(struct http_chunked *chunked, char c,
                                       struct http_refusal *out)
{
    if (c == '\r') {
        chunked->state = CHUNK_SIZE_LF;
        return HTTP_MORE;
    }
    if (!is_value_text(c))
        return refuse(out, 400, "control character in a chunk extension");
    if (++chunked->overhead > EXTENSION_MAX)
        return refuse(out, 400, "chunk extension too long");
    return HTTP_MORE;
}

static enum http_progress on_byte(struct http_chunked *chunked, char c, const struct buf *body,
                                  struct http_refusal *out)
{
    switch (chunked->state) {
    case CHUNK_SIZE:
        return on_size(chunked, c, out);
    case CHUNK_EXTENSION:
        return on_extension(chunked, c, out);
    case CHUNK_TRAILER:
    case CHUNK_TRAILER_NAME:
    case CHUNK_TRAILER_VALUE:
        return on_trailer(chunked, c, out);
    case CHUNK_SIZE_LF:
    case CHUNK_DATA:
    case CHUNK_DATA_CR:
    case CHUNK_DATA_LF:
    case CHUNK_TRAILER_LF:
    case CHUNK_END_LF:
        break;
    }
    return on_line_end(chunked, c, body, out);
}

enum http_progress http_chunked_decode(struct http_chunked *chunked, struct slice *input,
                                       struct buf *out, struct http_refusal *out_refusal)
{
    enum http_progress progress = HTTP_MORE;

    while (input->len > 0 && progress == HTTP_MORE) {
        size_t len = 1;

        if (chunked->state == CHUNK_DATA) {
            len = input->len < chunked->size ? input->len : chunked->size;
            buf_add(out, input->at, len); /* fits: on_size_end checked the whole chunk */
            chunked->size -= (uint32_t)len;
            if (chunked->size == 0)
                chunked->state = CHUNK_DATA_CR;
        } else {
            progress = on_byte(chunked, input->at[0], out, out_refusal);
        }
        *input = slice_from(*input, len);
    }
    return progress;
}
