/*
 * http_exchange_test.c - what a handler is given, and the memory that requests and answers may take
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static void test_request(void **state)
{
    struct http_fixture fixture;
    struct http_client client;
    struct http_request *request;
    struct slice value;
    char *parts[4];

    (void)state;
    start(&fixture, &client);
    send_text(&client, "POST /hold%20it?a=b%21&c=&a2=x" HOST
                       "X-Thing: one\r\nx-thing: two\r\nEmpty:\r\nContent-Length: 2\r\n\r\nhi");
    http_fixture_await_handled(&fixture, 1);
    request = fixture.held[0];
    assert_true(slice_is(request->method, "POST") && slice_is(request->path, "/hold it"));
    assert_true(slice_is(request->query, "a=b%21&c=&a2=x") && slice_is(request->body, "hi"));
    assert_string_equal(request->peer, "127.0.0.1");
    assert_true(request->started_mono_us > 0);
    assert_int_equal(request->headers_count, 5);
    assert_true(slice_is(http_request_header(request, "X-THING"), "one"));
    assert_true(http_request_has_header(request, "empty"));
    assert_int_equal(http_request_header(request, "empty").len, 0);
    assert_false(http_request_has_header(request, "X-Thin"));
    assert_null(http_request_header(request, "absent").at);
    assert_int_equal(http_request_query(request, "a", &value), STATUS_OK);
    assert_true(slice_is(value, "b!"));
    assert_int_equal(http_request_query(request, "b", &value), STATUS_ABSENT);
    for (size_t size = 1; size < 100000; size *= 3) {
        char *at = http_request_alloc(request, size);
        assert_int_equal((uintptr_t)at % 16, 0);
        memset(at, 'x', size);
    }
    for (int i = 0; i < 4; i++) {
        parts[i] = http_request_alloc(request, 1000);
        memset(parts[i], i, 1000);
    }
    for (int i = 0; i < 4; i++)
        assert_true(parts[i][0] == i && parts[i][999] == i);
    assert_true(slice_is(value, "b!") && slice_is(request->body, "hi"));
    http_fixture_answer(&fixture, 0);
    http_client_await(&client, &fixture, 1);
    stop(&fixture, &client);
}

static void assert_echo(const struct http_client *client, struct slice body)
{
    const char *end = memmem(client->got.at, client->got.len, "\r\n\r\n", 4);

    assert_non_null(end);
    assert_int_equal(client->got.at + client->got.len - end - 4, body.len);
    assert_memory_equal(end + 4, body.at, body.len);
}

static void test_long_bodies(void **state)
{
    struct slice body = {random_text(300000), 300000};
    const char *heads[] = {"POST /" HOST "Content-Length: 300000\r\n\r\n",
                           "POST /" HOST "Transfer-Encoding: chunked\r\n\r\n493e0\r\n"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct http_fixture fixture;
        struct http_client client;

        start(&fixture, &client);
        send_text(&client, heads[i]);
        for (size_t at = 0; at < body.len; at += 10000) {
            http_client_send(&client, (struct slice){body.at + at, 10000});
            http_fixture_turn(&fixture);
        }
        send_text(&client, i == 1 ? "\r\n0\r\n\r\n" : "");
        http_client_await(&client, &fixture, 1);
        assert_echo(&client, body);
        stop(&fixture, &client);
    }
    free((void *)(uintptr_t)body.at);
}

static void test_slow_reader(void **state)
{
    struct http_fixture fixture;
    struct http_client client;

    (void)state;
    start(&fixture, &client);
    fixture.answer_len = 8 * 1024 * 1024;
    send_text(&client, "GET /" HOST "\r\nGET /" HOST "\r\n");
    http_fixture_await_handled(&fixture, 1);
    for (int i = 0; i < 20; i++)
        http_fixture_turn(&fixture);
    assert_int_equal(fixture.handled_count, 1); /* the second waits for the client to read */
    http_client_await(&client, &fixture, 2);
    assert_true(client.got.len > 2 * fixture.answer_len);
    stop(&fixture, &client);
}

static long resident_pages(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0, resident = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &pages, &resident), 2);
    fclose(file);
    return resident;
}

/* 200 clients declare bodies of half a megabyte and pipeline requests without reading the answers of 100 kB. */
static void test_memory_is_bounded(void **state)
{
    enum { CLIENTS = 200 };
    struct http_limits limits = patient_limits();
    static struct http_client clients[CLIENTS];
    struct http_fixture fixture;
    long before;

    (void)state;
    http_fixture_start(&fixture, &limits);
    fixture.answer_len = 100 * 1024;
    before = resident_pages();
    for (int i = 0; i < CLIENTS; i++) {
        http_client_pair(&clients[i], &fixture);
        for (int j = 0; j < 100 && i % 2 == 0; j++)
            send_text(&clients[i], "GET /" HOST "\r\n");
        if (i % 2 == 1)
            send_text(&clients[i], "POST /" HOST "Content-Length: 524288\r\n\r\nabc");
        http_fixture_turn(&fixture);
    }
    for (int i = 0; i < 20; i++)
        http_fixture_turn(&fixture);
    assert_true(fixture.handled_count <=
                CLIENTS / 2 * 8); /* the pause, and what the sockets hold */
    assert_true((resident_pages() - before) * sysconf(_SC_PAGESIZE) < 200 * 1024 * 1024);
    for (int i = 0; i < CLIENTS; i++)
        http_client_close(&clients[i]);
    http_fixture_await_connections(&fixture, 0);
    http_fixture_stop(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_long_bodies),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
