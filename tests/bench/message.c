#include "message.h"

#include <string.h>

struct head {
    size_t len; /* with the empty line */
    uint64_t body_len;
    bool is_chunked;
};

static enum status read_start_line(struct slice line, struct message *message)
{
    uint64_t status;
    struct slice first = slice_cut(&line, ' ');
    struct slice second = slice_cut(&line, ' ');
    if (slice_starts(first, "HTTP/1.")) {
        if (slice_to_u64(second, 999, &status) != STATUS_OK)
            return STATUS_INVALID;
        message->status = (int)status;
        return STATUS_OK;
    }
    message->target = second;
    return slice_starts(line, "HTTP/1.") && second.len > 0 ? STATUS_OK : STATUS_INVALID;
}

static enum status read_field(struct slice line, struct message *message, struct head *head)
{
    struct slice name = slice_cut(&line, ':');
    struct slice value = slice_trim(line);
    if (slice_eq_nocase(name, SLICE("content-length")))
        return slice_to_u64(value, MESSAGE_BODY_MAX, &head->body_len);
    if (slice_eq_nocase(name, SLICE("transfer-encoding")))
        head->is_chunked = slice_eq_nocase(value, SLICE("chunked"));
    if (slice_eq_nocase(name, SLICE("connection")))
        message->closes = slice_eq_nocase(value, SLICE("close"));
    return STATUS_OK;
}

static enum status read_head(const char *at, size_t len, struct message *message, struct head *head)
{
    const char *end = memmem(at, len, "\r\n\r\n", 4);
    if (!end)
        return STATUS_ABSENT;
    head->len = (size_t)(end - at) + 4;
    bool is_first = true;
    for (const char *line = at; line < end + 2;) {
        const char *line_end = memchr(line, '\n', (size_t)(end + 2 - line));
        struct slice text = {line, (size_t)(line_end - line)};
        text = slice_trim(
            (struct slice){line, text.len > 0 && line_end[-1] == '\r' ? text.len - 1 : text.len});
        enum status status = is_first ? read_start_line(text, message) : STATUS_OK;
        /* Only fields that matter begin with these letters, and this runs for every request. */
        if (!is_first && text.len > 0 && strchr("CcTt", text.at[0]))
            status = read_field(text, message, head);
        if (status != STATUS_OK)
            return STATUS_INVALID;
        is_first = false;
        line = line_end + 1;
    }
    return STATUS_OK;
}

static enum status read_chunk_size(struct slice line, size_t *out)
{
    size_t size = 0;
    struct slice digits = slice_trim(slice_cut(&line, ';'));
    if (digits.len == 0 || digits.len > 7)
        return STATUS_INVALID;
    for (size_t i = 0; i < digits.len; i++) {
        static const char hex[] = "0123456789abcdef";
        const char *digit = strchr(hex, digits.at[i] | 0x20);
        if (!digit || digits.at[i] == '\0')
            return STATUS_INVALID;
        size = size * 16 + (size_t)(digit - hex);
    }
    *out = size;
    return STATUS_OK;
}

/* Joined only once all of it is there: until then the bytes stay as they were sent. */
static enum status walk_chunks(char *at, size_t len, bool join, size_t *out_len,
                               size_t *out_body_len)
{
    size_t position = 0, body_len = 0, size = 1;
    while (size > 0) {
        const char *line_end = memchr(at + position, '\n', len - position);
        if (!line_end)
            return STATUS_ABSENT;
        struct slice line = {at + position, (size_t)(line_end - (at + position))};
        if (read_chunk_size((struct slice){line.at, line.len ? line.len - 1 : 0}, &size) !=
            STATUS_OK)
            return STATUS_INVALID;
        position += line.len + 1;
        if (len - position < size + 2)
            return STATUS_ABSENT;
        if (join)
            memmove(at + body_len, at + position, size);
        body_len += size;
        position += size + 2; /* trailers are not sent by those we measure */
    }
    *out_len = position;
    *out_body_len = body_len;
    return STATUS_OK;
}

enum status message_read(char *at, size_t len, struct message *out)
{
    struct message message = {0};
    struct head head = {0};
    enum status status = read_head(at, len, &message, &head);
    if (status != STATUS_OK)
        return status;
    size_t body_len = (size_t)head.body_len, sent_len = (size_t)head.body_len;
    if (head.is_chunked) {
        status = walk_chunks(at + head.len, len - head.len, false, &sent_len, &body_len);
        if (status != STATUS_OK)
            return status;
        status = walk_chunks(at + head.len, len - head.len, true, &sent_len, &body_len);
    } else if (len - head.len < body_len) {
        return STATUS_ABSENT;
    }
    message.len = head.len + sent_len;
    message.body = (struct slice){at + head.len, body_len};
    *out = message;
    return status;
}
