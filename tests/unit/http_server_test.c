/*
 * http_server_test.c - the order of answers, and how connections end
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "http_fixture.h"

#define HOST " HTTP/1.1\r\nHost: a\r\n"
#define LONG_MS 60000

static struct http_limits patient_limits(void)
{
    struct http_limits limits = http_fixture_limits();

    limits.requests_per_connection_max = 0;
    limits.body_max = 512 * 1024;
    limits.header_timeout_ms = limits.keep_alive_timeout_ms = LONG_MS;
    limits.body_grace_ms = limits.write_timeout_ms = LONG_MS;
    return limits;
}

static void start(struct http_fixture *fixture, struct http_client *client)
{
    struct http_limits limits = patient_limits();

    http_fixture_start(fixture, &limits);
    http_client_connect(client, fixture);
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

static char *random_text(size_t len)
{
    char *text = malloc(len);

    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        text[i] = (char)('a' + (i * 7 + i / 251) % 26);
    return text;
}

static void test_answers_in_order(void **state)
{
    struct http_fixture fixture;
    struct http_client client;

    (void)state;
    start(&fixture, &client);
    send_text(&client, "GET /hold/0" HOST "\r\nGET /1" HOST "\r\nGET /hold/2" HOST
                       "\r\nGET /hold/3" HOST "\r\n");
    http_fixture_await_handled(&fixture, 4);
    http_fixture_answer(&fixture, 2);
    http_fixture_answer(&fixture, 1);
    http_fixture_turn(&fixture);
    http_client_receive(&client);
    assert_string_equal(http_client_story(&client), "");
    http_fixture_answer(&fixture, 0);
    http_client_await(&client, &fixture, 4);
    assert_string_equal(http_client_story(&client),
                        "GET /hold/0 ; GET /1 ; GET /hold/2 ; GET /hold/3");
    stop(&fixture, &client);
}

static void test_pipeline_pauses(void **state)
{
    struct http_fixture fixture;
    struct http_client client;

    (void)state;
    start(&fixture, &client);
    for (int i = 0; i < 10; i++)
        send_text(&client, "GET /hold" HOST "\r\n");
    http_fixture_await_handled(&fixture, 4);
    for (int i = 0; i < 10; i++)
        http_fixture_turn(&fixture);
    assert_int_equal(fixture.handled_count, 4);
    for (int i = 0; i < 10; i++) {
        http_fixture_await_handled(&fixture, i + 1);
        http_fixture_answer(&fixture, i);
    }
    http_client_await(&client, &fixture, 10);
    stop(&fixture, &client);
}

static void test_bodies_pause(void **state)
{
    struct http_fixture fixture;
    struct http_client client;
    char *text = random_text(300000);

    (void)state;
    start(&fixture, &client);
    for (int i = 0; i < 3; i++) {
        send_text(&client, "POST /hold" HOST "Content-Length: 300000\r\n\r\n");
        for (int j = 0; j < 10; j++) {
            http_client_send(&client, (struct slice){text, 30000});
            http_fixture_turn(&fixture);
        }
    }
    for (int i = 0; i < 20; i++)
        http_fixture_turn(&fixture);
    assert_int_equal(fixture.handled_count, 2); /* more than body_max is waiting */
    for (int i = 0; i < 3; i++) {
        http_fixture_await_handled(&fixture, i + 1);
        http_fixture_answer(&fixture, i);
    }
    http_client_await(&client, &fixture, 3);
    free(text);
    stop(&fixture, &client);
}

/* What is closed on purpose is answered last, in its turn; what came behind it is not looked at. */
static void test_close_in_order(void **state)
{
    static const char *const closes[] = {
        "GET /hold" HOST "\r\nGET /close" HOST "\r\nGET /3" HOST "\r\n", /* says the handler */
        "GET /hold" HOST "\r\nGET /2" HOST "Connection: close\r\n\r\nGET /3" HOST "\r\n",
    };
    static const char *const stories[] = {"GET /hold ; GET /close!", "GET /hold ; GET /2!"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct http_fixture fixture;
        struct http_client client;

        start(&fixture, &client);
        send_text(&client, closes[i]);
        http_fixture_await_handled(&fixture, 2);
        for (int j = 0; j < 5; j++)
            http_fixture_turn(&fixture);
        assert_int_equal(fixture.handled_count, 2);
        http_fixture_answer(&fixture, 0);
        http_client_await_close(&client, &fixture);
        assert_string_equal(http_client_story(&client), stories[i]);
        stop(&fixture, &client);
    }
}

static void test_refusal_in_order(void **state)
{
    struct http_fixture fixture;
    struct http_client client;

    (void)state;
    start(&fixture, &client);
    send_text(&client, "GET /hold" HOST "\r\nGET /early" HOST "\r\nGET /x" HOST
                       "Host: b\r\n\r\nGET /never" HOST "\r\n");
    http_fixture_await_handled(&fixture, 1);
    while (fixture.refused_count == 0)
        http_fixture_turn(&fixture);
    assert_int_equal(fixture.refused_status, 400);
    assert_string_equal(fixture.refused_reason, "more than one Host");
    for (int i = 0; i < 5; i++)
        http_fixture_turn(&fixture);
    assert_int_equal(fixture.handled_count, 1);
    http_fixture_answer(&fixture, 0);
    http_client_await_close(&client, &fixture);
    assert_string_equal(http_client_story(&client), "GET /hold ; 403 ; 400!");
    stop(&fixture, &client);
}

