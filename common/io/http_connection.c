/*
 * http_connection.c - the socket of a client, and what the connection waits for
 */
#include "http_connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/must.h"
#include "http_listeners.h"

#define OUTPUT_KEPT 4096 /* room that an idle connection keeps */
#define MS_PER_S 1000
#define US_PER_MS 1000

size_t http_connection_unsent(const struct http_connection *connection)
{
    return connection->out.len - connection->out_sent + connection->rest.len;
}

struct buf *http_connection_out(struct http_connection *connection)
{
    buf_add_slice(&connection->out, connection->rest);
    connection->rest = (struct slice){0};
    return &connection->out;
}

static bool is_idle(const struct http_connection *connection)
{
    return connection->exchanges_count == 0 && connection->at == connection->end &&
           connection->scan.at == 0 && http_connection_unsent(connection) == 0;
}

static void set_event(struct event *event, bool *is_on, bool wanted)
{
    if (*is_on == wanted)
        return;
    *is_on = wanted;
    must((wanted ? event_add(event, NULL) : event_del(event)) == 0);
}

void http_connection_mark(struct http_connection *connection)
{
    struct http_server *server = connection->server;

    if (!connection->is_dirty && connection->state != CONNECTION_CLOSED) {
        connection->is_dirty = true;
        STAILQ_INSERT_TAIL(&server->dirty, connection, later);
        http_server_schedule(server);
    }
}

void http_connection_close(struct http_connection *connection)
{
    struct http_server *server = connection->server;

    if (connection->state == CONNECTION_CLOSED)
        return;
    set_event(&connection->readable, &connection->is_reading, false);
    set_event(&connection->writable, &connection->is_writing, false);
    close(connection->fd);
    http_deadline_cancel(server->deadlines, &connection->deadline);
    while (!STAILQ_EMPTY(&connection->exchanges))
        http_abandon(connection, STAILQ_FIRST(&connection->exchanges));
    http_connection_mark(connection); /* while it is not closed yet: settling frees it */
    connection->state = CONNECTION_CLOSED;
}

/* What it waits for next, and until when. */
static int64_t next_deadline(const struct http_connection *connection)
{
    const struct http_limits *limits = &connection->server->limits;
    const struct http_exchange *receiving = connection->receiving;
    int64_t part_mono_ms = connection->part_mono_us / US_PER_MS;
    int64_t due = HTTP_NO_DEADLINE;

    if (connection->state == CONNECTION_LINGERING)
        return connection->progress_mono_ms + HTTP_LINGER_MS;
    if (is_idle(connection))
        return connection->progress_mono_ms + limits->keep_alive_timeout_ms;
    if (connection->state == CONNECTION_HEAD && connection->scan.at > 0)
        due = part_mono_ms + limits->header_timeout_ms;
    if (receiving != NULL && connection->state > CONNECTION_HELD && !receiving->owes_continue) {
        size_t got = connection->state == CONNECTION_BODY ? connection->end - connection->at
                                                          : receiving->body.len;
        due = part_mono_ms + limits->body_grace_ms +
              (int64_t)(got * MS_PER_S / limits->body_rate_min);
    }
    if (http_connection_unsent(connection) > 0 &&
        connection->progress_mono_ms + limits->write_timeout_ms < due)
        due = connection->progress_mono_ms + limits->write_timeout_ms;
    return due;
}

static void linger(struct http_connection *connection)
{
    /* Closing with unread input would make the kernel reset the connection, and the client may lose the answer. */
    if (connection->has_ended || shutdown(connection->fd, SHUT_WR) != 0) {
        http_connection_close(connection);
        return;
    }
    connection->state = CONNECTION_LINGERING;
    connection->progress_mono_ms = clock_coarse_mono_ms();
}

/* After anything has changed: ends it if nothing is left to do, else waits for the right things. */
static void settle(struct http_connection *connection)
{
    if (connection->state == CONNECTION_ENDING && connection->exchanges_count == 0 &&
        http_connection_unsent(connection) == 0)
        linger(connection);
    else if (connection->server->is_draining && connection->state == CONNECTION_HEAD &&
             is_idle(connection))
        http_connection_close(connection);
    if (connection->state == CONNECTION_CLOSED)
        return;
    http_receive_rest(connection);
    set_event(&connection->readable, &connection->is_reading,
              !connection->has_ended && connection->state != CONNECTION_ENDING &&
                  !http_receive_is_paused(connection));
    set_event(&connection->writable, &connection->is_writing,
              http_connection_unsent(connection) > 0);
    http_deadline_set(connection->server->deadlines, &connection->deadline,
                      next_deadline(connection));
}

