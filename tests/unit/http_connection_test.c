/*
 * http_connection_test.c - the time limits of the HTTP server
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http_fixture.h"

#define HOST " HTTP/1.1\r\nHost: a\r\n"
#define SHORT_MS 60
#define LONG_MS 60000

static struct http_limits patient_limits(void)
{
    struct http_limits limits = http_limits_default();

    limits.header_timeout_ms = limits.keep_alive_timeout_ms = LONG_MS;
    limits.body_grace_ms = limits.write_timeout_ms = LONG_MS;
    return limits;
}

static void start(struct http_fixture *fixture, struct http_limits limits,
                  struct http_client *client)
{
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

/* One byte in every turn does not help: the time is for the whole head. */
static void test_slow_head(void **state)
{
    struct http_limits limits = patient_limits();
    struct http_fixture fixture;
    struct http_client client;
    int64_t start_mono_ms;

    (void)state;
    limits.header_timeout_ms = SHORT_MS;
    start(&fixture, limits, &client);
    send_text(&client, "GET /" HOST "X: ");
    start_mono_ms = clock_mono_ms();
    while (fixture.refused_count == 0) {
        send_text(&client, "x");
        http_fixture_turn(&fixture);
        assert_true(clock_mono_ms() < start_mono_ms + LONG_MS);
    }
    http_client_await_close(&client, &fixture);
    assert_true(clock_mono_ms() - start_mono_ms >= SHORT_MS - 2);
    assert_string_equal(http_client_story(&client), "408!");
    stop(&fixture, &client);
}

static void test_slow_body(void **state)
{
    static const char *const heads[] = {
        "POST /" HOST "Content-Length: 100\r\n\r\nabc",
        "POST /" HOST "Content-Length: 100000\r\n\r\nabc",
        "POST /" HOST "Transfer-Encoding: chunked\r\n\r\n64\r\nabc",
    };

    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct http_limits limits = patient_limits();
        struct http_fixture fixture;
        struct http_client client;
        int64_t start_mono_ms;

        limits.body_grace_ms = SHORT_MS;
        limits.body_rate_min = 100;
        start(&fixture, limits, &client);
        send_text(&client, heads[i]);
        start_mono_ms = clock_mono_ms();
        http_client_await_close(&client, &fixture);
        /* Three bytes at 100 a second. */
        assert_true(clock_mono_ms() - start_mono_ms >= SHORT_MS + 30 - 2);
        assert_string_equal(http_client_story(&client), "408!");
        assert_int_equal(fixture.handled_count, 0);
        stop(&fixture, &client);
    }
}

/* Slow, but not slower than allowed: each byte buys a tenth of a second. */
static void test_steady_body(void **state)
{
    struct http_limits limits = patient_limits();
    struct http_fixture fixture;
    struct http_client client;
    int64_t end_mono_ms;

    (void)state;
    limits.body_grace_ms = SHORT_MS;
    limits.body_rate_min = 10;
    start(&fixture, limits, &client);
    send_text(&client, "POST /" HOST "Content-Length: 5\r\n\r\nabc");
    end_mono_ms = clock_mono_ms() + 2 * SHORT_MS;
    while (clock_mono_ms() < end_mono_ms)
        http_fixture_turn(&fixture);
    send_text(&client, "de");
    http_client_await(&client, &fixture, 1);
    assert_string_equal(http_client_story(&client), "POST /|abcde");
    stop(&fixture, &client);
}

static void test_idle(void **state)
{
    struct http_limits limits = patient_limits();
    struct http_fixture fixture;
    struct http_client fresh, used;

    (void)state;
    limits.keep_alive_timeout_ms = SHORT_MS;
    start(&fixture, limits, &fresh);
    http_client_connect(&used, &fixture);
    send_text(&used, "GET /hold" HOST "\r\n");
    http_client_await_close(&fresh, &fixture);
    assert_string_equal(http_client_story(&fresh), "");
    /* The other one is not idle while it waits for its answer. */
    assert_int_equal(http_server_connections(fixture.server), 1);
    http_fixture_answer(&fixture, 0);
    http_client_await_close(&used, &fixture);
    assert_string_equal(http_client_story(&used), "GET /hold");
    assert_int_equal(fixture.refused_count, 0);
    http_client_close(&used);
    stop(&fixture, &fresh);
}

/* More than the sockets hold, to be taken within a short time. */
static void ask_for_much(struct http_fixture *fixture, struct http_client *client,
                         const char *request)
{
    struct http_limits limits = patient_limits();

    limits.write_timeout_ms = SHORT_MS;
    start(fixture, limits, client);
    fixture->answer_len = 16 * 1024 * 1024;
    send_text(client, request);
    http_fixture_await_handled(fixture, 1);
}

/* The loop does, past all short times. */
static void stand_still(void)
{
    int64_t end_mono_ms = clock_mono_ms() + 2 * SHORT_MS;

    while (clock_mono_ms() < end_mono_ms)
        continue;
}

static void test_answer_not_taken(void **state)
{
    struct http_fixture fixture;
    struct http_client client;

    (void)state;
    ask_for_much(&fixture, &client, "GET /" HOST "\r\n");
    http_fixture_await_connections(&fixture, 0);
    stop(&fixture, &client);
}

