/*
 * http_headers.c - a libcurl list of header lines
 */
#include "http_headers.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "base/must.h"

#define LINE_MAX_LEN                                                                               \
    ((size_t)2048) /* more than the name and value of an endpoint's header may have */

struct http_headers {
    struct curl_slist *list;
};

static void append(struct http_headers *headers, const char *line)
{
    struct curl_slist *longer = curl_slist_append(headers->list, line);
    must(longer);
    headers->list = longer;
}

struct http_headers *http_headers_new(const struct header *headers, size_t count)
{
    if (count == 0) {
        return NULL;
    }
    struct http_headers *out = xcalloc(1, sizeof *out);
    struct buf line;
    buf_init(&line, LINE_MAX_LEN);
    for (size_t i = 0; i < count; i++) {
        buf_clear(&line);
        buf_add_slice(&line, headers[i].name);
        buf_add_text(&line, ": ");
        buf_add_slice(&line, headers[i].value);
        buf_add_char(&line, '\0');
        must(!line.overflow);
        append(out, line.at);
    }
    buf_fini(&line);
    return out;
}

void http_headers_free(struct http_headers **headers_at)
{
    struct http_headers *headers = *headers_at;
    *headers_at = NULL;
    if (headers) {
        curl_slist_free_all(headers->list);
        free(headers);
    }
}

struct curl_slist *http_headers_list(struct http_headers *headers)
{
    return headers ? headers->list : NULL;
}
