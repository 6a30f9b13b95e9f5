/*
 * http_receive_hold_test.c - a request that its handler holds at the head, and what all bodies together may take
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http_fixture.h"

#define HOST " HTTP/1.1\r\nHost: a\r\n"
#define GRACE_MS 100
#define LARGE 300000

static void start(struct http_fixture *fixture, struct http_client *client)
{
    struct http_limits limits = http_fixture_limits();

    limits.requests_per_connection_max = 0;
    limits.body_max = 512 * 1024;
    limits.body_grace_ms = GRACE_MS;
    http_fixture_start(fixture, &limits);
    http_client_pair(client, fixture);
}

static void stop(struct http_fixture *fixture, struct http_client *client)
{
    http_client_close(client);
    http_fixture_await_connections(fixture, 0);
    http_fixture_stop(fixture);
}

static void send_text(struct http_client *client, const char *text)
{
    http_client_send(client, slice_of(text));
}

static void turns(struct http_fixture *fixture, int count)
{
    for (int i = 0; i < count; i++)
        http_fixture_turn(fixture);
}

static void pass(struct http_fixture *fixture, int64_t ms)
{
    int64_t end_mono_ms = clock_mono_ms() + ms;

    while (clock_mono_ms() < end_mono_ms)
        http_fixture_turn(fixture);
}

static void test_the_body_waits(void **state)
{
    struct http_fixture fixture;
    struct http_client client;

    (void)state;
    start(&fixture, &client);
    send_text(&client, "POST /wait" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    http_fixture_await_held(&fixture, 1);
    pass(&fixture, 2 * GRACE_MS); /* no time runs */
    http_client_receive(&client);
    assert_int_equal(client.got.len, 0);
    http_fixture_go_on(&fixture, 0);
    assert_int_equal(fixture.handled_count, 0);
    http_client_await(&client, &fixture, 1);
    send_text(&client, "hi");
    http_client_await(&client, &fixture, 2);
    assert_string_equal(http_client_story(&client), "100 ; POST /wait|hi");
    stop(&fixture, &client);
}

static void test_there_is_no_body(void **state)
{
    struct http_fixture fixture;
    struct http_client client;

    (void)state;
    start(&fixture, &client);
    send_text(&client, "GET /wait" HOST "\r\n");
    http_fixture_await_held(&fixture, 1);
    turns(&fixture, 3);
    http_fixture_go_on(&fixture, 0);
    http_client_await(&client, &fixture, 1); /* nothing more comes that could wake it */
    assert_string_equal(http_client_story(&client), "GET /wait");
    stop(&fixture, &client);
}

static void test_its_time_begins_when_it_goes_on(void **state)
{
    struct http_fixture fixture;
    struct http_client client;
    int64_t went_on_mono_ms;

    (void)state;
    start(&fixture, &client);
    send_text(&client, "POST /wait" HOST "Content-Length: 2\r\n\r\nh");
    http_fixture_await_held(&fixture, 1);
    pass(&fixture, GRACE_MS);
    http_fixture_go_on(&fixture, 0);
    went_on_mono_ms = clock_mono_ms();
    http_client_await_close(&client, &fixture);
    assert_string_equal(http_client_story(&client), "408!");
    assert_true(clock_mono_ms() - went_on_mono_ms >= GRACE_MS);
    stop(&fixture, &client);
}

/* What the server has not read stays with the client. */
static void test_a_body_is_not_read(void **state)
{
    static char body[LARGE];
    struct http_fixture fixture;
    struct http_client client;
    size_t sent = 0;
    ssize_t len;

    (void)state;
    memset(body, 'x', sizeof body);
    start(&fixture, &client);
    send_text(&client, "POST /wait" HOST "Content-Length: 300000\r\n\r\n");
    http_fixture_await_held(&fixture, 1);
    do {
        len = send(client.fd, body + sent, sizeof body - sent, MSG_NOSIGNAL);
        sent += len > 0 ? (size_t)len : 0;
        turns(&fixture, 5);
    } while (len > 0);
    assert_true(sent < sizeof body);
    http_fixture_go_on(&fixture, 0);
    while (sent < sizeof body) {
        http_fixture_turn(&fixture);
        len = send(client.fd, body + sent, sizeof body - sent, MSG_NOSIGNAL);
        sent += len > 0 ? (size_t)len : 0;
    }
    http_client_await(&client, &fixture, 1);
    assert_true(client.got.len > sizeof body);
    stop(&fixture, &client);
}

