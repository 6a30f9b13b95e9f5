/*
 * http_response.c - status lines, headers and bodies
 */
#include "http_response.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../base/clock.h"
#include "../base/must.h"

#define ROW(code, title)                                                                           \
    {                                                                                              \
        code, title,                                                                               \
        {                                                                                          \
            "HTTP/1.1 " #code " " title "\r\n", sizeof "HTTP/1.1 " #code " " title "\r\n" - 1      \
        }                                                                                          \
    }

static const struct {
    int code;
    const char *title;
    struct slice line;
} statuses[] = {
    ROW(202, "Accepted"),
    ROW(200, "OK"),
    ROW(201, "Created"),
    ROW(204, "No Content"),
    ROW(304, "Not Modified"),
    ROW(400, "Bad Request"),
    ROW(401, "Unauthorized"),
    ROW(403, "Forbidden"),
    ROW(404, "Not Found"),
    ROW(405, "Method Not Allowed"),
    ROW(406, "Not Acceptable"),
    ROW(408, "Request Timeout"),
    ROW(409, "Conflict"),
    ROW(410, "Gone"),
    ROW(412, "Precondition Failed"),
    ROW(413, "Content Too Large"),
    ROW(415, "Unsupported Media Type"),
    ROW(417, "Expectation Failed"),
    ROW(422, "Unprocessable Content"),
    ROW(425, "Too Early"),
    ROW(428, "Precondition Required"),
    ROW(429, "Too Many Requests"),
    ROW(431, "Request Header Fields Too Large"),
    ROW(500, "Internal Server Error"),
    ROW(501, "Not Implemented"),
    ROW(502, "Bad Gateway"),
    ROW(503, "Service Unavailable"),
    ROW(504, "Gateway Timeout"),
};
#define STATUSES_COUNT (sizeof statuses / sizeof statuses[0])

static size_t find_status(int status)
{
    size_t i = 0;

    while (i < STATUSES_COUNT && statuses[i].code != status)
        i++;
    return i;
}

const char *http_status_title(int status)
{
    size_t i = find_status(status);

    return i < STATUSES_COUNT ? statuses[i].title : "Unknown";
}

static void add_status_line(int status, struct buf *out)
{
    size_t i = find_status(status);

    must(status >= 200 && status <= 599);
    if (i < STATUSES_COUNT)
        buf_add_slice(out, statuses[i].line);
    else
        buf_printf(out, "HTTP/1.1 %d Unknown\r\n", status);
}

static void add_date(struct http_date *date, struct buf *out)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now_s = (time_t)(clock_coarse_wall_ms() / 1000);
    struct tm tm;

    if (date->at_s != now_s) {
        must(gmtime_r(&now_s, &tm) != NULL);
        /* Not strftime: its names follow the locale. */
        snprintf(date->line, sizeof date->line, "Date: %.3s, %02u %.3s %04u %02u:%02u:%02u GMT\r\n",
                 days + 3 * tm.tm_wday, (unsigned)tm.tm_mday % 100, months + 3 * tm.tm_mon,
                 (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
                 (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
        date->at_s = now_s;
    }
    buf_add(out, date->line, sizeof date->line - 1);
}

static void add_header(struct slice name, struct slice value, struct buf *out)
{
    /* What came from outside was checked by who put it here; this is the last door. */
    must(memchr(name.at, '\n', name.len) == NULL && memchr(name.at, '\r', name.len) == NULL);
    must(value.len == 0 ||
         (memchr(value.at, '\n', value.len) == NULL && memchr(value.at, '\r', value.len) == NULL));
    buf_add_slice(out, name);
    buf_add(out, ": ", 2);
    buf_add_slice(out, value);
    buf_add(out, "\r\n", 2);
}

struct slice http_response_write(const struct http_response *response,
                                 const struct http_answer_to *to, struct http_date *date,
                                 struct buf *out)
{
    bool has_body = response->status != 204 && response->status != 304;

    add_status_line(response->status, out);
    add_date(date, out);
    if (has_body && response->content_type.len > 0)
        add_header(SLICE("Content-Type"), response->content_type, out);
    if (has_body) {
        buf_add(out, "Content-Length: ", 16);
        buf_add_u64(out, response->body.len);
        buf_add(out, "\r\n", 2);
    }
    for (size_t i = 0; i < response->headers_count; i++)
        add_header(response->headers[i].name, response->headers[i].value, out);
    if (to->closes)
        buf_add_slice(out, SLICE("Connection: close\r\n"));
    else if (to->is_http_1_0)
        buf_add_slice(out, SLICE("Connection: keep-alive\r\n"));
    buf_add(out, "\r\n", 2);
    if (!has_body || to->is_head)
        return (struct slice){0};
    if (response->is_lasting)
        return response->body;
    buf_add_slice(out, response->body);
    return (struct slice){0};
}