/* The handler took its time: the client's own begins when there is something to take. */
static void test_late_answer(void **state)
{
    struct http_fixture fixture;
    struct http_client client;
    int64_t end_mono_ms;

    (void)state;
    ask_for_much(&fixture, &client, "GET /hold" HOST "\r\n");
    end_mono_ms = clock_mono_ms() + 2 * SHORT_MS;
    while (clock_mono_ms() < end_mono_ms)
        http_fixture_turn(&fixture);
    http_fixture_answer(&fixture, 0);
    http_client_await(&client, &fixture, 1);
    assert_true(client.got.len > fixture.answer_len);
    stop(&fixture, &client);
}

/* There is room for more of the answer when the time is up: the client did take some. */
static void test_taken_at_the_last_moment(void **state)
{
    struct http_fixture fixture;
    struct http_client client;

    (void)state;
    ask_for_much(&fixture, &client, "GET /" HOST "\r\n");
    http_client_receive(&client);
    stand_still();
    http_client_await(&client, &fixture, 1);
    assert_true(client.got.len > fixture.answer_len);
    stop(&fixture, &client);
}

/* Slow, but it takes some all the time. */
static void test_steady_reader(void **state)
{
    enum { STEP = 32 * 1024, TIMEOUT_MS = 1000 };
    struct http_limits limits = patient_limits();
    struct http_fixture fixture;
    struct http_client client;
    static char scratch[STEP];
    int room = STEP;
    int64_t start_mono_ms, step_mono_ms;

    (void)state;
    limits.write_timeout_ms = TIMEOUT_MS;
    start(&fixture, limits, &client);
    assert_int_equal(setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), 0);
    fixture.answer_len = 64 * 1024 * 1024;
    send_text(&client, "GET /" HOST "\r\n");
    http_fixture_await_handled(&fixture, 1);
    start_mono_ms = step_mono_ms = clock_mono_ms();
    while (clock_mono_ms() < start_mono_ms + 3 * TIMEOUT_MS) {
        http_fixture_turn(&fixture);
        if (clock_mono_ms() < step_mono_ms + 2)
            continue;
        assert_int_not_equal(recv(client.fd, scratch, sizeof scratch, 0), 0);
        step_mono_ms = clock_mono_ms();
    }
    assert_int_equal(http_server_connections(fixture.server), 1);
    http_fixture_await_connections(&fixture, 0); /* now it takes nothing */
    stop(&fixture, &client);
}

/* A request whose end is there when the time is up was in time. */
static void test_last_moment(void **state)
{
    static const char request[] = "GET /" HOST "\r\n";

    (void)state;
    for (size_t sooner = 0; sooner < sizeof request - 1; sooner += sizeof request / 2) {
        struct http_limits limits = patient_limits();
        struct http_fixture fixture;
        struct http_client client;

        limits.keep_alive_timeout_ms = SHORT_MS;
        limits.header_timeout_ms = limits.write_timeout_ms = SHORT_MS;
        start(&fixture, limits, &client);
        http_fixture_await_connections(&fixture, 1);
        http_client_send(&client, (struct slice){request, sooner});
        if (sooner > 0)
            http_fixture_turn(&fixture);
        send_text(&client, request + sooner);
        stand_still();
        http_client_await(&client, &fixture, 1);
        http_client_await_close(&client, &fixture);
        assert_string_equal(http_client_story(&client), "GET /");
        assert_int_equal(fixture.refused_count, 0);
        stop(&fixture, &client);
    }
}

/* The client waits for 100-continue, which waits for an earlier answer: it is not the client that is slow. */
static void test_waiting_for_continue(void **state)
{
    struct http_limits limits = patient_limits();
    struct http_fixture fixture;
    struct http_client client;
    int64_t end_mono_ms = clock_mono_ms() + 2 * SHORT_MS;

    (void)state;
    limits.body_grace_ms = SHORT_MS;
    start(&fixture, limits, &client);
    send_text(&client, "GET /hold" HOST "\r\nPOST /b" HOST
                       "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    while (clock_mono_ms() < end_mono_ms)
        http_fixture_turn(&fixture);
    http_fixture_answer(&fixture, 0);
    http_client_await_close(&client, &fixture);
    assert_string_equal(http_client_story(&client), "GET /hold ; 100 ; 408!");
    stop(&fixture, &client);
}

/* After the last answer the client is given a moment to close, and no more. */
static void test_lingers_no_longer(void **state)
{
    struct http_fixture fixture;
    struct http_client client;

    (void)state;
    start(&fixture, patient_limits(), &client);
    send_text(&client, "GET /" HOST "Connection: close\r\n\r\n");
    http_client_await_close(&client, &fixture);
    http_fixture_await_connections(&fixture, 0);
    stop(&fixture, &client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_head),
        cmocka_unit_test(test_slow_body),
        cmocka_unit_test(test_steady_body),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_answer_not_taken),
        cmocka_unit_test(test_late_answer),
        cmocka_unit_test(test_steady_reader),
        cmocka_unit_test(test_last_moment),
        cmocka_unit_test(test_lingers_no_longer),
        cmocka_unit_test(test_taken_at_the_last_moment),
        cmocka_unit_test(test_waiting_for_continue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
