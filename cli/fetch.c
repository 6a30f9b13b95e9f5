/*
 * fetch.c - one HTTP request and its whole answer, by libcurl
 */
#include "fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "millrace_version.h"

#define CONNECT_TIMEOUT_MS 5000L
#define HEADER_MAX 512

struct fetch {
    CURL *curl;
    struct buf answer;
    char why[CURL_ERROR_SIZE];
};

struct fetch *fetch_new(void)
{
    struct fetch *fetch = xcalloc(1, sizeof *fetch);

    must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    fetch->curl = curl_easy_init();
    must(fetch->curl != NULL);
    buf_init(&fetch->answer, FETCH_ANSWER_MAX);
    return fetch;
}

void fetch_free(struct fetch **fetch_at)
{
    struct fetch *fetch = *fetch_at;

    *fetch_at = NULL;
    if (fetch == NULL)
        return;
    curl_easy_cleanup(fetch->curl);
    curl_global_cleanup();
    buf_fini(&fetch->answer);
    free(fetch);
}

static size_t on_body(char *at, size_t size, size_t count, void *self)
{
    struct fetch *fetch = self;

    buf_add(&fetch->answer, at, size * count);
    return fetch->answer.overflow ? 0 : size * count;
}

static void set_up(struct fetch *fetch, const char *url, int64_t timeout_ms)
{
    CURL *curl = fetch->curl;

    curl_easy_reset(curl);
    fetch->why[0] = '\0';
    must(curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, fetch->why) == CURLE_OK);
    must(curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK);
    must(curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK);
    must(curl_easy_setopt(curl, CURLOPT_NOPROXY, "*") == CURLE_OK);
    must(curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK);
    must(curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) == CURLE_OK);
    must(curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms) == CURLE_OK);
    must(curl_easy_setopt(curl, CURLOPT_USERAGENT, "millrace-cli/" MILLRACE_VERSION) == CURLE_OK);
    must(curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK);
    must(curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetch) == CURLE_OK);
}

static void add_header(struct curl_slist **headers, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*headers, line);

    must(longer != NULL);
    *headers = longer;
}

static struct curl_slist *set_request(CURL *curl, const char *bearer, struct slice body)
{
    struct curl_slist *headers = NULL;
    char line[HEADER_MAX];

    if (bearer != NULL) {
        snprintf(line, sizeof line, "Authorization: Bearer %s", bearer);
        add_header(&headers, line);
    }
    if (body.at != NULL) {
        add_header(&headers, "Content-Type: application/json");
        /* Else a large body waits a second for servers that never say "100 Continue". */
        add_header(&headers, "Expect:");
        must(curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len) == CURLE_OK);
        must(curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.at) == CURLE_OK);
    }
    must(curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK);
    return headers;
}

static enum status status_of(CURL *curl, CURLcode code)
{
    long sent = 0;

    if (code == CURLE_WRITE_ERROR)
        return STATUS_LIMIT;
    /* The bytes of the request that have left, headers too. */
    must(curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent) == CURLE_OK);
    return sent > 0 ? STATUS_UNSURE : STATUS_DOWN;
}

enum status fetch_call(struct fetch *fetch, const char *method, const char *url, const char *bearer,
                       struct slice body, int64_t timeout_ms, int *out_status,
                       struct slice *out_body, struct error *err)
{
    struct curl_slist *headers;
    CURLcode code;
    long http_status = 0;

    buf_clear(&fetch->answer);
    set_up(fetch, url, timeout_ms);
    headers = set_request(fetch->curl, bearer, body);
    must(curl_easy_setopt(fetch->curl, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK);
    code = curl_easy_perform(fetch->curl);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) {
        error_set(err, "%s", fetch->why[0] != '\0' ? fetch->why : curl_easy_strerror(code));
        return status_of(fetch->curl, code);
    }
    must(curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &http_status) == CURLE_OK);
    *out_status = (int)http_status;
    *out_body = buf_slice(&fetch->answer);
    return STATUS_OK;
}