static void test_continue_in_order(void **state)
{
    struct http_fixture fixture;
    struct http_client client;

    (void)state;
    start(&fixture, &client);
    send_text(&client, "GET /hold" HOST "\r\nPOST /b" HOST
                       "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    http_fixture_await_handled(&fixture, 1);
    http_fixture_turn(&fixture);
    http_client_receive(&client);
    assert_string_equal(http_client_story(&client), "");
    http_fixture_answer(&fixture, 0);
    http_client_await(&client, &fixture, 2);
    assert_string_equal(http_client_story(&client), "GET /hold ; 100");
    send_text(&client, "hi");
    http_client_await(&client, &fixture, 3);
    assert_string_equal(http_client_story(&client), "GET /hold ; 100 ; POST /b|hi");
    stop(&fixture, &client);
}

static void test_head_has_no_body(void **state)
{
    struct http_fixture fixture;
    struct http_client client;

    (void)state;
    start(&fixture, &client);
    send_text(&client, "HEAD /.." HOST "\r\n");
    http_client_await_close(&client, &fixture);
    assert_int_equal(fixture.refused_status, 400);
    assert_memory_equal(client.got.at + client.got.len - 4, "\r\n\r\n", 4);
    assert_null(memchr(client.got.at, '{', client.got.len));
    stop(&fixture, &client);
}

static void test_half_close(void **state)
{
    struct http_fixture fixture;
    struct http_client client;

    (void)state;
    start(&fixture, &client);
    send_text(&client, "GET /hold" HOST "\r\nGET /2" HOST "\r\nGET /cut");
    http_client_end(&client);
    http_fixture_await_handled(&fixture, 2);
    for (int i = 0; i < 5; i++)
        http_fixture_turn(&fixture);
    assert_int_equal(http_server_connections(fixture.server), 1);
    http_fixture_answer(&fixture, 0);
    http_client_await_close(&client, &fixture);
    assert_string_equal(http_client_story(&client), "GET /hold ; GET /2");
    assert_false(client.is_reset);
    stop(&fixture, &client);
}

static void test_client_gone(void **state)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct http_fixture fixture;
    struct http_client client;

    (void)state;
    start(&fixture, &client);
    send_text(&client, "GET /hold" HOST "\r\nGET /hold" HOST "\r\n");
    http_fixture_await_handled(&fixture, 2);
    assert_int_equal(setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    http_client_close(&client);
    http_fixture_await_connections(&fixture, 0);
    http_fixture_answer(&fixture, 0); /* into the void; the other one when the server is gone too */
    http_fixture_stop(&fixture);
}

/* What is refused may be unread when its answer is sent; the client gets the answer, and no reset. */
static void test_lingers(void **state)
{
    struct http_fixture fixture;
    struct http_client client;
    char *text = random_text(100000);

    (void)state;
    start(&fixture, &client);
    send_text(&client, "POST /early" HOST "Content-Length: 400000\r\n\r\n");
    http_client_send(&client, (struct slice){text, 100000}); /* not all read when it is refused */
    http_client_await_close(&client, &fixture);
    assert_string_equal(http_client_story(&client), "403!");
    assert_false(client.is_reset);
    free(text);
    stop(&fixture, &client);
}

static void count(void *self)
{
    ++*(int *)self;
}

static bool can_connect(const struct http_fixture *fixture)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)fixture->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_connected;

    assert_true(fd >= 0);
    is_connected = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return is_connected;
}

static void test_drain(void **state)
{
    struct http_fixture fixture;
    struct http_client idle, held, partial, kernel;
    int drained = 0;

    (void)state;
    start(&fixture, &idle);
    http_client_connect(&held, &fixture);
    http_client_connect(&partial, &fixture);
    http_client_connect(&kernel, &fixture);
    send_text(&held, "GET /hold" HOST "\r\n");
    send_text(&partial, "POST /partial" HOST "Content-Le");
    http_fixture_await_handled(&fixture, 1);
    http_fixture_await_connections(&fixture, 4);
    send_text(&kernel, "GET /kernel" HOST "\r\n"); /* here, but not read yet */
    http_server_drain(fixture.server, count, &drained);
    assert_int_equal(drained, 0);
    assert_false(can_connect(&fixture));
    http_client_await_close(&idle, &fixture);
    http_client_await_close(&kernel, &fixture);
    assert_string_equal(http_client_story(&idle), "");
    assert_string_equal(http_client_story(&kernel), "GET /kernel!");
    send_text(&partial, "ngth: 2\r\n\r\nhi");
    http_client_await_close(&partial, &fixture);
    assert_string_equal(http_client_story(&partial), "POST /partial|hi!");
    assert_int_equal(drained, 0);
    http_fixture_answer(&fixture, 0);
    http_client_await_close(&held, &fixture);
    assert_string_equal(http_client_story(&held), "GET /hold!");
    http_client_close(&idle);
    http_client_close(&partial);
    http_client_close(&kernel);
    http_client_close(&held);
    http_fixture_await_connections(&fixture, 0);
    http_fixture_turn(&fixture);
    assert_int_equal(drained, 1);
    http_fixture_stop(&fixture);
}

static void test_drain_without_connections(void **state)
{
    struct http_limits limits = patient_limits();
    struct http_fixture fixture;
    int drained = 0;

    (void)state;
    http_fixture_start(&fixture, &limits);
    http_server_drain(fixture.server, count, &drained);
    assert_int_equal(drained, 0);
    http_fixture_turn(&fixture);
    assert_int_equal(drained, 1);
    http_fixture_stop(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_in_order),
        cmocka_unit_test(test_pipeline_pauses),
        cmocka_unit_test(test_bodies_pause),
        cmocka_unit_test(test_close_in_order),
        cmocka_unit_test(test_refusal_in_order),
        cmocka_unit_test(test_continue_in_order),
        cmocka_unit_test(test_head_has_no_body),
        cmocka_unit_test(test_half_close),
        cmocka_unit_test(test_client_gone),
        cmocka_unit_test(test_lingers),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_drain_without_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
