/*
 * http_listeners.c - binding and accepting
 */
#include "http_listeners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/must.h"
#include "http_connection.h"

enum {
    LISTENERS_MAX = 8,
    BACKLOG = 4096,
    ACCEPTS_PER_TURN = 64,
    SHORTAGE_PAUSE_MS = 100,
};

struct listener {
    struct http_listeners *all;
    int fd;
    struct event event;
};

struct http_listeners {
    struct http_server *server;
    struct listener listeners[LISTENERS_MAX];
    size_t count;
    int reserve_fd;
    struct loop_timer *shortage; /* set: out of descriptors a moment ago */
    bool is_paused;
};

union address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    struct sockaddr_storage room;
};

static void pause_accepting(struct http_listeners *listeners)
{
    listeners->is_paused = true;
    for (size_t i = 0; i < listeners->count; i++)
        must(event_del(&listeners->listeners[i].event) == 0);
}

void http_listeners_resume(struct http_listeners *listeners)
{
    const struct http_server *server = listeners->server;

    if (!listeners->is_paused || loop_timer_is_set(listeners->shortage) ||
        server->connections_count >= server->limits.connections_max)
        return;
    listeners->is_paused = false;
    for (size_t i = 0; i < listeners->count; i++)
        must(event_add(&listeners->listeners[i].event, NULL) == 0);
}

static void on_shortage_over(void *self)
{
    http_listeners_resume(self);
}

static int open_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_shortage(struct http_listeners *listeners, int listening_fd)
{
    if (listeners->reserve_fd >= 0) {
        close(listeners->reserve_fd);
        int fd = accept(listening_fd, NULL, NULL);
        if (fd >= 0)
            close(fd);
    }
    listeners->reserve_fd = open_reserve();
    pause_accepting(listeners);
    loop_timer_start(listeners->shortage, SHORTAGE_PAUSE_MS);
}

/* false: no more this turn. */
static bool accept_one(struct http_listeners *listeners, int listening_fd)
{
    struct http_server *server = listeners->server;
    union address address = {0};
    socklen_t len = sizeof address;
    int fd;

    if (server->connections_count >= server->limits.connections_max) {
        pause_accepting(listeners);
        return false;
    }
    fd = accept4(listening_fd, &address.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        http_connection_open(server, fd, &address.any);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        on_shortage(listeners, listening_fd);
        return false;
    }
    /* Others are errors of the one client, who is gone already. */
    return errno != EAGAIN && errno != EWOULDBLOCK;
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
    const struct listener *listener = arg;

    (void)what;
    for (size_t i = 0; i < ACCEPTS_PER_TURN; i++) {
        if (!accept_one(listener->all, fd))
            break;
    }
}

struct http_listeners *http_listeners_new(struct http_server *server)
{
    struct http_listeners *listeners = xcalloc(1, sizeof *listeners);

    listeners->server = server;
    listeners->reserve_fd = open_reserve();
    listeners->shortage = loop_timer_new(server->loop, on_shortage_over, listeners);
    return listeners;
}

void http_listeners_free(struct http_listeners **listeners_at)
{
    struct http_listeners *listeners = *listeners_at;

    *listeners_at = NULL;
    if (listeners == NULL)
        return;
    for (size_t i = 0; i < listeners->count; i++) {
        event_del(&listeners->listeners[i].event);
        close(listeners->listeners[i].fd);
    }
    loop_timer_free(&listeners->shortage);
    if (listeners->reserve_fd >= 0)
        close(listeners->reserve_fd);
    free(listeners);
}

static enum status parse_address(const char *text, union address *out, socklen_t *out_len)
{
    const char *colon = strrchr(text, ':');
    struct slice host;
    char name[INET6_ADDRSTRLEN];
    uint64_t port;

    if (colon == NULL || slice_to_u64(slice_of(colon + 1), UINT16_MAX, &port) != STATUS_OK)
        return STATUS_INVALID;
    host = (struct slice){.at = text, .len = (size_t)(colon - text)};
    *out = (union address){0};
    if (host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']') {
        host = (struct slice){.at = host.at + 1, .len = host.len - 2};
        out->ipv6.sin6_family = AF_INET6;
        out->ipv6.sin6_port = htons((uint16_t)port);
        *out_len = sizeof out->ipv6;
        return slice_to_text(host, name, sizeof name) == STATUS_OK &&
                       inet_pton(AF_INET6, name, &out->ipv6.sin6_addr) == 1
                   ? STATUS_OK
                   : STATUS_INVALID;
    }
    if (slice_is(host, "localhost"))
        host = SLICE("127.0.0.1");
    out->ipv4.sin_family = AF_INET;
    out->ipv4.sin_port = htons((uint16_t)port);
    *out_len = sizeof out->ipv4;
    return slice_to_text(host, name, sizeof name) == STATUS_OK &&
                   inet_pton(AF_INET, name, &out->ipv4.sin_addr) == 1
               ? STATUS_OK
               : STATUS_INVALID;
}

/* -1: errno says why. */
static int open_bound(const union address *address, socklen_t len, int is_shared)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1, off = 0, error;

    if (fd < 0)
        return -1;
    /* Accepted sockets take TCP_NODELAY from here. [::] serves IPv4 too, whatever the system's default is. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &is_shared, sizeof is_shared) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
        (address->any.sa_family != AF_INET6 ||
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0) &&
        bind(fd, &address->any, len) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

static enum status bind_to(const char *text, bool is_shared, union address *address, socklen_t *len,
                           int *out_fd, struct error *err)
{
    if (parse_address(text, address, len) != STATUS_OK) {
        error_set(err, "'%s' is not an address to listen on: write ADDR:PORT or [ADDR6]:PORT",
                  text);
        return STATUS_INVALID;
    }
    *out_fd = open_bound(address, *len, is_shared);
    if (*out_fd >= 0)
        return STATUS_OK;
    error_set(err, "cannot listen on %s: %s", text, strerror(errno));
    return STATUS_FAILED;
}

enum status http_listeners_probe(const char *address, struct error *err)
{
    union address bound;
    socklen_t len;
    int fd;
    enum status status = bind_to(address, false, &bound, &len, &fd, err);

    if (status == STATUS_OK)
        close(fd);
    return status;
}

enum status http_listeners_add(struct http_listeners *listeners, const char *address, int *out_port,
                               struct error *err)
{
    struct listener *listener = &listeners->listeners[listeners->count];
    union address bound;
    socklen_t len;
    enum status status;

    must(listeners->count < LISTENERS_MAX);
    status = bind_to(address, true, &bound, &len, &listener->fd, err);
    if (status != STATUS_OK)
        return status;
    if (listen(listener->fd, BACKLOG) != 0 || getsockname(listener->fd, &bound.any, &len) != 0) {
        error_set(err, "cannot listen on %s: %s", address, strerror(errno));
        close(listener->fd);
        return STATUS_FAILED;
    }
    listener->all = listeners;
    must(event_assign(&listener->event, loop_base(listeners->server->loop), listener->fd,
                      EV_READ | EV_PERSIST, on_acceptable, listener) == 0);
    listeners->count++;
    if (!listeners->is_paused)
        must(event_add(&listener->event, NULL) == 0);
    if (out_port != NULL)
        *out_port =
            ntohs(bound.any.sa_family == AF_INET6 ? bound.ipv6.sin6_port : bound.ipv4.sin_port);
    return STATUS_OK;
}
