/*
 * http_connection.h - one client: bytes in, exchanges in order, bytes out
 *
 * Private to the HTTP server: http_connection.c has the socket and the life of a connection, http_receive.c turns bytes into
 * requests, http_answer.c puts answers in order. A turn of the loop takes each step for all connections before the next one: it reads, and at
 * its end takes heads, asks the handler about them, takes bodies, and writes (http_server_settle). The code of a step fits into the
 * processor's first cache, that of all steps does not.
 * Warts:  a client that neither closes nor reads after the last answer holds its place for HTTP_LINGER_MS.
 */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include "http_chunked.h"
#include "http_deadlines.h"
#include "http_exchange.h"
#include "http_peers.h"
#include "http_response.h"

enum {
    HTTP_LINGER_MS = 2000,
    HTTP_OUTPUT_PAUSE = 256 * 1024, /* unsent bytes at which no further request is begun */
    /* Of unsent answers: a bound of last resort, beyond what the pause and pipeline_max let come about. */
    HTTP_OUTPUT_MAX = 1024 * 1024 * 1024,
};

struct http_connection {
    struct http_server *server;
    int fd;
    enum {
        CONNECTION_HEAD,       /* between requests, or in a head */
        CONNECTION_HEAD_TAKEN, /* the handler has not been asked about it yet */
        CONNECTION_HELD,       /* the handler does not want the body yet */
        CONNECTION_BODY,       /* of known length, in the block */
        CONNECTION_BODY_APART, /* of known length, too long for the block */
        CONNECTION_BODY_CHUNKED,
        CONNECTION_ENDING,    /* no more requests; what is under way is answered */
        CONNECTION_LINGERING, /* all is sent, waiting for the client to close */
        CONNECTION_CLOSED,
    } state;
    struct event readable, writable;
    bool is_reading, is_writing;
    bool has_ended; /* the client sends no more */
    bool is_dirty;  /* in the server's list for the end of the turn */

    struct http_block *block; /* NULL while nothing is unread */
    size_t at, end;           /* unread bytes of the block */
    struct http_scan scan;
    struct http_chunked chunked;
    uint64_t content_length;
    int64_t part_mono_us;     /* when the head or body being received began */
    int64_t progress_mono_ms; /* coarse: when the client last took output, or all was done */
    size_t requests_count;

    struct http_exchanges exchanges; /* not answered, or not yet to be sent */
    size_t exchanges_count;
    size_t bodies_len;               /* of their requests */
    struct http_exchange *receiving; /* the last of them, or NULL */
    struct buf out;
    size_t out_sent;
    struct slice rest; /* lasting bytes, to be sent after out */

    struct http_deadline deadline;
    struct http_peer *peer;
    char peer_text[46];
    LIST_ENTRY(http_connection) link;
    STAILQ_ENTRY(http_connection) later; /* dirty: to go on, or to be freed when closed */
};

struct http_server {
    struct loop *loop;
    struct http_limits limits;
    struct http_handler handler;
    struct http_listeners *listeners;
    struct http_peers *peers;
    struct http_deadlines *deadlines;
    struct http_pools pools;
    struct http_date date;
    LIST_HEAD(, http_connection) connections;
    LIST_HEAD(, http_exchange) orphans;
    STAILQ_HEAD(http_connections, http_connection) dirty;
    size_t connections_count;
    bool is_scheduled;   /* http_server_settle at the end of this turn */
    int64_t now_mono_us; /* of what is being received: of the turn's first read, or later */
    loop_fn on_drained;
    void *drained_self;
    bool is_draining;
};

/* Takes fd, which must be non-blocking. Closes it at once when the address has too many. */
void http_connection_open(struct http_server *server, int fd, const struct sockaddr *address);
void http_connection_close(
    struct http_connection *connection); /* at once; what is under way becomes orphans */
/* Output goes out, as far as the client takes it, which may make room for further requests. */
void http_connection_flush(struct http_connection *connection);
void http_connection_expired(struct http_deadline *deadline);
/* What was read becomes requests, and output goes out, at the end of the turn. */
void http_connection_mark(struct http_connection *connection);
void http_server_schedule(struct http_server *server);
void http_server_settle(void *server);

/* Where the next read goes. */
size_t http_receive_room(struct http_connection *connection, char **out_at);
void http_receive_got(struct http_connection *connection, size_t len);
/* Turns what is unread into requests, as far as it goes and the bounds allow: the first two take one step only. */
void http_receive_head(struct http_connection *connection);
void http_receive_judge(struct http_connection *connection);
void http_receive(struct http_connection *connection);
bool http_receive_is_paused(const struct http_connection *connection);
/* Gives back the block when nothing needs it. */
void http_receive_rest(struct http_connection *connection);

size_t http_connection_unsent(const struct http_connection *connection);
/* Where the next bytes of output go: behind all that is not sent yet. */
struct buf *http_connection_out(struct http_connection *connection);

/* In place of the request being received, or as one more: the answer, then the end. */
void http_refuse(struct http_connection *connection, struct http_refusal refusal);
void http_continue(struct http_exchange *exchange);
/* Of a request that nobody waits for any more. */
void http_end_orphan(struct http_exchange *exchange);
/* Without an answer. */
void http_abandon(struct http_connection *connection, struct http_exchange *exchange);
struct http_exchange *http_begin(struct http_connection *connection);
