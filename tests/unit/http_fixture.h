/*
 * http_fixture.h - an HTTP server in the test's own process, a handler that echoes, and clients
 *
 * Its handler answers 200 with "X-Echo: METHOD PATH?QUERY" and the request's body. By path: /early is answered 403 before its
 * body, /small takes 4 bytes of body, /large 64; /close closes; /hold and what follows below it waits for http_fixture_answer;
 * /wait and what follows below it is held at its head, for http_fixture_answer or http_fixture_go_on.
 * Every function fails the test when it cannot do its work.
 */
#pragma once

#include "io/http_server.h"

#define HELD_MAX 64

struct http_fixture {
    struct loop *loop;
    struct http_server *server;
    struct loop_timer *turn;
    int port;
    struct http_request *held[HELD_MAX];
    int held_count;
    int handled_count;
    int refused_count;
    int refused_status;
    char refused_reason[128];
    size_t answer_len; /* > 0: the body of every answer has this many bytes */
};

/* Small ones, so that every bound is near. */
struct http_limits http_fixture_limits(void);

void http_fixture_start(struct http_fixture *fixture, const struct http_limits *limits);
void http_fixture_stop(struct http_fixture *fixture);

/* All that is ready now, and what follows from it. */
void http_fixture_turn(struct http_fixture *fixture);
void http_fixture_await_connections(struct http_fixture *fixture, size_t wanted);
void http_fixture_await_handled(struct http_fixture *fixture, int wanted);

void http_fixture_answer(struct http_fixture *fixture, int index);
void http_fixture_go_on(struct http_fixture *fixture, int index);
void http_fixture_await_held(struct http_fixture *fixture, int wanted);

struct http_client {
    int fd;
    struct buf got;
    bool is_closed; /* by the server */
    bool is_reset;
};

void http_client_connect(struct http_client *client, const struct http_fixture *fixture);
void http_client_pair(struct http_client *client, struct http_fixture *fixture); /* no TCP: fast */
void http_client_send(struct http_client *client, struct slice bytes);
void http_client_end(struct http_client *client);     /* sends no more */
void http_client_receive(struct http_client *client); /* what is there */
void http_client_close(struct http_client *client);

/* Turns until the server has closed, or until this many answers are complete. */
void http_client_await_close(struct http_client *client, struct http_fixture *fixture);
void http_client_await(struct http_client *client, struct http_fixture *fixture, size_t answers);

/* The answers in short: "STATUS" or, for 200, "METHOD PATH|BODY", with '!' when it says Connection: close, between " ; ". Checks what every
 * answer must have. Valid until the next call. */
const char *http_client_story(const struct http_client *client);
size_t http_client_answers(const struct http_client *client);
