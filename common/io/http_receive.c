/*
 * http_receive.c - from bytes to requests
 *
 * A request stays where it was read: its slices point into the block. Only a head that meets the end of its block is moved, before
 * anyone has seen it, and a body that does not fit behind its head is read into memory of its own.
 */
#include <string.h>

#include "http_connection.h"
#include "http_target.h"

#include "../base/clock.h"
#include "../base/must.h"

enum {
    READ_MIN = 2048,        /* less room than this is not worth a read */
    READ_APART = 64 * 1024, /* at first; then as much as came already */
    HEAD_SLACK = 8,         /* empty lines around a head, and one byte too many */
};

static struct slice unread(const struct http_connection *connection)
{
    if (connection->at == connection->end)
        return (struct slice){0};
    return (struct slice){.at = connection->block->at + connection->at,
                          .len = connection->end - connection->at};
}

static void move_to_new_block(struct http_connection *connection)
{
    struct http_pools *pools = &connection->server->pools;
    const struct http_limits *limits = &connection->server->limits;
    struct slice rest = unread(connection);
    size_t head_max = limits->request_line_max + limits->headers_bytes_max + HEAD_SLACK;
    size_t size = rest.len + READ_MIN > HTTP_BLOCK_SIZE ? head_max + READ_MIN : HTTP_BLOCK_SIZE;
    struct http_block *block = http_block_new(pools, size);

    if (rest.len > 0)
        memcpy(block->at, rest.at, rest.len);
    http_block_drop(pools, &connection->block);
    connection->block = block;
    connection->at = 0;
    connection->end = rest.len;
}

size_t http_receive_room(struct http_connection *connection, char **out_at)
{
    if (connection->state == CONNECTION_BODY_APART) {
        struct buf *body = &connection->receiving->body;
        size_t left = (size_t)connection->content_length - body->len;
        size_t step = body->len > READ_APART ? body->len : READ_APART;
        size_t len = left < step ? left : step;

        *out_at = buf_reserve(body, len);
        must(*out_at != NULL);
        return len;
    }
    if (connection->at == connection->end && connection->block != NULL &&
        connection->block->refs == 1)
        connection->at = connection->end = 0;
    if (connection->state != CONNECTION_BODY &&
        (connection->block == NULL || connection->block->size - connection->end < READ_MIN))
        move_to_new_block(connection);
    *out_at = connection->block->at + connection->end;
    return connection->block->size - connection->end;
}

void http_receive_got(struct http_connection *connection, size_t len)
{
    if (connection->state == CONNECTION_BODY_APART)
        buf_grew(&connection->receiving->body, len);
    else
        connection->end += len;
}

bool http_receive_is_paused(const struct http_connection *connection)
{
    if (connection->state == CONNECTION_HELD)
        return true;
    return connection->state == CONNECTION_HEAD && connection->scan.at == 0 &&
           (connection->exchanges_count >= connection->server->limits.pipeline_max ||
            connection->bodies_len > connection->server->limits.body_max ||
            http_connection_unsent(connection) >= HTTP_OUTPUT_PAUSE);
}

static void fill_request(struct http_exchange *exchange, const struct http_head *head)
{
    struct http_connection *connection = exchange->connection;
    const struct http_server *server = connection->server;
    struct http_request *request = &exchange->request;

    request->method = head->method;
    request->headers = head->headers;
    request->headers_count = head->headers_count;
    request->started_mono_us = connection->part_mono_us;
    memcpy(request->peer, connection->peer_text, sizeof request->peer);
    exchange->is_http_1_0 = head->is_http_1_0;
    exchange->has_body = head->is_chunked || head->content_length > 0;
    exchange->is_chunked = head->is_chunked;
    exchange->expects_continue = head->expects_continue && exchange->has_body;
    connection->content_length = head->content_length;
    exchange->body_max = server->limits.body_max;
    exchange->closes = !head->keep_alive ||
                       (server->limits.requests_per_connection_max > 0 &&
                        connection->requests_count >= server->limits.requests_per_connection_max);
}

