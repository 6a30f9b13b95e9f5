/*
 * http_fields.c - Host, Content-Length, Transfer-Encoding, Connection and Expect
 */
#include "http_fields.h"

#include <stdint.h>
#include <string.h>

#define CONTENT_LENGTH_DIGITS_MAX 15
#define PORT_MAX 65535

/* How often each was seen, and what Connection said. */
struct fields {
    struct http_head *head;
    size_t hosts, lengths, encodings;
    bool says_close, says_keep_alive;
};

static bool is_alnum(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_hex(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* tchar of RFC 9110. */
static const bool token_chars[256] = {
    ['0' ... '9'] = true,  ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['!'] = true,
    ['#' ... '\''] = true, ['*'] = true,         ['+'] = true,         ['-'] = true,
    ['.'] = true,          ['^' ... '`'] = true, ['|'] = true,         ['~'] = true,
};

bool http_is_token(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!token_chars[(unsigned char)text.at[i]])
            return false;
    }
    return text.len > 0;
}

static enum status refuse(struct http_refusal *out, int status, const char *reason)
{
    *out = (struct http_refusal){.status = status, .reason = reason};
    return STATUS_INVALID;
}

/* uri-host [":" port] of RFC 3986, without escapes, which no name needs. Empty is refused: an http URI has a host. */
static bool is_host(struct slice value)
{
    struct slice rest = value;
    bool is_literal = rest.len > 0 && rest.at[0] == '[';
    struct slice host = slice_cut(&rest, is_literal ? ']' : ':');
    uint64_t port;

    if (is_literal) {
        if (host.len < 3 || host.at + host.len == value.at + value.len)
            return false;
        for (size_t i = 1; i < host.len; i++) {
            unsigned char c = (unsigned char)host.at[i];
            if (!is_hex(c) && c != ':' && c != '.')
                return false;
        }
        if (rest.len > 0 && slice_cut(&rest, ':').len > 0)
            return false;
    }
    for (size_t i = 0; i < host.len && !is_literal; i++) {
        unsigned char c = (unsigned char)host.at[i];
        if (!is_alnum(c) && (c == 0 || strchr("-._~!$&'()*+,;=", c) == NULL))
            return false;
    }
    return host.len > 0 && (rest.len == 0 || slice_to_u64(rest, PORT_MAX, &port) == STATUS_OK);
}

static enum status on_host(struct fields *fields, struct slice value, struct http_refusal *out)
{
    if (++fields->hosts > 1)
        return refuse(out, 400, "more than one Host");
    return is_host(value) ? STATUS_OK : refuse(out, 400, "malformed Host");
}

static enum status on_content_length(struct fields *fields, struct slice value,
                                     struct http_refusal *out)
{
    if (++fields->lengths > 1)
        return refuse(out, 400, "more than one Content-Length");
    if (value.len > CONTENT_LENGTH_DIGITS_MAX ||
        slice_to_u64(value, INT64_MAX, &fields->head->content_length) != STATUS_OK)
        return refuse(out, 400, "malformed Content-Length");
    return STATUS_OK;
}

static enum status on_transfer_encoding(struct fields *fields, struct slice value,
                                        struct http_refusal *out)
{
    if (++fields->encodings > 1)
        return refuse(out, 400, "more than one Transfer-Encoding");
    if (!slice_eq_nocase(value, SLICE("chunked")))
        return refuse(out, 400, "Transfer-Encoding other than chunked");
    fields->head->is_chunked = true;
    return STATUS_OK;
}

static enum status on_connection(struct fields *fields, struct slice value,
                                 struct http_refusal *out)
{
    (void)out;
    while (value.len > 0) {
        struct slice option = slice_trim(slice_cut(&value, ','));
        fields->says_close |= slice_eq_nocase(option, SLICE("close"));
        fields->says_keep_alive |= slice_eq_nocase(option, SLICE("keep-alive"));
    }
    return STATUS_OK;
}

static enum status on_expect(struct fields *fields, struct slice value, struct http_refusal *out)
{
    if (!slice_eq_nocase(value, SLICE("100-continue")))
        return refuse(out, 417, "expectation other than 100-continue");
    fields->head->expects_continue = !fields->head->is_http_1_0;
    return STATUS_OK;
}

static const struct {
    struct slice name;
    enum status (*check)(struct fields *, struct slice, struct http_refusal *);
} framing[] = {
    {{"Host", 4}, on_host},
    {{"Expect", 6}, on_expect},
    {{"Connection", 10}, on_connection},
    {{"Content-Length", 14}, on_content_length},
    {{"Transfer-Encoding", 17}, on_transfer_encoding},
};

static enum status check_field(struct fields *fields, const struct http_header *header,
                               struct http_refusal *out)
{
    if (!http_is_token(header->name))
        return refuse(out, 400, "malformed header name");
    for (size_t i = 0; i < sizeof framing / sizeof framing[0]; i++) {
        if (header->name.len == framing[i].name.len &&
            slice_eq_nocase(header->name, framing[i].name))
            return framing[i].check(fields, header->value, out);
    }
    return STATUS_OK;
}

enum status http_check_fields(struct http_head *head, struct http_refusal *out_refusal)
{
    struct fields fields = {.head = head};

    for (size_t i = 0; i < head->headers_count; i++) {
        if (check_field(&fields, &head->headers[i], out_refusal) != STATUS_OK)
            return STATUS_INVALID;
    }
    if (fields.hosts == 0 && !head->is_http_1_0)
        return refuse(out_refusal, 400, "no Host");
    if (fields.lengths > 0 && fields.encodings > 0)
        return refuse(out_refusal, 400, "both Content-Length and Transfer-Encoding");
    if (fields.encodings > 0 && head->is_http_1_0)
        return refuse(out_refusal, 400, "Transfer-Encoding in HTTP/1.0");
    head->keep_alive = !fields.says_close && (!head->is_http_1_0 || fields.says_keep_alive);
    return STATUS_OK;
}
