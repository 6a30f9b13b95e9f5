/*
 * http_exchange.c - pooled blocks and exchanges, and the arena of a request
 */
#include "http_exchange.h"

#include <stdlib.h>
#include <string.h>

#include "../base/must.h"

struct http_piece {
    struct http_piece *next;
    size_t used, size;
    _Alignas(16) char at[];
};

#define ALIGNMENT 16
#define PIECE_SIZE 4096

void http_pools_init(struct http_pools *pools)
{
    *pools = (struct http_pools){0};
    SLIST_INIT(&pools->blocks);
    STAILQ_INIT(&pools->exchanges);
}

void http_pools_fini(struct http_pools *pools)
{
    struct http_block *block;
    struct http_exchange *exchange;

    while ((block = SLIST_FIRST(&pools->blocks)) != NULL) {
        SLIST_REMOVE_HEAD(&pools->blocks, link);
        free(block);
    }
    while ((exchange = STAILQ_FIRST(&pools->exchanges)) != NULL) {
        STAILQ_REMOVE_HEAD(&pools->exchanges, link);
        free(exchange);
    }
}

struct http_block *http_block_new(struct http_pools *pools, size_t size)
{
    struct http_block *block = SLIST_FIRST(&pools->blocks);

    if (size > HTTP_BLOCK_SIZE || block == NULL) {
        size = size > HTTP_BLOCK_SIZE ? size : HTTP_BLOCK_SIZE;
        block = xmalloc(sizeof *block + size);
        block->size = size;
    } else {
        SLIST_REMOVE_HEAD(&pools->blocks, link);
        pools->blocks_count--;
    }
    block->refs = 1;
    return block;
}

void http_block_drop(struct http_pools *pools, struct http_block **block_at)
{
    struct http_block *block = *block_at;

    *block_at = NULL;
    if (block == NULL || --block->refs > 0)
        return;
    if (pools == NULL || block->size > HTTP_BLOCK_SIZE || pools->blocks_count == HTTP_POOL_MAX) {
        free(block);
        return;
    }
    SLIST_INSERT_HEAD(&pools->blocks, block, link);
    pools->blocks_count++;
}

struct http_exchange *http_exchange_new(struct http_pools *pools)
{
    struct http_exchange *exchange = STAILQ_FIRST(&pools->exchanges);

    if (exchange == NULL) {
        exchange = xmalloc(sizeof *exchange);
    } else {
        STAILQ_REMOVE_HEAD(&pools->exchanges, link);
        pools->exchanges_count--;
    }
    /* All but the arena, whose bytes are nobody's yet. */
    memset(exchange, 0, offsetof(struct http_exchange, arena));
    exchange->magic = HTTP_EXCHANGE_MAGIC;
    return exchange;
}

void http_exchange_free(struct http_pools *pools, struct http_exchange **exchange_at)
{
    struct http_exchange *exchange = *exchange_at;

    *exchange_at = NULL;
    exchange->magic = 0;
    if (pools != NULL)
        pools->bodies_len -= exchange->reserved;
    http_block_drop(pools, &exchange->block);
    buf_fini(&exchange->body);
    buf_fini(&exchange->answer);
    while (exchange->pieces != NULL) {
        struct http_piece *piece = exchange->pieces;
        exchange->pieces = piece->next;
        free(piece);
    }
    if (pools == NULL || pools->exchanges_count == HTTP_POOL_MAX) {
        free(exchange);
        return;
    }
    STAILQ_INSERT_HEAD(&pools->exchanges, exchange, link);
    pools->exchanges_count++;
}

bool http_exchange_reserve(struct http_pools *pools, struct http_exchange *exchange, size_t len,
                           size_t max)
{
    size_t others = pools->bodies_len - exchange->reserved;

    if (len > max || others > max - len)
        return false;
    pools->bodies_len = others + len;
    exchange->reserved = len;
    return true;
}

struct http_exchange *http_exchange_of(struct http_request *request)
{
    struct http_exchange *exchange = (struct http_exchange *)(void *)request;

    must(exchange->magic == HTTP_EXCHANGE_MAGIC);
    return exchange;
}

void *http_request_alloc(struct http_request *request, size_t size)
{
    struct http_exchange *exchange = http_exchange_of(request);
    struct http_piece *piece = exchange->pieces;
    size_t len = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *at;

    must(len >= size);
    if (len <= HTTP_ARENA_SIZE - exchange->arena_used) {
        at = exchange->arena + exchange->arena_used;
        exchange->arena_used += len;
        return at;
    }
    if (piece == NULL || len > piece->size - piece->used) {
        size_t room = len > PIECE_SIZE ? len : PIECE_SIZE;
        piece = xmalloc(sizeof *piece + room);
        *piece = (struct http_piece){.next = exchange->pieces, .size = room};
        exchange->pieces = piece;
    }
    at = piece->at + piece->used;
    piece->used += len;
    return at;
}
