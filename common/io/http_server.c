/*
 * http_server.c - the server as a whole: limits, connections, the end of a turn, drain
 */
#include "http_server.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../base/must.h"
#include "http_connection.h"
#include "http_listeners.h"
#include "http_target.h"

struct http_limits http_limits_default(void)
{
    return (struct http_limits){
        .request_line_max = 8 * 1024,
        .headers_bytes_max = 16 * 1024,
        .headers_count_max = 100,
        .body_max = 1024 * 1024,
        .bodies_bytes_max = 256 * 1024 * 1024,
        .pipeline_max = 16,
        .connections_max = 10000,
        .connections_per_ip_max = 0,
        .requests_per_connection_max = 1000,
        .header_timeout_ms = 10 * 1000,
        .keep_alive_timeout_ms = 75 * 1000,
        .body_grace_ms = 5 * 1000,
        .body_rate_min = 1024,
        .write_timeout_ms = 30 * 1000,
    };
}

struct http_server *http_server_new(struct loop *loop, const struct http_limits *limits,
                                    const struct http_handler *handler)
{
    struct http_server *server = xcalloc(1, sizeof *server);

    must(handler->on_request != NULL);
    must(limits->request_line_max > 0 && limits->pipeline_max > 0 && limits->connections_max > 0 &&
         limits->body_rate_min > 0);
    server->loop = loop;
    server->limits = *limits;
    server->handler = *handler;
    LIST_INIT(&server->connections);
    LIST_INIT(&server->orphans);
    STAILQ_INIT(&server->dirty);
    http_pools_init(&server->pools);
    server->peers = http_peers_new();
    server->deadlines = http_deadlines_new(loop, http_connection_expired);
    server->listeners = http_listeners_new(server);
    return server;
}

enum status http_server_bind(struct http_server *server, const char *address, int *out_port,
                             struct error *err)
{
    return http_listeners_add(server->listeners, address, out_port, err);
}

enum status http_server_probe(const char *address, struct error *err)
{
    return http_listeners_probe(address, err);
}

size_t http_server_connections(const struct http_server *server)
{
    return server->connections_count;
}

static void free_connection(struct http_connection *connection)
{
    struct http_server *server = connection->server;

    LIST_REMOVE(connection, link);
    server->connections_count--;
    http_peers_leave(server->peers, &connection->peer);
    http_block_drop(&server->pools, &connection->block);
    buf_fini(&connection->out);
    free(connection);
}

void http_server_schedule(struct http_server *server)
{
    if (server->is_scheduled)
        return;
    server->is_scheduled = true;
    server->now_mono_us = clock_mono_us();
    loop_later(server->loop, http_server_settle, server);
}

/* They stay marked, and in the list: what is answered in one step is written after the last. */
static void receive_all(const struct http_connections *connections)
{
    struct http_connection *connection;

    STAILQ_FOREACH(connection, connections, later)
    http_receive_head(connection);
    STAILQ_FOREACH(connection, connections, later)
    http_receive_judge(connection);
    STAILQ_FOREACH(connection, connections, later)
    http_receive(connection);
}

void http_server_settle(void *self)
{
    struct http_server *server = self;
    struct http_connections dirty = STAILQ_HEAD_INITIALIZER(dirty);
    struct http_connection *connection;

    STAILQ_CONCAT(&dirty, &server->dirty);
    server->is_scheduled = false;
    receive_all(&dirty);
    while ((connection = STAILQ_FIRST(&dirty)) != NULL) {
        STAILQ_REMOVE_HEAD(&dirty, later);
        connection->is_dirty = false;
        if (connection->state == CONNECTION_CLOSED)
            free_connection(connection);
        else
            http_connection_flush(connection);
    }
    if (server->listeners != NULL)
        http_listeners_resume(server->listeners);
    if (server->is_draining && server->connections_count == 0 && server->on_drained != NULL) {
        loop_fn on_drained = server->on_drained;
        server->on_drained = NULL;
        on_drained(server->drained_self); /* may free the server */
    }
}

void http_server_drain(struct http_server *server, loop_fn done, void *self)
{
    struct http_connection *connection;

    must(!server->is_draining);
    server->is_draining = true;
    server->on_drained = done;
    server->drained_self = self;
    http_listeners_free(&server->listeners);
    LIST_FOREACH(connection, &server->connections, link)
    http_connection_mark(connection);
    http_server_schedule(server);
}

void http_server_free(struct http_server **server_at)
{
    struct http_server *server = *server_at;
    struct http_connection *connection;
    struct http_exchange *exchange;

    *server_at = NULL;
    if (server == NULL)
        return;
    http_listeners_free(&server->listeners);
    while ((connection = LIST_FIRST(&server->connections)) != NULL) {
        http_connection_close(connection);
        free_connection(connection);
    }
    while ((exchange = LIST_FIRST(&server->orphans)) != NULL) {
        LIST_REMOVE(exchange, orphan);
        exchange->server = NULL;
    }
    loop_later_cancel(server->loop, server);
    http_deadlines_free(&server->deadlines);
    http_peers_free(&server->peers);
    http_pools_fini(&server->pools);
    free(server);
}

struct slice http_request_header(const struct http_request *request, const char *name)
{
    struct slice wanted = slice_of(name);

    for (size_t i = 0; i < request->headers_count; i++) {
        const struct http_header *header = &request->headers[i];
        if (header->name.len == wanted.len && slice_eq_nocase(header->name, wanted))
            return (struct slice){.at = header->value.at != NULL ? header->value.at : "",
                                  .len = header->value.len};
    }
    return (struct slice){0};
}

bool http_request_has_header(const struct http_request *request, const char *name)
{
    return http_request_header(request, name).at != NULL;
}

void http_request_limit_body(struct http_request *request, size_t max)
{
    http_exchange_of(request)->body_max = max;
}

enum status http_request_query(struct http_request *request, const char *name, struct slice *out)
{
    if (request->query.len == 0)
        return STATUS_ABSENT;
    return http_target_parameter(request->query, name,
                                 http_request_alloc(request, request->query.len), out);
}