static void test_sequences(void **state)
{
    static const struct {
        const char *sent;
        bool goes_on;
        const char *story;
    } rows[] = {
        {"GET /wait" HOST "\r\nGET /" HOST "\r\n", true, "GET /wait ; GET /"},
        {"GET /wait" HOST "\r\nGET /" HOST "\r\n", false, "GET /wait ; GET /"},
        {"POST /wait" HOST "Content-Length: 2\r\n\r\nhiGET /" HOST "\r\n", true,
         "POST /wait|hi ; GET /"},
        {"POST /wait" HOST "Content-Length: 2\r\n\r\nhiGET /" HOST "\r\n", false, "POST /wait!"},
        {"POST /wait" HOST "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nGET /" HOST
         "\r\n",
         true, "POST /wait|hi ; GET /"},
        {"GET /" HOST "\r\nPOST /wait" HOST "Content-Length: 2\r\n\r\nhi", true,
         "GET / ; POST /wait|hi"},
        {"POST /wait" HOST "Content-Length: 600000\r\n\r\n", true, "413!"},
        {"POST /wait" HOST "Content-Length: 3\r\n\r\nhi", true, ""}, /* cut off */
        {"POST /wait" HOST "Connection: close\r\nContent-Length: 2\r\n\r\nhi", true,
         "POST /wait|hi!"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_fixture fixture;
        struct http_client client;

        start(&fixture, &client);
        send_text(&client, rows[i].sent);
        http_client_end(&client);
        http_fixture_await_held(&fixture, 1);
        turns(&fixture, 3);
        if (rows[i].goes_on)
            http_fixture_go_on(&fixture, 0);
        else
            http_fixture_answer(&fixture, 0);
        http_client_await_close(&client, &fixture);
        assert_string_equal(http_client_story(&client), rows[i].story);
        stop(&fixture, &client);
    }
}

/* The answer to the first cannot be written: the connection ends beneath the one that is held. */
static void test_the_client_goes(void **state)
{
    (void)state;
    for (int goes_on = 0; goes_on < 2; goes_on++) {
        struct http_fixture fixture;
        struct http_client client;

        start(&fixture, &client);
        send_text(&client, "GET /hold" HOST "\r\nPOST /wait" HOST "Content-Length: 9\r\n\r\nhi");
        http_fixture_await_held(&fixture, 2);
        http_client_close(&client);
        http_fixture_answer(&fixture, 0);
        http_fixture_await_connections(&fixture, 0);
        if (goes_on)
            http_fixture_go_on(&fixture, 1);
        else
            http_fixture_answer(&fixture, 1);
        turns(&fixture, 3);
        assert_int_equal(fixture.handled_count, 1);
        http_fixture_stop(&fixture);
    }
}

static void test_the_server_goes(void **state)
{
    (void)state;
    for (int goes_on = 0; goes_on < 2; goes_on++) {
        struct http_fixture fixture;
        struct http_client client;

        start(&fixture, &client);
        send_text(&client, "POST /wait" HOST "Content-Length: 2\r\n\r\nhi");
        http_fixture_await_held(&fixture, 1);
        http_server_free(&fixture.server);
        if (goes_on)
            http_fixture_go_on(&fixture, 0);
        http_fixture_stop(&fixture); /* answers what is held */
        http_client_close(&client);
    }
}

static void on_drained(void *self)
{
    ++*(int *)self;
}

static void test_a_drain_waits_for_it(void **state)
{
    struct http_fixture fixture;
    struct http_client client;
    int drained = 0;

    (void)state;
    start(&fixture, &client);
    send_text(&client, "POST /wait" HOST "Content-Length: 2\r\n\r\n");
    http_fixture_await_held(&fixture, 1);
    http_server_drain(fixture.server, on_drained, &drained);
    turns(&fixture, 5);
    assert_int_equal(drained, 0);
    http_fixture_go_on(&fixture, 0);
    send_text(&client, "hi");
    http_client_await(&client, &fixture, 1);
    assert_string_equal(http_client_story(&client), "POST /wait|hi!");
    http_client_close(&client);
    http_fixture_await_connections(&fixture, 0);
    turns(&fixture, 2);
    assert_int_equal(drained, 1);
    http_fixture_stop(&fixture);
}

/* -- all bodies together */

static void start_bounded(struct http_fixture *fixture, size_t max)
{
    struct http_limits limits = http_fixture_limits();

    limits.body_max = 512 * 1024;
    limits.bodies_bytes_max = max;
    http_fixture_start(fixture, &limits);
}

static void assert_overloaded(struct http_client *client, struct http_fixture *fixture)
{
    http_client_await_close(client, fixture);
    assert_string_equal(http_client_story(client), "503!");
    assert_non_null(memmem(client->got.at, client->got.len, "\r\nRetry-After: 1\r\n", 18));
    assert_non_null(memmem(client->got.at, client->got.len, "\"code\":\"overloaded\"", 19));
    assert_int_equal(fixture->refused_status, 503);
    http_client_close(client);
}

static void test_lengths_that_do_not_fit(void **state)
{
    struct http_fixture fixture;
    struct http_client first, second;

    (void)state;
    start_bounded(&fixture, 1000);
    http_client_pair(&first, &fixture);
    send_text(&first, "POST /" HOST "Content-Length: 600\r\n\r\n"); /* announced is enough */
    turns(&fixture, 3);
    http_client_pair(&second, &fixture);
    send_text(&second, "POST /" HOST "Content-Length: 401\r\n\r\n");
    assert_overloaded(&second, &fixture);
    http_client_pair(&second, &fixture);
    send_text(&second, "POST /hold" HOST "Content-Length: 400\r\n\r\n");
    for (int i = 0; i < 40; i++)
        send_text(&second, "0123456789");
    http_fixture_await_held(&fixture, 1); /* it fits, and stays until it is answered */
    http_client_close(&first);
    http_fixture_await_connections(&fixture, 1);
    http_client_pair(&first, &fixture);
    send_text(&first, "POST /" HOST "Content-Length: 601\r\n\r\n");
    assert_overloaded(&first, &fixture);
    http_client_pair(&first, &fixture);
    send_text(&first, "POST /wait" HOST "Content-Length: 601\r\n\r\n");
    http_fixture_await_held(&fixture, 2); /* counts only when it goes on */
    http_fixture_go_on(&fixture, 1);
    assert_overloaded(&first, &fixture);
    http_fixture_answer(&fixture, 0);
    http_client_await(&second, &fixture, 1);
    send_text(&second, "POST /" HOST "Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n");
    http_client_await(&second, &fixture, 2); /* all that there is */
    assert_int_equal(fixture.refused_count, 3);
    stop(&fixture, &second);
}

static void test_chunks_that_do_not_fit(void **state)
{
    static char chunk[4096];
    struct http_fixture fixture;
    struct http_client first, second;

    (void)state;
    memset(chunk, 'x', sizeof chunk);
    start_bounded(&fixture, 100000);
    http_client_pair(&first, &fixture);
    send_text(&first, "POST /hold" HOST "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 10; i++) {
        send_text(&first, "1000\r\n");
        http_client_send(&first, (struct slice){chunk, sizeof chunk});
        send_text(&first, "\r\n");
        http_fixture_turn(&fixture);
    }
    send_text(&first, "0\r\n\r\n");
    http_fixture_await_held(&fixture, 1);
    http_client_pair(&second, &fixture);
    send_text(&second, "POST /" HOST "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20 && fixture.refused_count == 0; i++) {
        send_text(&second, "1000\r\n");
        http_client_send(&second, (struct slice){chunk, sizeof chunk});
        send_text(&second, "\r\n");
        http_fixture_turn(&fixture);
    }
    assert_overloaded(&second, &fixture);
    http_fixture_answer(&fixture, 0);
    http_client_await(&first, &fixture, 1);
    stop(&fixture, &first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_body_waits),
        cmocka_unit_test(test_there_is_no_body),
        cmocka_unit_test(test_its_time_begins_when_it_goes_on),
        cmocka_unit_test(test_a_body_is_not_read),
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_the_client_goes),
        cmocka_unit_test(test_the_server_goes),
        cmocka_unit_test(test_a_drain_waits_for_it),
        cmocka_unit_test(test_lengths_that_do_not_fit),
        cmocka_unit_test(test_chunks_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