static bool is_passing(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* false: the client is gone. */
static bool write_out(struct http_connection *connection)
{
    struct buf *out = &connection->out;
    struct slice part;
    bool is_rest;
    ssize_t len;

    if (out->overflow)
        return false;
    if (http_connection_unsent(connection) == 0)
        return true;
    /* The first try: from here on the client is expected to take it. */
    if (!connection->is_writing)
        connection->progress_mono_ms = clock_coarse_mono_ms();
    is_rest = connection->out_sent == out->len;
    part = is_rest ? connection->rest : slice_from(buf_slice(out), connection->out_sent);
    len = send(connection->fd, part.at, part.len, MSG_NOSIGNAL);
    if (len < 0)
        return is_passing(errno);
    if (connection->is_writing)
        connection->progress_mono_ms = clock_coarse_mono_ms();
    if (is_rest) {
        connection->rest = slice_from(connection->rest, (size_t)len);
        return true;
    }
    connection->out_sent += (size_t)len;
    if (connection->out_sent == out->len) {
        connection->out_sent = 0;
        buf_clear(out);
        if (out->room > OUTPUT_KEPT)
            buf_fini(out);
    } else if (connection->out_sent > out->len / 2) {
        buf_drop_front(out, connection->out_sent);
        connection->out_sent = 0;
    }
    return true;
}

static void discard(struct http_connection *connection)
{
    char scratch[HTTP_BLOCK_SIZE];
    ssize_t len = recv(connection->fd, scratch, sizeof scratch, 0);

    if (len == 0 || (len < 0 && !is_passing(errno)))
        http_connection_close(connection);
}

static void read_in(struct http_connection *connection)
{
    char *at;
    size_t room = http_receive_room(connection, &at);
    ssize_t len;

    must(room > 0);
    len = recv(connection->fd, at, room, 0);
    if (len < 0 && !is_passing(errno)) {
        http_connection_close(connection);
        return;
    }
    connection->has_ended = len == 0;
    if (len > 0)
        http_receive_got(connection, (size_t)len);
}

void http_connection_flush(struct http_connection *connection)
{
    if (!write_out(connection)) {
        http_connection_close(connection);
        return;
    }
    http_receive(connection);
    /* A request that came before the drain is not lost: it may wait in the kernel. */
    if (connection->server->is_draining && connection->is_reading && is_idle(connection)) {
        read_in(connection);
        http_receive(connection);
    }
    if (connection->state != CONNECTION_CLOSED)
        settle(connection);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct http_connection *connection = arg;

    (void)fd;
    (void)what;
    if (connection->state == CONNECTION_LINGERING) {
        discard(connection);
    } else if (connection->state != CONNECTION_CLOSED) {
        read_in(connection);
        http_connection_mark(connection);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    http_connection_mark(arg);
}

void http_connection_expired(struct http_deadline *deadline)
{
    struct http_connection *connection =
        (struct http_connection *)(void *)((char *)deadline -
                                           offsetof(struct http_connection, deadline));
    const struct http_limits *limits = &connection->server->limits;
    int64_t now_mono_ms = clock_mono_ms();
    bool is_stuck;

    /* What has come in this very turn counts, and what the client would take. */
    if (connection->is_dirty) {
        connection->server->now_mono_us = clock_mono_us();
        http_receive(connection);
        if (!write_out(connection)) {
            http_connection_close(connection);
            return;
        }
    }
    is_stuck = http_connection_unsent(connection) > 0 &&
               connection->progress_mono_ms + limits->write_timeout_ms <= now_mono_ms;
    if (next_deadline(connection) > now_mono_ms)
        http_deadline_set(connection->server->deadlines, deadline, next_deadline(connection));
    else if (is_stuck || connection->state == CONNECTION_LINGERING || is_idle(connection))
        http_connection_close(connection);
    else
        http_refuse(connection,
                    (struct http_refusal){408, connection->receiving != NULL ? "body too slow"
                                                                             : "head too slow"});
}

void http_connection_open(struct http_server *server, int fd, const struct sockaddr *address)
{
    struct http_peer *peer =
        http_peers_enter(server->peers, address, server->limits.connections_per_ip_max);
    struct http_connection *connection;

    if (peer == NULL) {
        char text[46];
        close(fd);
        http_peer_text(address, text);
        if (server->handler.on_refused != NULL)
            server->handler.on_refused(429, "too many connections of one address", text,
                                       server->handler.self);
        return;
    }
    connection = xcalloc(1, sizeof *connection);
    connection->server = server;
    connection->fd = fd;
    connection->peer = peer;
    connection->progress_mono_ms = clock_coarse_mono_ms();
    http_peer_text(address, connection->peer_text);
    STAILQ_INIT(&connection->exchanges);
    buf_init(&connection->out, HTTP_OUTPUT_MAX);
    must(event_assign(&connection->readable, loop_base(server->loop), fd, EV_READ | EV_PERSIST,
                      on_readable, connection) == 0);
    must(event_assign(&connection->writable, loop_base(server->loop), fd, EV_WRITE | EV_PERSIST,
                      on_writable, connection) == 0);
    LIST_INSERT_HEAD(&server->connections, connection, link);
    server->connections_count++;
    settle(connection);
}
