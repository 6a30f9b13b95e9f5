/*
 * http_scan.c - finds the end of a request's head, within the limits and however it is cut into reads
 */
#include "http_head.h"

#include <string.h>

static enum http_progress refuse(struct http_refusal *out, int status, const char *reason)
{
    *out = (struct http_refusal){.status = status, .reason = reason};
    return HTTP_REFUSED;
}

static bool is_line_text(unsigned char c, bool in_headers)
{
    if (c >= 0x20 && c < 0x7f)
        return true;
    /* Values may hold tabs and, opaque, bytes of other encodings. Names and the request line are checked further later. */
    return in_headers && (c == '\t' || c >= 0x80);
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether none of eight bytes is a control, DEL or beyond ASCII. The test: "Hacker's Delight", H. S. Warren, section 6-1. */
static bool are_line_text(const char at[sizeof(uint64_t)])
{
    uint64_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    uint64_t below_space = (bytes - EACH(0x20)) & ~bytes;
    uint64_t above_tilde = (bytes + EACH(1)) | bytes;
    return ((below_space | above_tilde) & EACH(0x80)) == 0;
}

static enum http_progress refuse_byte(struct http_refusal *out, unsigned char c, bool in_headers)
{
    if (c == '\n')
        return refuse(out, 400, "line end without CR in the head");
    if (c == 0)
        return refuse(out, 400, "NUL in the head");
    return refuse(out, 400,
                  in_headers ? "control character in a header"
                             : "control character or byte over 126 in the request line");
}

/* The text of a line up to what is not text; refused at the byte that is one too many. */
static enum http_progress scan_text(struct http_scan *scan, const struct http_limits *limits,
                                    struct slice input, struct http_refusal *out)
{
    bool in_headers = scan->headers != 0;
    size_t limit = in_headers ? scan->headers + limits->headers_bytes_max
                              : scan->line + limits->request_line_max;
    size_t stop = input.len < limit ? input.len : limit;
    size_t at = scan->at;

    while (at + sizeof(uint64_t) <= stop && are_line_text(input.at + at))
        at += sizeof(uint64_t);
    while (at < stop && is_line_text((unsigned char)input.at[at], in_headers))
        at++;
    scan->at = at;
    if (at == input.len)
        return HTTP_MORE;
    /* The line ends of header lines count, that of the request line does not. */
    if (at >= limit && in_headers)
        return refuse(out, 431, "headers too large");
    if (input.at[at] == '\r')
        return HTTP_COMPLETE;
    if (at >= limit)
        return refuse(out, 400, "request line too long");
    return refuse_byte(out, (unsigned char)input.at[at], in_headers);
}

static enum http_progress start_line(struct http_scan *scan, const struct http_limits *limits,
                                     char c, struct http_refusal *out)
{
    if (c == ' ' || c == '\t')
        return refuse(out, 400, "header line that begins with a space");
    if (scan->line_count == limits->headers_count_max)
        return refuse(out, 431, "too many headers");
    if (scan->line_count == 0)
        scan->headers = scan->at;
    scan->line_count++;
    scan->line = scan->at;
    scan->state = SCAN_LINE;
    return HTTP_MORE;
}

/* The single bytes between the texts. HTTP_MORE: go on. */
static enum http_progress scan_byte(struct http_scan *scan, const struct http_limits *limits,
                                    char c, struct http_refusal *out)
{
    switch (scan->state) {
    case SCAN_START:
        if (c == '\r' && scan->at == 0) {
            scan->state = SCAN_START_LF;
            break;
        }
        if (c == '\r' || c == '\n')
            return refuse(out, 400, "empty line where a request should begin");
        scan->start = scan->line = scan->at;
        scan->state = SCAN_LINE;
        return HTTP_MORE;
    case SCAN_NEXT:
        if (c != '\r')
            return start_line(scan, limits, c, out);
        scan->state = SCAN_END_LF;
        break;
    case SCAN_START_LF:
    case SCAN_LINE_LF:
    case SCAN_END_LF:
        if (c != '\n')
            return refuse(out, 400, "CR without LF in the head");
        if (scan->headers != 0 && scan->state == SCAN_LINE_LF &&
            scan->at >= scan->headers + limits->headers_bytes_max)
            return refuse(out, 431, "headers too large");
        if (scan->state == SCAN_END_LF) {
            scan->at++;
            return HTTP_COMPLETE;
        }
        scan->state = scan->state == SCAN_START_LF ? SCAN_START : SCAN_NEXT;
        break;
    case SCAN_LINE:
        scan->state = SCAN_LINE_LF; /* c is the CR at which the text ended */
        break;
    }
    scan->at++;
    return HTTP_MORE;
}

enum http_progress http_scan_head(struct http_scan *scan, const struct http_limits *limits,
                                  struct slice input, struct http_refusal *out_refusal)
{
    while (scan->at < input.len) {
        enum http_progress progress;

        if (scan->state == SCAN_LINE) {
            progress = scan_text(scan, limits, input, out_refusal);
            if (progress != HTTP_COMPLETE)
                return progress;
        }
        progress = scan_byte(scan, limits, input.at[scan->at], out_refusal);
        if (progress != HTTP_MORE)
            return progress;
    }
    return HTTP_MORE;
}
