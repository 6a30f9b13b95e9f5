/*
 * http_sockets.c - what libcurl wants to know of its sockets, from libevent
 */
#include "http_sockets.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/must.h"

/* Reading and writing apart, so that libevent changes a registration in place. */
struct http_socket {
    struct http_sockets *sockets;
    struct event *reading, *writing;
    int fd;
    int wanted;    /* CURL_POLL_* bits, 0: in the pool */
    bool is_owned; /* a connection; else one of the resolver's */
};

struct http_sockets {
    CURLM *multi;
    struct event_base *base;
    struct http_socket **by_fd;
    size_t room;
    struct loop_timer *timer;
    loop_fn after;
    void *self;
};

static void on_ready(evutil_socket_t fd, short what, void *self)
{
    struct http_socket *socket = self;
    struct http_sockets *sockets = socket->sockets;
    bool is_read = (what & EV_READ) != 0;
    if ((socket->wanted & (is_read ? CURL_POLL_IN : CURL_POLL_OUT)) == 0) {
        event_del(is_read ? socket->reading : socket->writing);
        return;
    }
    int running = 0;
    int bits = is_read ? CURL_CSELECT_IN : CURL_CSELECT_OUT;
    must(curl_multi_socket_action(sockets->multi, fd, bits, &running) == CURLM_OK);
    sockets->after(sockets->self);
}

static struct http_socket *socket_of(struct http_sockets *sockets, int fd)
{
    must(fd >= 0);
    size_t index = (size_t)fd;
    if (index >= sockets->room) {
        size_t room = (index + 64) * 2;
        sockets->by_fd = xrealloc(sockets->by_fd, room * sizeof *sockets->by_fd);
        memset(sockets->by_fd + sockets->room, 0, (room - sockets->room) * sizeof *sockets->by_fd);
        sockets->room = room;
    }
    if (sockets->by_fd[index]) {
        return sockets->by_fd[index];
    }
    struct http_socket *socket = xcalloc(1, sizeof *socket);
    socket->sockets = sockets;
    socket->fd = fd;
    socket->reading = event_new(sockets->base, fd, EV_READ | EV_PERSIST, on_ready, socket);
    socket->writing = event_new(sockets->base, fd, EV_WRITE | EV_PERSIST, on_ready, socket);
    must(socket->reading && socket->writing);
    sockets->by_fd[index] = socket;
    return socket;
}

static void forget(struct http_sockets *sockets, int fd)
{
    struct http_socket *socket = (size_t)fd < sockets->room ? sockets->by_fd[fd] : NULL;
    if (!socket) {
        return;
    }
    event_free(socket->reading);
    event_free(socket->writing);
    free(socket);
    sockets->by_fd[fd] = NULL;
}

static void register_if(struct event *event, short what, bool is_wanted)
{
    if (is_wanted && !event_pending(event, what, NULL)) {
        must(event_add(event, NULL) == 0);
    }
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *self, void *socket_data)
{
    (void)easy;
    (void)socket_data;
    struct http_sockets *sockets = self;
    if (what == CURL_POLL_REMOVE) {
        struct http_socket *socket = (size_t)fd < sockets->room ? sockets->by_fd[fd] : NULL;
        if (socket && !socket->is_owned) {
            forget(sockets, fd);
        } else if (socket) {
            socket->wanted = 0;
            event_del(socket->writing); /* it is always ready: it would wake us for nothing */
        }
        return 0;
    }
    struct http_socket *socket = socket_of(sockets, fd);
    socket->wanted = what;
    register_if(socket->reading, EV_READ, what & CURL_POLL_IN);
    register_if(socket->writing, EV_WRITE, what & CURL_POLL_OUT);
    if (!(what & CURL_POLL_OUT)) {
        event_del(socket->writing);
    }
    return 0;
}

static int on_timeout_change(CURLM *multi, long timeout_ms, void *self)
{
    (void)multi;
    struct http_sockets *sockets = self;
    if (timeout_ms < 0) {
        loop_timer_stop(sockets->timer);
    } else {
        loop_timer_start(sockets->timer, timeout_ms);
    }
    return 0;
}

static void on_timer(void *self)
{
    struct http_sockets *sockets = self;
    int running = 0;
    must(curl_multi_socket_action(sockets->multi, CURL_SOCKET_TIMEOUT, 0, &running) == CURLM_OK);
    sockets->after(sockets->self);
}

struct http_sockets *http_sockets_new(struct loop *loop, void *multi, loop_fn after, void *self)
{
    struct http_sockets *sockets = xcalloc(1, sizeof *sockets);
    sockets->multi = multi;
    sockets->base = loop_base(loop);
    sockets->timer = loop_timer_new(loop, on_timer, sockets);
    sockets->after = after;
    sockets->self = self;
    must(curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK);
    must(curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, sockets) == CURLM_OK);
    must(curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timeout_change) == CURLM_OK);
    must(curl_multi_setopt(multi, CURLMOPT_TIMERDATA, sockets) == CURLM_OK);
    return sockets;
}

void http_sockets_free(struct http_sockets **sockets_at)
{
    struct http_sockets *sockets = *sockets_at;
    *sockets_at = NULL;
    if (!sockets) {
        return;
    }
    for (size_t i = 0; i < sockets->room; i++) {
        forget(sockets, (int)i);
    }
    loop_timer_free(&sockets->timer);
    free(sockets->by_fd);
    free(sockets);
}

void http_sockets_own(struct http_sockets *sockets, int fd)
{
    forget(sockets, fd); /* the number may have been another's, closed without a word */
    socket_of(sockets, fd)->is_owned = true;
}

int http_sockets_close(void *self, int fd)
{
    forget(self, fd);
    return close(fd);
}
