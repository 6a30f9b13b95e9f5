/*
 * http_head.c - takes a complete head apart with llhttp, and judges it by RFC 9112
 *
 * llhttp's types stay in this file. It is paused at the end of the headers: what follows is framed by http_receive.c.
 */
#include "http_head.h"

#include <llhttp.h>
#include <string.h>

#include "http_fields.h"

static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

struct parsing {
    struct http_head *head;
    size_t room;
    bool is_complete;
};

static enum status refuse(struct http_refusal *out, int status, const char *reason)
{
    *out = (struct http_refusal){.status = status, .reason = reason};
    return STATUS_INVALID;
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
    struct parsing *parsing = parser->data;

    parsing->head->target = (struct slice){.at = at, .len = len};
    return 0;
}

static int on_name(llhttp_t *parser, const char *at, size_t len)
{
    struct parsing *parsing = parser->data;
    struct http_head *head = parsing->head;

    if (head->headers_count == parsing->room)
        return HPE_USER;
    head->headers[head->headers_count++] = (struct http_header){.name = {.at = at, .len = len}};
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
    struct parsing *parsing = parser->data;
    struct http_head *head = parsing->head;

    if (head->headers_count == 0 || head->headers[head->headers_count - 1].value.at != NULL)
        return HPE_USER;
    head->headers[head->headers_count - 1].value = slice_trim((struct slice){.at = at, .len = len});
    return 0;
}

static int on_headers_complete(llhttp_t *parser)
{
    struct parsing *parsing = parser->data;

    parsing->is_complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
};

static enum status run_llhttp(struct slice text, struct parsing *parsing, struct http_refusal *out)
{
    llhttp_t parser;
    llhttp_errno_t result;

    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = parsing;
    result = llhttp_execute(&parser, text.at, text.len);
    if (result != HPE_PAUSED || !parsing->is_complete) {
        const char *reason = llhttp_get_error_reason(&parser);
        return refuse(out, 400, reason != NULL && *reason != 0 ? reason : "malformed head");
    }
    /* Paused at the last LF or behind it, as the version has it. */
    if (llhttp_get_error_pos(&parser) < text.at + text.len - 1)
        return refuse(out, 400, "malformed head");
    return STATUS_OK;
}

static enum status check_request_line(struct slice line, struct http_head *head,
                                      struct http_refusal *out)
{
    struct slice rest = line;
    struct slice method = slice_cut(&rest, ' ');
    struct slice version = slice_from(line, line.len < 9 ? 0 : line.len - 9);

    head->is_http_1_0 = slice_is(version, " HTTP/1.0");
    if (!head->is_http_1_0 && !slice_is(version, " HTTP/1.1"))
        return refuse(out, 400, "version other than HTTP/1.0 and HTTP/1.1");
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (slice_is(method, methods[i])) {
            head->method = slice_of(methods[i]);
            return STATUS_OK;
        }
    }
    if (!http_is_token(method))
        return refuse(out, 400, "malformed method");
    return refuse(out, 405, "method not supported");
}

enum status http_head_parse(struct slice text, struct http_header *headers, size_t line_count,
                            struct http_head *out, struct http_refusal *out_refusal)
{
    struct parsing parsing = {.head = out, .room = line_count};
    const char *line_end = memchr(text.at, '\r', text.len);
    struct slice line = {.at = text.at, .len = (size_t)(line_end - text.at)};

    *out = (struct http_head){.headers = headers};
    if (check_request_line(line, out, out_refusal) != STATUS_OK ||
        run_llhttp(text, &parsing, out_refusal) != STATUS_OK)
        return STATUS_INVALID;
    /* Nothing but one space on each side of the target, and a header in every line. */
    if (out->method.len + 1 + out->target.len + 9 != line.len)
        return refuse(out_refusal, 400, "malformed request line");
    if (out->headers_count != line_count)
        return refuse(out_refusal, 400, "malformed header line");
    return http_check_fields(out, out_refusal);
}