/* false: refused. */
static bool take_head(struct http_connection *connection)
{
    struct http_scan scan = connection->scan;
    struct slice text = {.at = connection->block->at + connection->at + scan.start,
                         .len = scan.at - scan.start};
    struct http_exchange *exchange = http_begin(connection);
    struct http_request *request = &exchange->request;
    struct http_refusal refusal = {.status = 400};
    struct http_head head;
    struct http_header *headers =
        http_request_alloc(request, scan.line_count * sizeof(struct http_header));

    connection->receiving = exchange;
    connection->requests_count++;
    connection->scan = (struct http_scan){0};
    connection->at += scan.at;
    exchange->block = connection->block;
    exchange->block->refs++;
    exchange->is_head = slice_starts(text, "HEAD ");
    if (http_head_parse(text, headers, scan.line_count, &head, &refusal) == STATUS_OK) {
        bool is_escaped = memchr(head.target.at, '%', head.target.len) != NULL;
        char *room = is_escaped ? http_request_alloc(request, head.target.len) : NULL;

        fill_request(exchange, &head);
        refusal.reason = http_target_parse(head.target, room, &request->path, &request->query);
    }
    if (refusal.reason != NULL)
        http_refuse(connection, refusal);
    return refusal.reason == NULL;
}

/* false: refused. */
static bool reserve_body(struct http_connection *connection, size_t len)
{
    struct http_server *server = connection->server;
    bool fits = http_exchange_reserve(&server->pools, connection->receiving, len,
                                      server->limits.bodies_bytes_max);

    if (!fits)
        http_refuse(connection, (struct http_refusal){503, "too many bodies at a time"});
    return fits;
}

static void expect_body(struct http_connection *connection)
{
    struct http_exchange *exchange = connection->receiving;
    uint64_t len = connection->content_length;

    if (len > exchange->body_max) {
        http_refuse(connection, (struct http_refusal){413, "body too large"});
        return;
    }
    if (!reserve_body(connection, (size_t)len))
        return;
    connection->part_mono_us = connection->server->now_mono_us;
    if (exchange->is_chunked) {
        connection->chunked = (struct http_chunked){.max = exchange->body_max};
        buf_init(&exchange->body, exchange->body_max + 1);
        connection->state = CONNECTION_BODY_CHUNKED;
    } else if (len <= connection->block->size - connection->at) {
        connection->state = CONNECTION_BODY;
    } else {
        buf_init(&exchange->body, (size_t)len);
        buf_add_slice(&exchange->body, unread(connection));
        connection->at = connection->end;
        connection->state = CONNECTION_BODY_APART;
    }
    if (exchange->expects_continue)
        http_continue(exchange);
}

void http_request_hold(struct http_request *request)
{
    struct http_exchange *exchange = http_exchange_of(request);
    struct http_connection *connection = exchange->connection;

    must(connection->receiving == exchange && connection->state == CONNECTION_HEAD);
    exchange->state = EXCHANGE_HELD;
    connection->state = CONNECTION_HELD;
}

void http_request_go_on(struct http_request *request)
{
    struct http_exchange *exchange = http_exchange_of(request);
    struct http_connection *connection = exchange->connection;

    must(exchange->state == EXCHANGE_HELD);
    if (connection == NULL) {
        http_end_orphan(exchange);
        return;
    }
    exchange->state = EXCHANGE_RECEIVING;
    connection->server->now_mono_us = clock_mono_us(); /* the body's time begins now */
    expect_body(connection);
    http_connection_mark(
        connection); /* what has come of the body is taken at the end of the turn */
}

static void hand_over(struct http_connection *connection, struct slice body)
{
    struct http_exchange *exchange = connection->receiving;
    const struct http_handler *handler = &connection->server->handler;

    exchange->request.body = body;
    connection->bodies_len += body.len;
    exchange->state = EXCHANGE_HANDLED;
    connection->receiving = NULL;
    connection->part_mono_us = connection->server->now_mono_us;
    connection->state = exchange->closes ? CONNECTION_ENDING : CONNECTION_HEAD;
    handler->on_request(&exchange->request,
                        handler->self); /* which may answer: the exchange is gone */
}

