/*
 * http_transfer.c - the options of a handle, what is kept of an answer, and the words for libcurl's errors
 */
#include "http_transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"

#define HEADERS_MAX ((size_t)32 * 1024)

/* The value of a header line if it has this name. */
static bool header_value(struct slice line, const char *name, struct slice *out)
{
    struct slice value = line;
    struct slice found = slice_cut(&value, ':');
    if (!slice_eq_nocase(found, slice_of(name))) {
        return false;
    }
    *out = slice_trim(value);
    return true;
}

static void keep_retry_after(struct http_transfer *transfer, struct slice line)
{
    struct slice value;
    if (!transfer->has_status && header_value(line, "retry-after", &value)) {
        bool fits = value.len <= sizeof transfer->retry_after;
        transfer->retry_after_len = fits ? value.len : 0;
        memcpy(transfer->retry_after, value.at, transfer->retry_after_len);
    }
}

/* Once per line of the status, the headers and the trailers, of informational answers too. */
static size_t on_header(char *at, size_t size, size_t count, void *self)
{
    struct http_transfer *transfer = self;
    size_t len = size * count;
    http_waiting_remove(transfer->shared->waiting, &transfer->waiter);
    transfer->headers_len += len;
    if (transfer->headers_len > HEADERS_MAX) {
        transfer->headers_are_big = true;
        return 0;
    }
    struct slice line = {at, len};
    while (line.len > 0 && (line.at[line.len - 1] == '\r' || line.at[line.len - 1] == '\n')) {
        line.len--;
    }
    if (slice_starts(line, "HTTP/")) {
        transfer->retry_after_len = 0; /* what came before was an informational answer */
    }
    if (line.len > 0) {
        keep_retry_after(transfer, line);
        return len;
    }
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200) {
        transfer->status = (int)status;
        transfer->has_status = true;
    }
    return len;
}

static size_t on_body(char *at, size_t size, size_t count, void *self)
{
    struct http_transfer *transfer = self;
    const struct http_client_options *options = transfer->shared->options;
    size_t len = size * count;
    size_t room = options->response_keep - transfer->kept_len;
    size_t kept = len < room ? len : room;
    memcpy(transfer->kept + transfer->kept_len, at, kept);
    transfer->kept_len += kept;
    transfer->answer_len += len;
    if (transfer->answer_len > options->response_max) {
        transfer->is_cut = true;
        return 0;
    }
    return len;
}

static curl_socket_t on_open(void *self, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct http_transfer *transfer = self;
    int fd =
        guard_open_socket(&transfer->guard, &address->addr, address->socktype, address->protocol);
    if (fd < 0) {
        return CURL_SOCKET_BAD;
    }
    http_sockets_own(transfer->shared->sockets, fd);
    return fd;
}

/* Connected, newly or from the pool, and about to send. */
static int on_connected(void *self, char *peer_ip, char *own_ip, int peer_port, int own_port)
{
    (void)own_ip;
    (void)own_port;
    struct http_transfer *transfer = self;
    if (!guard_allows_peer(&transfer->guard, peer_ip, peer_port)) {
        return CURL_PREREQFUNC_ABORT;
    }
    transfer->is_connected = true;
    http_waiting_add(transfer->shared->waiting, &transfer->waiter);
    return CURL_PREREQFUNC_OK;
}

#define SET(option, ...) must(curl_easy_setopt(easy, option, __VA_ARGS__) == CURLE_OK)

static void set_callbacks(struct http_transfer *transfer)
{
    CURL *easy = transfer->easy;
    SET(CURLOPT_PRIVATE, transfer);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(CURLOPT_OPENSOCKETDATA, transfer);
    SET(CURLOPT_CLOSESOCKETFUNCTION, http_sockets_close);
    SET(CURLOPT_CLOSESOCKETDATA, transfer->shared->sockets);
    SET(CURLOPT_PREREQFUNCTION, on_connected);
    SET(CURLOPT_PREREQDATA, transfer);
}

/* Neither an endpoint nor the environment of the process adds anything to what is said here. */
static void set_policy(CURL *easy, const struct http_client_options *options)
{
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROTOCOLS_STR, options->https_only ? "https" : "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_MAXREDIRS, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_USERAGENT, options->user_agent);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (options->ca_file[0]) {
        SET(CURLOPT_CAINFO, options->ca_file);
        SET(CURLOPT_CAPATH, NULL);
    }
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
    SET(CURLOPT_MAXAGE_CONN, 60L);
    SET(CURLOPT_POST, 1L);
}

/* In every request. A name alone: libcurl sends no header of that name by itself. */
static void set_fixed_lines(struct http_transfer *transfer)
{
    /* Not const, since libcurl's lists are not; it only reads them. */
    static char fixed[HTTP_FIXED_LINES][32] = {"content-type: application/json",
                                               "Accept:", "Expect:"};
    struct curl_slist *lines = transfer->lines + HTTP_LINES_MAX;
    for (size_t i = 0; i < HTTP_FIXED_LINES; i++) {
        lines[i].data = fixed[i];
        lines[i].next = i + 1 < HTTP_FIXED_LINES ? &lines[i + 1] : NULL;
    }
}

