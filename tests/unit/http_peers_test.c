/*
 * http_peers_test.c - who is the same client
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/http_peers.h"

static struct sockaddr_storage address_of(const char *text)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in ipv4 = {.sin_family = AF_INET};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &ipv4.sin_addr) == 1) {
        memcpy(&storage, &ipv4, sizeof ipv4);
        return storage;
    }
    assert_int_equal(inet_pton(AF_INET6, text, &ipv6.sin6_addr), 1);
    memcpy(&storage, &ipv6, sizeof ipv6);
    return storage;
}

static struct http_peer *enter(struct http_peers *peers, const char *text)
{
    struct sockaddr_storage address = address_of(text);
    return http_peers_enter(peers, (const struct sockaddr *)&address, 1);
}

static const struct {
    const char *first, *second;
    bool is_same;
} rows[] = {
    {"192.0.2.1", "192.0.2.1", true},
    {"192.0.2.1", "192.0.2.2", false},
    {"192.0.2.1", "::ffff:192.0.2.1", true},
    {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
    {"2001:db8::1", "2001:db8::ffff:1", true},
    {"2001:db8::1", "2001:db8:0:1::1", false},
    {"::1", "0.0.0.0", false},
};

static void test_same_client(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_peers *peers = http_peers_new();
        struct http_peer *first = enter(peers, rows[i].first);
        struct http_peer *second = enter(peers, rows[i].second);

        assert_non_null(first);
        assert_int_equal(second == NULL, rows[i].is_same);
        if (second != NULL)
            http_peers_leave(peers, &second);
        http_peers_leave(peers, &first);
        second = enter(peers, rows[i].second); /* a place is free again */
        assert_non_null(second);
        http_peers_leave(peers, &second);
        http_peers_free(&peers);
    }
}

static void test_no_bound(void **state)
{
    struct http_peers *peers = http_peers_new();
    struct sockaddr_storage address = address_of("192.0.2.1");
    struct http_peer *places[100];

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        places[i] = http_peers_enter(peers, (const struct sockaddr *)&address, 0);
        assert_non_null(places[i]);
    }
    for (size_t i = 0; i < 100; i++)
        http_peers_leave(peers, &places[i]);
    http_peers_free(&peers);
}

static void test_text(void **state)
{
    static const struct {
        const char *address, *text;
    } texts[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"2001:DB8::1", "2001:db8::1"},
    };
    struct sockaddr nobody = {.sa_family = AF_UNIX};
    char out[46];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct sockaddr_storage address = address_of(texts[i].address);
        http_peer_text((const struct sockaddr *)&address, out);
        assert_string_equal(out, texts[i].text);
    }
    http_peer_text(&nobody, out);
    assert_string_equal(out, "unix");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_client),
        cmocka_unit_test(test_no_bound),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