/* Each returns whether it got on; false: more bytes are needed, or nothing more is wanted. */
static bool receive_head(struct http_connection *connection)
{
    struct http_refusal refusal;
    enum http_progress progress;

    if (connection->at == connection->end || http_receive_is_paused(connection))
        return false;
    if (connection->scan.at == 0)
        connection->part_mono_us = connection->server->now_mono_us;
    progress = http_scan_head(&connection->scan, &connection->server->limits, unread(connection),
                              &refusal);
    if (progress == HTTP_REFUSED)
        http_refuse(connection, refusal);
    if (progress != HTTP_COMPLETE || !take_head(connection))
        return false;
    connection->state = CONNECTION_HEAD_TAKEN;
    return true;
}

static bool judge_head(struct http_connection *connection)
{
    const struct http_handler *handler = &connection->server->handler;

    connection->state = CONNECTION_HEAD;
    if (handler->on_head != NULL)
        handler->on_head(&connection->receiving->request, handler->self);
    /* Answered already? Then it is no longer being received. */
    if (connection->receiving != NULL && connection->state == CONNECTION_HEAD)
        expect_body(connection);
    return true;
}

static bool receive_body(struct http_connection *connection)
{
    struct slice body = unread(connection);

    if (body.len < connection->content_length)
        return false;
    body.len = (size_t)connection->content_length;
    connection->at += body.len;
    hand_over(connection, body);
    return true;
}

static bool receive_body_apart(struct http_connection *connection)
{
    struct slice body = buf_slice(&connection->receiving->body);

    if (body.len < connection->content_length)
        return false;
    hand_over(connection, body);
    return true;
}

static bool receive_body_chunked(struct http_connection *connection)
{
    struct http_exchange *exchange = connection->receiving;
    struct slice input = unread(connection);
    struct http_refusal refusal;
    enum http_progress progress =
        http_chunked_decode(&connection->chunked, &input, &exchange->body, &refusal);

    connection->at = connection->end - input.len;
    if (progress == HTTP_REFUSED)
        http_refuse(connection, refusal);
    if (progress == HTTP_REFUSED || !reserve_body(connection, exchange->body.room) ||
        progress != HTTP_COMPLETE)
        return false;
    hand_over(connection, buf_slice(&exchange->body));
    return true;
}

static bool receive_part(struct http_connection *connection)
{
    switch (connection->state) {
    case CONNECTION_HEAD:
        return receive_head(connection);
    case CONNECTION_HEAD_TAKEN:
        return judge_head(connection);
    case CONNECTION_BODY:
        return receive_body(connection);
    case CONNECTION_BODY_APART:
        return receive_body_apart(connection);
    case CONNECTION_BODY_CHUNKED:
        return receive_body_chunked(connection);
    case CONNECTION_HELD:
    case CONNECTION_ENDING:
    case CONNECTION_LINGERING:
    case CONNECTION_CLOSED:
        break;
    }
    return false;
}

void http_receive_head(struct http_connection *connection)
{
    if (connection->state == CONNECTION_HEAD)
        receive_head(connection);
}

void http_receive_judge(struct http_connection *connection)
{
    if (connection->state == CONNECTION_HEAD_TAKEN)
        judge_head(connection);
}

void http_receive(struct http_connection *connection)
{
    while (receive_part(connection))
        continue;
    if (connection->has_ended && !http_receive_is_paused(connection) &&
        connection->state < CONNECTION_ENDING) {
        /* The client will not send the rest of it. */
        if (connection->receiving != NULL)
            http_abandon(connection, connection->receiving);
        connection->state = CONNECTION_ENDING;
    }
}

void http_receive_rest(struct http_connection *connection)
{
    /* A block that requests lie in is kept: the next ones may fit in behind them. */
    if (connection->block == NULL || connection->at < connection->end ||
        connection->block->refs > 1)
        return;
    http_block_drop(&connection->server->pools, &connection->block);
    connection->at = connection->end = 0;
}