struct http_transfer *http_transfer_new(const struct http_transfer_shared *shared)
{
    struct http_transfer *transfer = xcalloc(1, sizeof *transfer + shared->options->response_keep);
    transfer->shared = shared;
    transfer->easy = curl_easy_init();
    must(transfer->easy);
    set_callbacks(transfer);
    set_policy(transfer->easy, shared->options);
    set_fixed_lines(transfer);
    return transfer;
}

void http_transfer_free(struct http_transfer **transfer_at)
{
    struct http_transfer *transfer = *transfer_at;
    *transfer_at = NULL;
    if (transfer) {
        curl_easy_cleanup(transfer->easy);
        free(transfer);
    }
}

/* Those of the request, the fixed ones, the endpoint's own. */
static void link_lines(struct http_transfer *transfer, const struct http_post *post)
{
    struct curl_slist *fixed = transfer->lines + HTTP_LINES_MAX, *next = fixed;
    must(post->lines_count > 0 && post->lines_count <= HTTP_LINES_MAX);
    fixed[HTTP_FIXED_LINES - 1].next = http_headers_list(post->headers);
    for (size_t i = post->lines_count; i-- > 0;) {
        transfer->lines[i] = (struct curl_slist){.data = post->lines[i], .next = next};
        next = &transfer->lines[i];
    }
}

void http_transfer_prepare(struct http_transfer *transfer, const struct http_post *post,
                           http_answer_fn fn, void *self)
{
    CURL *easy = transfer->easy;
    transfer->is_connected = false;
    transfer->guard = (struct guard){.allow = transfer->shared->options->allow};
    transfer->fn = fn;
    transfer->self = self;
    transfer->status = 0;
    transfer->has_status = transfer->is_cut = transfer->headers_are_big = false;
    transfer->headers_len = transfer->answer_len = transfer->kept_len = 0;
    transfer->retry_after_len = 0;
    transfer->body_len = post->body.len;
    link_lines(transfer, post);
    SET(CURLOPT_URL, post->url);
    SET(CURLOPT_HTTPHEADER, transfer->lines);
    SET(CURLOPT_POSTFIELDS, post->body.len ? post->body.at : "");
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body.len);
    SET(CURLOPT_TIMEOUT_MS, (long)post->total_timeout_ms);
    transfer->started_us = clock_mono_us();
}

bool http_transfer_is_sent(struct http_transfer *transfer)
{
    curl_off_t sent = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    return sent >= (curl_off_t)transfer->body_len;
}

static enum failure connect_failure(struct http_transfer *transfer)
{
    long code = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &code);
    return code == ECONNREFUSED ? FAILURE_CONNECTION_REFUSED
           : code == ETIMEDOUT  ? FAILURE_CONNECT_TIMEOUT
                                : FAILURE_CONNECTION_FAILED;
}

static const struct {
    CURLcode code;
    enum failure failure;
} failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, FAILURE_DNS},      {CURLE_GOT_NOTHING, FAILURE_CONNECTION_RESET},
    {CURLE_RECV_ERROR, FAILURE_CONNECTION_RESET},   {CURLE_SEND_ERROR, FAILURE_CONNECTION_RESET},
    {CURLE_PARTIAL_FILE, FAILURE_CONNECTION_RESET}, {CURLE_SSL_CONNECT_ERROR, FAILURE_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, FAILURE_TLS},  {CURLE_SSL_CIPHER, FAILURE_TLS},
    {CURLE_SSL_CERTPROBLEM, FAILURE_TLS},           {CURLE_SSL_CACERT_BADFILE, FAILURE_TLS},
    {CURLE_SSL_ISSUER_ERROR, FAILURE_TLS},          {CURLE_SSL_INVALIDCERTSTATUS, FAILURE_TLS},
    {CURLE_LOGIN_DENIED, FAILURE_BAD_URL},
};

static enum failure failure_of(struct http_transfer *transfer, CURLcode code)
{
    if (code == CURLE_OK || transfer->is_cut) {
        return FAILURE_NONE;
    }
    if (transfer->guard.refused && !transfer->is_connected) {
        return FAILURE_DESTINATION;
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return transfer->is_connected ? FAILURE_TOTAL_TIMEOUT : FAILURE_CONNECT_TIMEOUT;
    }
    if (transfer->headers_are_big) {
        return FAILURE_HEADERS_TOO_LARGE;
    }
    /* The same code stands for an answer that is not HTTP; but that comes over a connection. */
    if (code == CURLE_UNSUPPORTED_PROTOCOL && transfer->shared->options->https_only &&
        !transfer->is_connected) {
        return FAILURE_HTTPS_REQUIRED;
    }
    if (code == CURLE_COULDNT_CONNECT) {
        return connect_failure(transfer);
    }
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (failures[i].code == code) {
            return failures[i].failure;
        }
    }
    return FAILURE_BAD_RESPONSE;
}

struct http_answer http_transfer_answer(struct http_transfer *transfer, CURLcode code)
{
    return (struct http_answer){
        .status = transfer->status,
        .failure = failure_of(transfer, code),
        .body = {transfer->kept, transfer->kept_len},
        .retry_after = {transfer->retry_after, transfer->retry_after_len},
        .duration_us = clock_mono_us() - transfer->started_us,
    };
}
