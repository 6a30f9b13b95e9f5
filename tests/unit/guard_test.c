/*
 * guard_test.c - both doors refuse what must not be reached, and remember that they did
 *
 * Which addresses those are is destination_test.c's.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "dispatcher/guard.h"

static struct cidr_list nothing, loopback;

static int set_up(void **state)
{
    (void)state;
    struct slice text = SLICE("127.0.0.0/8,::1/128");
    return cidr_list_parse(text, &loopback, NULL) == STATUS_OK ? 0 : -1;
}

static struct sockaddr_storage address_of(const char *ip, uint16_t port)
{
    struct sockaddr_storage out = {0};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1) {
        memcpy(&out, &v4, sizeof v4);
    } else {
        assert_int_equal(inet_pton(AF_INET6, ip, &v6.sin6_addr), 1);
        memcpy(&out, &v6, sizeof v6);
    }
    return out;
}

static const struct {
    const char *ip;
    uint16_t port;
    bool is_allowed, is_allowed_with_loopback;
} cases[] = {
    {"93.184.216.34", 443, true, true},
    {"93.184.216.34", 80, true, true},
    {"93.184.216.34", 8080, true, true},
    {"93.184.216.34", 22, false, false},
    {"93.184.216.34", 6379, false, false},
    {"2606:2800:220:1:248:1893:25c8:1946", 443, true, true},
    {"127.0.0.1", 8080, false, true},
    {"127.0.0.1", 6379, false, false},
    {"127.0.0.1", 25, false, false},
    {"::1", 8080, false, true},
    {"::ffff:127.0.0.1", 8080, false, true},
    {"10.0.0.1", 443, false, false},
    {"169.254.169.254", 80, false, false},
    {"fe80::1", 443, false, false},
};

static void opens_sockets_only_for_the_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        bool with = i % 2 == 1;
        bool is_allowed = with ? cases[i / 2].is_allowed_with_loopback : cases[i / 2].is_allowed;
        struct guard guard = {.allow = with ? &loopback : &nothing};
        struct sockaddr_storage address = address_of(cases[i / 2].ip, cases[i / 2].port);
        int fd = guard_open_socket(&guard, (const struct sockaddr *)&address, SOCK_STREAM, 0);
        assert_int_equal(fd >= 0, is_allowed);
        assert_int_equal(guard.refused, !is_allowed);
        if (fd >= 0) {
            assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
            assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
            close(fd);
        }
    }
}

static void judges_the_peer_of_a_connection_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        bool with = i % 2 == 1;
        bool is_allowed = with ? cases[i / 2].is_allowed_with_loopback : cases[i / 2].is_allowed;
        struct guard guard = {.allow = with ? &loopback : &nothing};
        assert_int_equal(guard_allows_peer(&guard, cases[i / 2].ip, cases[i / 2].port), is_allowed);
        assert_int_equal(guard.refused, !is_allowed);
    }
}

static void refuses_what_it_cannot_read(void **state)
{
    static const struct {
        const char *ip;
        int port;
    } bad[] = {{"", 443},
               {"localhost", 443},
               {"1.2.3", 443},
               {"93.184.216.34", 0},
               {"93.184.216.34", -1},
               {"93.184.216.34", 65536},
               {"fe80::1%eth0", 443},
               {"/run/redis.sock", 443},
               {"11111111111111111111111111111111111111111111111111", 443}};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct guard guard = {.allow = &nothing};
        assert_false(guard_allows_peer(&guard, bad[i].ip, bad[i].port));
        assert_true(guard.refused);
    }
    struct guard guard = {.allow = &loopback};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    assert_int_equal(guard_open_socket(&guard, (const struct sockaddr *)&local, SOCK_STREAM, 0),
                     -1);
    assert_true(guard.refused);
}

static void knows_the_ports(void **state)
{
    static const int open[] = {80, 443, 1024, 3000, 8000, 8080, 8443, 65535};
    static const int closed[] = {-1,   0,    1,     22,    25,    79,   81,   442,
                                 444,  1023, 65536, 2375,  2379,  3306, 5432, 6379,
                                 6443, 9200, 10250, 11211, 26379, 27017};
    (void)state;
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        assert_true(guard_allows_port(open[i]));
    }
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        assert_false(guard_allows_port(closed[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_sockets_only_for_the_allowed),
        cmocka_unit_test(judges_the_peer_of_a_connection_the_same),
        cmocka_unit_test(refuses_what_it_cannot_read),
        cmocka_unit_test(knows_the_ports),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
