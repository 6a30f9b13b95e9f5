/*
 * http_server_turn_test.c - many connections that have something in the same turn of the loop
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http_fixture.h"
#include "io/http_connection.h"

#define HOST " HTTP/1.1\r\nHost: a\r\n"
#define CLIENTS 6

static struct http_client clients[CLIENTS];

static void start(struct http_fixture *fixture)
{
    struct http_limits limits = http_fixture_limits();

    http_fixture_start(fixture, &limits);
    for (int i = 0; i < CLIENTS; i++)
        http_client_pair(&clients[i], fixture);
}

static void stop(struct http_fixture *fixture)
{
    for (int i = 0; i < CLIENTS; i++)
        http_client_close(&clients[i]);
    http_fixture_await_connections(fixture, 0);
    http_fixture_stop(fixture);
}

/* What the handler was asked, a letter and the path's last byte each. */
static char asked[64];

static void note(char letter, const struct http_request *request)
{
    size_t len = strlen(asked);

    assert_true(len + 2 < sizeof asked);
    asked[len] = letter;
    asked[len + 1] = request->path.at[request->path.len - 1];
    asked[len + 2] = '\0';
}

static void on_head(struct http_request *request, void *self)
{
    (void)self;
    note('h', request);
}

static void on_request(struct http_request *request, void *self)
{
    struct http_response response = {.status = 200};

    (void)self;
    note('r', request);
    http_respond(request, &response);
}

static void each_step_is_taken_for_all(void **state)
{
    struct http_fixture fixture;

    (void)state;
    start(&fixture);
    fixture.server->handler =
        (struct http_handler){.on_head = on_head, .on_request = on_request, .self = &fixture};
    asked[0] = '\0';
    http_client_send(&clients[0], SLICE("POST /0" HOST "Content-Length: 1\r\n\r\nx"));
    http_client_send(&clients[1], SLICE("GET /1" HOST "\r\nGET /2" HOST "\r\n"));
    http_client_send(&clients[2], SLICE("POST /3" HOST "Content-Length: 2\r\n\r\nx"));
    http_client_send(&clients[3], SLICE("GET /4" HOST "\r\n"));
    http_fixture_turn(&fixture);
    /* What lies behind a first request goes on by itself; a body that is not there yet is waited for. */
    assert_string_equal(asked, "h0h1h3h4r0r1h2r2r4");
    http_client_send(&clients[2], SLICE("y"));
    http_fixture_turn(&fixture);
    assert_string_equal(asked, "h0h1h3h4r0r1h2r2r4r3");
    stop(&fixture);
}

static struct http_request *waiting;

static void on_request_to_wait(struct http_request *request, void *self)
{
    if (slice_is(request->path, "/w"))
        waiting = request;
    else
        on_request(request, self);
}

/* The head of /a answers what /w asked, and that is the last answer there. */
static void on_head_that_ends_another(struct http_request *request, void *self)
{
    struct http_response last = {.status = 200, .close = true};

    on_head(request, self);
    if (slice_is(request->path, "/a"))
        http_respond(waiting, &last);
}

static void a_head_that_was_taken_may_come_to_nothing(void **state)
{
    struct http_fixture fixture;

    (void)state;
    start(&fixture);
    fixture.server->handler = (struct http_handler){
        .on_head = on_head_that_ends_another, .on_request = on_request_to_wait, .self = &fixture};
    asked[0] = '\0';
    http_client_send(&clients[0], SLICE("GET /w" HOST "\r\n"));
    http_fixture_turn(&fixture);
    http_fixture_turn(
        &fixture); /* the kernel looks at it once more: after that, the others are first */
    http_client_send(&clients[1], SLICE("GET /a" HOST "\r\n"));
    http_client_send(&clients[0], SLICE("GET /n" HOST "\r\n"));
    http_fixture_turn(&fixture);
    http_client_receive(&clients[0]);
    http_client_receive(&clients[1]);
    assert_string_equal(asked, "hwhara");
    assert_string_equal(http_client_story(&clients[0]), "200!");
    assert_string_equal(http_client_story(&clients[1]), "200");
    stop(&fixture);
}

/* Answered at the head, refused, held, answered, half sent, and gone: each gets what it would get alone. */
static void each_gets_its_answer(void **state)
{
    static const char *const sent[CLIENTS] = {
        "POST /early" HOST "Content-Length: 3\r\n\r\n", "GARBAGE\r\n\r\n", "GET /wait" HOST "\r\n",
        "POST /a" HOST "Content-Length: 1\r\n\r\nx",    "GET /half",       "GET /gone" HOST "\r\n"};
    struct http_fixture fixture;

    (void)state;
    start(&fixture);
    for (int i = 0; i < CLIENTS; i++)
        http_client_send(&clients[i], slice_of(sent[i]));
    http_client_close(&clients[5]);
    http_fixture_turn(&fixture);
    http_fixture_turn(&fixture);
    for (int i = 0; i < CLIENTS - 1; i++)
        http_client_receive(&clients[i]);
    assert_string_equal(http_client_story(&clients[0]), "403!");
    assert_string_equal(http_client_story(&clients[1]), "400!");
    assert_string_equal(http_client_story(&clients[2]), "");
    assert_string_equal(http_client_story(&clients[3]), "POST /a|x");
    assert_string_equal(http_client_story(&clients[4]), "");
    http_fixture_await_held(&fixture, 1);
    http_fixture_go_on(&fixture, 0);
    http_client_send(&clients[4], SLICE(HOST "\r\n"));
    http_client_await(&clients[2], &fixture, 1);
    http_client_await(&clients[4], &fixture, 1);
    assert_string_equal(http_client_story(&clients[2]), "GET /wait");
    assert_string_equal(http_client_story(&clients[4]), "GET /half");
    http_client_pair(&clients[5], &fixture); /* for the end */
    stop(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_is_taken_for_all),
        cmocka_unit_test(a_head_that_was_taken_may_come_to_nothing),
        cmocka_unit_test(each_gets_its_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
