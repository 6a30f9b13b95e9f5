/*
 * http_client.c - the pool of transfers, started and collected
 */
#include "http_client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "http_transfer.h"

struct http_client {
    struct http_client_options options;
    struct http_transfer_shared shared;
    CURLM *multi;
    struct http_transfer *idle;
    struct http_transfer *all;
};

/* The handle has left libcurl before the callback, which may start other transfers; this one's bytes are still being read. */
static void finish(struct http_client *client, struct http_transfer *transfer, CURLcode code,
                   enum failure failure)
{
    http_waiting_remove(client->shared.waiting, &transfer->waiter);
    struct http_answer answer = http_transfer_answer(transfer, code);
    if (failure != FAILURE_NONE) {
        answer.failure = failure;
    }
    must(curl_multi_remove_handle(client->multi, transfer->easy) == CURLM_OK);
    transfer->is_running = false;
    transfer->fn(&answer, transfer->self);
    transfer->next_idle = client->idle;
    client->idle = transfer;
}

static void collect(void *self)
{
    struct http_client *client = self;
    int left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left));) {
        must(message->msg == CURLMSG_DONE);
        struct http_transfer *transfer = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        finish(client, transfer, code, FAILURE_NONE);
    }
}

static void on_no_answer(struct http_waiter *waiter, void *self)
{
    struct http_client *client = self;
    struct http_transfer *transfer = (struct http_transfer *)waiter;
    if (!http_transfer_is_sent(
            transfer)) { /* its time has not begun; the total timeout bounds it */
        http_waiting_add(client->shared.waiting, waiter);
        return;
    }
    finish(client, transfer, CURLE_OPERATION_TIMEDOUT, FAILURE_RESPONSE_TIMEOUT);
}

static bool check_library(const struct http_client_options *options, struct error *err)
{
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    if (!(version->features & CURL_VERSION_ASYNCHDNS)) {
        error_set(err,
                  "libcurl %s looks names up in the foreground, which would stop all deliveries",
                  version->version);
        return false;
    }
    if (options->ca_file[0] && access(options->ca_file, R_OK) != 0) {
        error_set(err, "ca_file: cannot read %s", options->ca_file);
        return false;
    }
    return true;
}

struct http_client *http_client_new(struct loop *loop, const struct http_client_options *options,
                                    struct error *err)
{
    must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    if (!check_library(options, err)) {
        curl_global_cleanup();
        return NULL;
    }
    struct http_client *client = xcalloc(1, sizeof *client);
    client->options = *options;
    client->multi = curl_multi_init();
    must(client->multi);
    must(curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)options->max_connections) ==
         CURLM_OK);
    must(curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) == CURLM_OK);
    client->shared = (struct http_transfer_shared){
        .options = &client->options,
        .sockets = http_sockets_new(loop, client->multi, collect, client),
        .waiting = http_waiting_new(loop, options->response_timeout_ms, on_no_answer, client),
    };
    return client;
}

/* The order: handles leave the multi handle, which then closes its connections through the sockets. */
void http_client_free(struct http_client **client_at)
{
    struct http_client *client = *client_at;
    *client_at = NULL;
    if (!client) {
        return;
    }
    for (struct http_transfer *transfer = client->all, *next; transfer; transfer = next) {
        next = transfer->next_of_all;
        if (transfer->is_running) {
            curl_multi_remove_handle(client->multi, transfer->easy);
        }
        http_transfer_free(&transfer);
    }
    curl_multi_cleanup(client->multi);
    http_sockets_free(&client->shared.sockets);
    http_waiting_free(&client->shared.waiting);
    free(client);
    curl_global_cleanup();
}

static struct http_transfer *take_transfer(struct http_client *client)
{
    struct http_transfer *transfer = client->idle;
    if (transfer) {
        client->idle = transfer->next_idle;
        return transfer;
    }
    transfer = http_transfer_new(&client->shared);
    transfer->next_of_all = client->all;
    client->all = transfer;
    return transfer;
}

void http_client_post(struct http_client *client, const struct http_post *post, http_answer_fn fn,
                      void *self)
{
    struct http_transfer *transfer = take_transfer(client);
    http_transfer_prepare(transfer, post, fn, self);
    transfer->is_running = true;
    must(curl_multi_add_handle(client->multi, transfer->easy) == CURLM_OK);
}
