/*
 * dispatch_floor.c - bench-dispatch-floor: what a webhook costs when nothing but libcurl and epoll is there
 *
 * A bare curl_multi_socket_action loop over kept connections: no queue, no signature, no outcome. Each
 * handle is used again for the next webhook. Prints one JSON object with the CPU time of the loop.
 */
#include <curl/curl.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net.h"
#include "report.h"
#include "request_template.h"

#define EVENTS_MAX 256
#define BODY_MAX (1024u * 1024)

struct transfer {
    CURL *easy;
    struct buf body;
};

struct floor {
    CURLM *multi;
    int epoll;
    int64_t timeout_at_us; /* -1: none */
    const char *url;
    struct curl_slist *headers;
    struct request_template template;
    struct transfer *transfers;
    size_t transfers_count;
    uint64_t count, started, done, failed;
};

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *self, void *known)
{
    struct floor *floor = self;
    struct epoll_event event = {.data.fd = fd};
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(floor->epoll, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    if (epoll_ctl(floor->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0)
        err(EXIT_FAILURE, "epoll_ctl");
    curl_multi_assign(floor->multi, fd, floor);
    return 0;
}

static int on_timeout(CURLM *multi, long timeout_ms, void *self)
{
    struct floor *floor = self;
    (void)multi;
    floor->timeout_at_us = timeout_ms < 0 ? -1 : clock_mono_us() + timeout_ms * 1000;
    return 0;
}

static size_t on_answer(char *at, size_t size, size_t count, void *self)
{
    (void)at;
    (void)self;
    return size * count;
}

static void start(struct floor *floor, struct transfer *transfer)
{
    if (floor->started == floor->count)
        return;
    struct request_values values = {.seq = floor->started++, .sent_us = clock_mono_us()};
    buf_clear(&transfer->body);
    request_template_render(&floor->template, &values, &transfer->body);
    curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, transfer->body.at);
    curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body.len);
    curl_multi_add_handle(floor->multi, transfer->easy);
}

static void make_transfer(struct floor *floor, struct transfer *transfer)
{
    CURL *easy = curl_easy_init();
    if (!easy)
        errx(EXIT_FAILURE, "curl_easy_init");
    buf_init(&transfer->body, BODY_MAX);
    transfer->easy = easy;
    curl_easy_setopt(easy, CURLOPT_URL, floor->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, floor->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
}

static void take_done(struct floor *floor)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(floor->multi, &left))) {
        struct transfer *transfer;
        long status = 0;
        CURL *easy = message->easy_handle;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        floor->done++;
        floor->failed += code != CURLE_OK || status < 200 || status > 299;
        curl_multi_remove_handle(floor->multi, easy);
        start(floor, transfer);
    }
}

static int wait_ms(const struct floor *floor)
{
    if (floor->timeout_at_us < 0)
        return -1;
    int64_t left_us = floor->timeout_at_us - clock_mono_us();
    return left_us <= 0 ? 0 : (int)(left_us / 1000 + 1);
}

static void run(struct floor *floor)
{
    int running;
    for (size_t i = 0; i < floor->transfers_count; i++)
        start(floor, &floor->transfers[i]);
    while (floor->done < floor->count) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(floor->epoll, events, EVENTS_MAX, wait_ms(floor));
        if (count < 0 && errno != EINTR)
            err(EXIT_FAILURE, "epoll_wait");
        for (int i = 0; i < count; i++) {
            int mask = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                       (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                       (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
            curl_multi_socket_action(floor->multi, events[i].data.fd, mask, &running);
        }
        if (floor->timeout_at_us >= 0 && clock_mono_us() >= floor->timeout_at_us) {
            floor->timeout_at_us = -1;
            curl_multi_socket_action(floor->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        take_done(floor);
    }
}

static void open_floor(struct floor *floor)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    floor->multi = curl_multi_init();
    floor->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!floor->multi || floor->epoll < 0)
        errx(EXIT_FAILURE, "curl_multi_init");
    curl_multi_setopt(floor->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(floor->multi, CURLMOPT_SOCKETDATA, floor);
    curl_multi_setopt(floor->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(floor->multi, CURLMOPT_TIMERDATA, floor);
    curl_multi_setopt(floor->multi, CURLMOPT_MAXCONNECTS, (long)floor->transfers_count);
    floor->transfers = xcalloc(floor->transfers_count, sizeof *floor->transfers);
    for (size_t i = 0; i < floor->transfers_count; i++)
        make_transfer(floor, &floor->transfers[i]);
}

static void close_floor(struct floor *floor)
{
    for (size_t i = 0; i < floor->transfers_count; i++) {
        curl_easy_cleanup(floor->transfers[i].easy);
        buf_fini(&floor->transfers[i].body);
    }
    free(floor->transfers);
    curl_multi_cleanup(floor->multi);
    curl_slist_free_all(floor->headers);
    curl_global_cleanup();
    close(floor->epoll);
}

static uint64_t number(const char *text, uint64_t max)
{
    uint64_t value;
    if (slice_to_u64(slice_of(text), max, &value) != STATUS_OK || value == 0)
        errx(EXIT_FAILURE, "%s: not a number up to %llu", text, (unsigned long long)max);
    return value;
}

static const char usage[] = "usage: bench-dispatch-floor --url URL --body TEXT --count N "
                            "[--concurrency N] [--header 'NAME: VALUE']...";

int main(int argc, char **argv)
{
    static const struct option flags[] = {{"url", 1, NULL, 'u'},         {"body", 1, NULL, 'b'},
                                          {"count", 1, NULL, 'n'},       {"header", 1, NULL, 'h'},
                                          {"concurrency", 1, NULL, 'c'}, {NULL, 0, NULL, 0}};
    struct floor floor = {.timeout_at_us = -1, .transfers_count = 1};
    const char *body = NULL;
    for (int flag; (flag = getopt_long(argc, argv, "", flags, NULL)) != -1;) {
        switch (flag) {
        case 'u':
            floor.url = optarg;
            break;
        case 'b':
            body = optarg;
            break;
        case 'n':
            floor.count = number(optarg, UINT32_MAX);
            break;
        case 'h':
            floor.headers = curl_slist_append(floor.headers, optarg);
            break;
        case 'c':
            floor.transfers_count = (size_t)number(optarg, 10000);
            break;
        default:
            errx(EXIT_FAILURE, "%s", usage);
        }
    }
    if (!floor.url || !body || floor.count == 0 ||
        request_template_parse(slice_of(body), &floor.template) != STATUS_OK)
        errx(EXIT_FAILURE, "%s", usage);
    net_raise_files();
    open_floor(&floor);
    int64_t began_us = clock_mono_us(), cpu_us = report_cpu_us();
    run(&floor);
    printf("{\"sent\":%llu,\"failed\":%llu,\"took_us\":%lld,\"cpu_us\":%lld}\n",
           (unsigned long long)floor.done, (unsigned long long)floor.failed,
           (long long)(clock_mono_us() - began_us), (long long)(report_cpu_us() - cpu_us));
    close_floor(&floor);
    return EXIT_SUCCESS;
}
