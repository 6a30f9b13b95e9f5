/*
 * http_listeners_test.c - numbers of connections, and what can be listened on
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "http_fixture.h"

#define HOST " HTTP/1.1\r\nHost: a\r\n"
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

static void test_connections_max(void **state)
{
    struct http_limits limits = patient_limits();
    struct http_fixture fixture;
    struct http_client first, second, third;

    (void)state;
    limits.connections_max = 2;
    start(&fixture, limits, &first);
    http_client_connect(&second, &fixture);
    http_client_connect(&third, &fixture);
    send_text(&third, "GET /" HOST "\r\n");
    http_fixture_await_connections(&fixture, 2);
    for (int i = 0; i < 10; i++)
        http_fixture_turn(&fixture);
    assert_int_equal(http_server_connections(fixture.server), 2);
    assert_int_equal(fixture.handled_count, 0);
    http_client_close(&first);
    http_client_await(&third, &fixture, 1);
    http_client_close(&second);
    stop(&fixture, &third);
}

static void test_connections_per_ip(void **state)
{
    struct http_limits limits = patient_limits();
    struct http_fixture fixture;
    struct http_client first, second, third;

    (void)state;
    limits.connections_per_ip_max = 2;
    start(&fixture, limits, &first);
    http_client_connect(&second, &fixture);
    http_fixture_await_connections(&fixture, 2);
    http_client_connect(&third, &fixture);
    http_client_await_close(&third, &fixture);
    assert_int_equal(fixture.refused_status, 429);
    http_client_close(&third);
    http_client_close(&first);
    http_fixture_await_connections(&fixture, 1);
    http_client_connect(&third, &fixture);
    http_fixture_await_connections(&fixture, 2);
    http_client_close(&third);
    stop(&fixture, &second);
}

static void test_out_of_descriptors(void **state)
{
    struct http_limits limits = patient_limits();
    struct http_fixture fixture;
    struct http_client shed, later;
    struct rlimit all, none;

    (void)state;
    start(&fixture, limits, &shed);
    http_client_connect(&later, &fixture);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
    none = all;
    none.rlim_cur = (rlim_t)later.fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    http_client_await_close(&shed, &fixture);
    assert_int_equal(http_server_connections(fixture.server), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
    send_text(&later, "GET /" HOST "\r\n");
    http_client_await(&later, &fixture, 1);
    http_client_close(&shed);
    stop(&fixture, &later);
}

static void test_bind(void **state)
{
    static const char *const wrong[] = {"",
                                        "8080",
                                        ":8080",
                                        "127.0.0.1",
                                        "127.0.0.1:",
                                        "a:1",
                                        "127.0.0.1:65536",
                                        "::1:80",
                                        "[::1:80",
                                        "[]:80",
                                        "[127.0.0.1]:80",
                                        "127.0.0.1:+1",
                                        "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18:1"};
    struct http_limits limits = patient_limits();
    struct http_fixture fixture;
    struct error err;
    char address[32];
    int port;

    (void)state;
    http_fixture_start(&fixture, &limits);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        err.text[0] = 0;
        assert_int_equal(http_server_bind(fixture.server, wrong[i], &port, &err), STATUS_INVALID);
        assert_non_null(strstr(err.text, wrong[i]));
    }
    assert_int_equal(http_server_bind(fixture.server, "192.0.2.1:0", &port, &err), STATUS_FAILED);
    assert_non_null(strstr(err.text, "192.0.2.1:0"));
    snprintf(address, sizeof address, "localhost:%d", fixture.port);
    assert_int_equal(http_server_bind(fixture.server, address, NULL, &err), STATUS_OK);
    http_fixture_stop(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connections_max),
        cmocka_unit_test(test_connections_per_ip),
        cmocka_unit_test(test_out_of_descriptors),
        cmocka_unit_test(test_bind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
