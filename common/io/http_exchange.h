/*
 * http_exchange.h - one request and its answer, and the memory they live in
 *
 * A block holds bytes as they were read; the connection and every exchange whose request lies in it have a reference. An exchange
 * belongs to its connection until it is answered, or, when the connection goes first, to itself until http_respond.
 */
#pragma once

#include <stdint.h>
#include <sys/queue.h>

#include "http_server.h"

enum {
    HTTP_BLOCK_SIZE = 16 * 1024,
    HTTP_ARENA_SIZE = 2048,
    HTTP_POOL_MAX = 256, /* of each kind, kept for reuse */
};

struct http_block {
    size_t refs;
    size_t size;
    SLIST_ENTRY(http_block) link; /* in the pool */
    char at[];
};

struct http_connection;
struct http_piece; /* of an arena that outgrew its first bytes */

#define HTTP_EXCHANGE_MAGIC 0x68747470U

struct http_exchange {
    struct http_request request; /* first: what the handler gets */
    uint32_t magic;
    enum {
        EXCHANGE_RECEIVING,
        EXCHANGE_HELD, /* the handler will let it go on, or answer it */
        EXCHANGE_HANDLED,
        EXCHANGE_ANSWERED,
    } state;
    struct http_server *server;         /* NULL: freed */
    struct http_connection *connection; /* NULL: gone, the answer goes nowhere */
    STAILQ_ENTRY(http_exchange) link;   /* in the connection, in order of arrival */
    LIST_ENTRY(http_exchange) orphan;   /* in the server, without a connection */
    struct http_block *block;           /* with the head, and the body if it fits */
    struct buf body;                    /* if not */
    struct buf answer;                  /* while earlier ones are not answered */
    struct slice answer_rest;           /* what follows it */
    size_t body_max;
    size_t reserved; /* for its body, of the pools' bodies_len */
    bool is_chunked, expects_continue;
    bool is_head;       /* HEAD: an answer has no body */
    bool is_http_1_0;   /* an answer must say keep-alive */
    bool closes;        /* the connection ends with this exchange */
    bool owes_continue; /* 100-continue, once the earlier ones are answered */
    bool has_body;
    struct http_piece *pieces;
    size_t arena_used;
    _Alignas(16) char arena[HTTP_ARENA_SIZE];
};
STAILQ_HEAD(http_exchanges, http_exchange);

struct http_pools {
    SLIST_HEAD(, http_block) blocks;
    STAILQ_HEAD(, http_exchange) exchanges;
    size_t blocks_count, exchanges_count;
    size_t bodies_len; /* of all exchanges: come, or announced by a Content-Length */
};
void http_pools_init(struct http_pools *pools);
void http_pools_fini(struct http_pools *pools);

/* One reference. pools may be NULL for the second. */
struct http_block *http_block_new(struct http_pools *pools, size_t size);
void http_block_drop(struct http_pools *pools, struct http_block **block);

struct http_exchange *http_exchange_new(struct http_pools *pools);
void http_exchange_free(struct http_pools *pools, struct http_exchange **exchange);

/* len bytes for the body in all, until the exchange is freed. False: bodies_len would pass max. */
bool http_exchange_reserve(struct http_pools *pools, struct http_exchange *exchange, size_t len,
                           size_t max);
struct http_exchange *http_exchange_of(struct http_request *request); /* checks the magic */
