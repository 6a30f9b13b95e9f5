/*
 * http_answer.c - answers, in the order of the requests
 */
#include "http_connection.h"
#include "problem_response.h"

#include "../base/clock.h"
#include "../base/must.h"
#include "../base/random.h"

#define PROBLEM_MAX 2048
#define REQUEST_ID_LEN 16

struct http_exchange *http_begin(struct http_connection *connection)
{
    struct http_exchange *exchange = http_exchange_new(&connection->server->pools);

    exchange->server = connection->server;
    exchange->connection = connection;
    STAILQ_INSERT_TAIL(&connection->exchanges, exchange, link);
    connection->exchanges_count++;
    return exchange;
}

/* Out of the connection: freed, or left to the handler that will answer it. */
static void detach(struct http_connection *connection, struct http_exchange *exchange)
{
    connection->exchanges_count--;
    connection->bodies_len -= exchange->request.body.len;
    exchange->connection = NULL;
    if (connection->receiving == exchange)
        connection->receiving = NULL;
    if (exchange->state == EXCHANGE_HANDLED || exchange->state == EXCHANGE_HELD)
        LIST_INSERT_HEAD(&connection->server->orphans, exchange, orphan);
    else
        http_exchange_free(&connection->server->pools, &exchange);
}

void http_abandon(struct http_connection *connection, struct http_exchange *exchange)
{
    STAILQ_REMOVE(&connection->exchanges, exchange, http_exchange, link);
    detach(connection, exchange);
}

void http_continue(struct http_exchange *exchange)
{
    struct http_connection *connection = exchange->connection;

    exchange->owes_continue = STAILQ_FIRST(&connection->exchanges) != exchange;
    if (exchange->owes_continue)
        return;
    buf_add_slice(http_connection_out(connection), SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
    connection->part_mono_us = clock_mono_us(); /* the client's time begins now */
    http_connection_mark(connection);
}

static void end_requests(struct http_connection *connection)
{
    struct http_exchange *exchange;

    connection->state = CONNECTION_ENDING;
    while ((exchange = STAILQ_FIRST(&connection->exchanges)) != NULL) {
        STAILQ_REMOVE_HEAD(&connection->exchanges, link);
        detach(connection, exchange);
    }
}

/* The first exchange's answer is in out. What was answered behind it follows. */
static void advance(struct http_connection *connection)
{
    struct http_exchange *exchange = STAILQ_FIRST(&connection->exchanges);

    while (exchange != NULL && exchange->state == EXCHANGE_ANSWERED) {
        bool closes = exchange->closes;

        /* The first one's is in out already. */
        if (exchange->answer.len > 0) {
            buf_add_slice(http_connection_out(connection), buf_slice(&exchange->answer));
            connection->rest = exchange->answer_rest;
        }
        connection->out.overflow |= exchange->answer.overflow;
        STAILQ_REMOVE_HEAD(&connection->exchanges, link);
        detach(connection, exchange);
        if (closes)
            end_requests(connection);
        exchange = STAILQ_FIRST(&connection->exchanges);
    }
    if (exchange != NULL && exchange->owes_continue)
        http_continue(exchange);
}

static void answer(struct http_exchange *exchange, const struct http_response *response)
{
    struct http_connection *connection = exchange->connection;
    bool is_first = STAILQ_FIRST(&connection->exchanges) == exchange;
    struct slice rest;
    struct http_answer_to to = {.is_head = exchange->is_head, .is_http_1_0 = exchange->is_http_1_0};

    if (exchange->state < EXCHANGE_HANDLED) {
        connection->receiving = NULL;
        connection->state = CONNECTION_HEAD;
        /* Its body, if any, cannot be told from a next request any more. */
        exchange->closes |= exchange->has_body;
    }
    exchange->closes |= response->close || connection->server->is_draining;
    exchange->state = EXCHANGE_ANSWERED;
    to.closes = exchange->closes;
    if (exchange->closes)
        connection->state = CONNECTION_ENDING;
    if (!is_first)
        buf_init(&exchange->answer, HTTP_OUTPUT_MAX);
    rest = http_response_write(response, &to, &connection->server->date,
                               is_first ? http_connection_out(connection) : &exchange->answer);
    *(is_first ? &connection->rest : &exchange->answer_rest) = rest;
    if (is_first)
        advance(connection);
    http_connection_mark(connection);
}

void http_end_orphan(struct http_exchange *exchange)
{
    if (exchange->server == NULL) {
        http_exchange_free(NULL, &exchange);
        return;
    }
    LIST_REMOVE(exchange, orphan);
    http_exchange_free(&exchange->server->pools, &exchange);
}

void http_respond(struct http_request *request, const struct http_response *response)
{
    struct http_exchange *exchange = http_exchange_of(request);

    must(exchange->state != EXCHANGE_ANSWERED);
    if (exchange->connection != NULL)
        answer(exchange, response);
    else
        http_end_orphan(exchange);
}

static const char *code_of(int status)
{
    switch (status) {
    case 405:
        return "method_not_allowed";
    case 408:
        return "request_timeout";
    case 413:
        return "body_too_large";
    case 417:
        return "expectation_failed";
    case 431:
        return "headers_too_large";
    case 503:
        return "overloaded";
    default:
        return "malformed_request";
    }
}

/* What an answer of this status has besides. */
static struct http_header header_of(int status)
{
    if (status == 405)
        return (struct http_header){SLICE("Allow"),
                                    SLICE("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")};
    if (status == 503)
        return (struct http_header){SLICE("Retry-After"), SLICE("1")};
    return (struct http_header){0};
}

void http_refuse(struct http_connection *connection, struct http_refusal refusal)
{
    const struct http_handler *handler = &connection->server->handler;
    struct http_exchange *exchange = connection->receiving;
    uint64_t id = random_u64();
    char id_text[REQUEST_ID_LEN];
    struct slice id_slice = {.at = id_text, .len = sizeof id_text};
    const struct http_header headers[] = {{SLICE("X-Request-Id"), id_slice},
                                          header_of(refusal.status)};
    struct http_response response = {
        .status = refusal.status,
        .content_type = SLICE("application/problem+json"),
        .headers = headers,
        .headers_count = headers[1].name.len > 0 ? 2 : 1,
        .close = true,
    };
    struct buf body;

    if (exchange == NULL)
        exchange = http_begin(connection);
    hex_encode((const uint8_t *)&id, sizeof id, id_text);
    buf_init(&body, PROBLEM_MAX);
    problem_body(&body, refusal.status, code_of(refusal.status), refusal.reason, id_slice, NULL);
    response.body = buf_slice(&body);
    if (handler->on_refused != NULL)
        handler->on_refused(refusal.status, refusal.reason, connection->peer_text, handler->self);
    answer(exchange, &response);
    buf_fini(&body);
}
