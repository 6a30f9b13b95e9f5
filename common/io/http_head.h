/*
 * http_head.h - the head of one request: where it ends, whether it is well-formed, what it says
 *
 * Two steps. The scan sees each byte once as it arrives and knows lines and limits; what it passes has only CRLF line ends, no
 * control characters and no folded lines. The whole head then goes through llhttp at once, so the outcome cannot depend on how the
 * bytes were split, and through the checks that llhttp leaves out or makes differently from version to version.
 * Fails:  with a refusal, of which the first byte that breaks a rule decides.
 */
#pragma once

#include "http_server.h"

struct http_refusal {
    int status;
    const char *reason; /* static; goes to the client and to the log */
};

enum http_progress { HTTP_MORE, HTTP_COMPLETE, HTTP_REFUSED };

/* Zero-initialize for each head. Offsets are from the first byte of the input. */
struct http_scan {
    enum {
        SCAN_START,
        SCAN_START_LF, /* of the one empty line that may come before a request */
        SCAN_LINE,
        SCAN_LINE_LF,
        SCAN_NEXT, /* first byte of a header line or of the end */
        SCAN_END_LF,
    } state;
    size_t at;         /* scanned so far; the length of the head once complete */
    size_t start;      /* of the request line */
    size_t line;       /* of the line being scanned */
    size_t headers;    /* of the first header line; 0: not there yet */
    size_t line_count; /* header lines */
};

/* input begins with the head and grows from call to call. */
enum http_progress http_scan_head(struct http_scan *scan, const struct http_limits *limits,
                                  struct slice input, struct http_refusal *out_refusal);

struct http_head {
    struct slice method; /* static storage */
    struct slice target; /* as sent */
    struct http_header *headers;
    size_t headers_count;
    uint64_t content_length; /* 0 when there is none */
    bool is_chunked;
    bool is_http_1_0;
    bool keep_alive;
    bool expects_continue;
};

/* text: a complete head from its request line on, as scanned. headers: room for line_count of them. */
enum status http_head_parse(struct slice text, struct http_header *headers, size_t line_count,
                            struct http_head *out, struct http_refusal *out_refusal) must_check;
