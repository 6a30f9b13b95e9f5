/*
 * destination_test.c - every edge of every range, IPv4 inside IPv6, and allow-lists
 *
 * Rows are written as addresses, but what is tested is the socket address, as at connect time.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "model/destination.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct row {
    const char *address;
    bool allowed;
};

/* Before, first, last and after each range; neighbours that are special themselves say so by being refused. */
static const struct row V4_EDGES[] = {
    {"0.0.0.0", false},         {"0.0.0.1", false},         {"0.255.255.255", false},
    {"1.0.0.0", true},          {"9.255.255.255", true},    {"10.0.0.0", false},
    {"10.255.255.255", false},  {"11.0.0.0", true},         {"100.63.255.255", true},
    {"100.64.0.0", false},      {"100.100.100.200", false}, {"100.127.255.255", false},
    {"100.128.0.0", true},      {"126.255.255.255", true},  {"127.0.0.0", false},
    {"127.0.0.1", false},       {"127.255.255.255", false}, {"128.0.0.0", true},
    {"169.253.255.255", true},  {"169.254.0.0", false},     {"169.254.169.254", false},
    {"169.254.170.2", false},   {"169.254.255.255", false}, {"169.255.0.0", true},
    {"172.15.255.255", true},   {"172.16.0.0", false},      {"172.31.255.255", false},
    {"172.32.0.0", true},       {"191.255.255.255", true},  {"192.0.0.0", false},
    {"192.0.0.192", false},     {"192.0.0.255", false},     {"192.0.1.0", true},
    {"192.0.1.255", true},      {"192.0.2.0", false},       {"192.0.2.255", false},
    {"192.0.3.0", true},        {"192.31.195.255", true},   {"192.31.196.0", false},
    {"192.31.196.255", false},  {"192.31.197.0", true},     {"192.52.192.255", true},
    {"192.52.193.0", false},    {"192.52.193.255", false},  {"192.52.194.0", true},
    {"192.88.98.255", true},    {"192.88.99.0", false},     {"192.88.99.255", false},
    {"192.88.100.0", true},     {"192.167.255.255", true},  {"192.168.0.0", false},
    {"192.168.255.255", false}, {"192.169.0.0", true},      {"192.175.47.255", true},
    {"192.175.48.0", false},    {"192.175.48.255", false},  {"192.175.49.0", true},
    {"198.17.255.255", true},   {"198.18.0.0", false},      {"198.19.255.255", false},
    {"198.20.0.0", true},       {"198.51.99.255", true},    {"198.51.100.0", false},
    {"198.51.100.255", false},  {"198.51.101.0", true},     {"203.0.112.255", true},
    {"203.0.113.0", false},     {"203.0.113.255", false},   {"203.0.114.0", true},
    {"223.255.255.255", true},  {"224.0.0.0", false},       {"239.255.255.255", false},
    {"240.0.0.0", false},       {"255.255.255.254", false}, {"255.255.255.255", false},
    {"8.8.8.8", true},          {"93.184.216.34", true},
};

static const struct row V6_EDGES[] = {
    {"::2:0:0:0", false},
    {"64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", false},
    {"64:ff9b:1::", false},
    {"64:ff9b:1::8.8.8.8", false},
    {"64:ff9b:1:808:8:800::", false},
    {"64:ff9b:1:ffff:ffff:ffff:ffff:ffff", false},
    {"100::", false},
    {"100::1", false},
    {"1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
    {"2000::", true},
    {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
    {"2001::", false},
    {"2001::1", false},
    {"2001:1::1", false},
    {"2001:2::", false},
    {"2001:3::1", false},
    {"2001:10::1", false},
    {"2001:20::1", false},
    {"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", false},
    {"2001:200::", true},
    {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", true},
    {"2001:db8::", false},
    {"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", false},
    {"2001:db9::", true},
    {"2001:4860:4860::8888", true},
    {"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
    {"2002::", false},
    {"2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
    {"2003::", true},
    {"2606:2800:220:1:248:1893:25c8:1946", true},
    {"2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", true},
    {"2620:4f:8000::", false},
    {"2620:4f:8000:ffff:ffff:ffff:ffff:ffff", false},
    {"2620:4f:8001::", true},
    {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
    {"3fff::", false},
    {"3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", false},
    {"3fff:1000::", true},
    {"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
    {"4000::", false},
    {"5f00::1", false},
    {"fbff:ffff::1", false},
    {"fc00::", false},
    {"fd00:ec2::254", false},
    {"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
    {"fe00::1", false},
    {"fe80::", false},
    {"fe80::1", false},
    {"febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
    {"fec0::1", false},
    {"ff00::", false},
    {"ff02::1", false},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
};

static const struct row CARRIED_V4[] = {
    {"::", false},
    {"::1", false},
    {"::127.0.0.1", false},
    {"::10.0.0.1", false},
    {"::8.8.8.8", false},
    {"::255.255.255.255", false},
    {"::1:127.0.0.1", false},
    {"::1:8.8.8.8", false},
    {"::ffff:0.0.0.0", false},
    {"::ffff:127.0.0.1", false},
    {"::ffff:7f00:1", false},
    {"::ffff:169.254.169.254", false},
    {"::ffff:192.168.1.1", false},
    {"::ffff:172.15.255.255", true},
    {"::ffff:172.16.0.0", false},
    {"::ffff:255.255.255.255", false},
    {"::ffff:8.8.8.8", true},
    {"::fffe:8.8.8.8", false},
    {"::ffff:0:127.0.0.1", false},
    {"::ffff:0:8.8.8.8", false},
    {"64:ff9b::7f00:1", false},
    {"64:ff9b::10.1.2.3", false},
    {"64:ff9b::169.254.169.254", false},
    {"64:ff9b::8.8.8.8", true},
    {"64:ff9b::1:8.8.8.8", false},
    {"2002:7f00:1::", false},
    {"2002:a00:1::1", false},
    {"2002:c0a8:101::c0a8:101", false},
    {"2002:a9fe:a9fe::", false},
    {"2002:808:808::1", false},
    {"2002:808:808::7f00:1", false},
    {"2002:ffff:ffff::", false},
    /* Teredo: the server 8.8.8.8 or 10.0.0.1, the client inverted */
    {"2001:0:808:808:0:0:f7f7:f7f7", false},
    {"2001:0:808:808:0:0:80ff:fffe", false},
    {"2001:0:808:808:0:0:f5ff:fffe", false},
    {"2001:0:a00:1:0:0:f7f7:f7f7", false},
};

static bool is_allowed(const char *text, const struct cidr_list *allow)
{
    struct sockaddr_storage storage;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(443)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(443)};
    memset(&storage, 0xff, sizeof storage);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(&storage, &v4, sizeof v4);
    } else {
        v6.sin6_scope_id = 2;
        if (inet_pton(AF_INET6, text, &v6.sin6_addr) != 1)
            fail_msg("the test is wrong: %s", text);
        memcpy(&storage, &v6, sizeof v6);
    }
    return destination_is_allowed((const struct sockaddr *)&storage, allow);
}

static void check_rows(const struct row *rows, size_t count)
{
    static const struct cidr_list none;
    for (size_t i = 0; i < count; i++) {
        if (is_allowed(rows[i].address, &none) != rows[i].allowed)
            fail_msg("%s is %s", rows[i].address, rows[i].allowed ? "refused" : "allowed");
    }
}

static void ipv4_edges(void **state)
{
    (void)state;
    check_rows(V4_EDGES, COUNT(V4_EDGES));
}

static void ipv6_edges(void **state)
{
    (void)state;
    check_rows(V6_EDGES, COUNT(V6_EDGES));
}

static void ipv4_in_ipv6(void **state)
{
    (void)state;
    check_rows(CARRIED_V4, COUNT(CARRIED_V4));
}

static void every_decoded_carrier_agrees_with_plain_ipv4(void **state)
{
    static const struct cidr_list none;
    (void)state;
    for (size_t i = 0; i < COUNT(V4_EDGES); i++) {
        char text[80];
        snprintf(text, sizeof text, "::ffff:%s", V4_EDGES[i].address);
        assert_int_equal(is_allowed(text, &none), V4_EDGES[i].allowed);
        snprintf(text, sizeof text, "64:ff9b::%s", V4_EDGES[i].address);
        assert_int_equal(is_allowed(text, &none), V4_EDGES[i].allowed);
    }
}

static void other_families_are_refused(void **state)
{
    static const struct cidr_list none;
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/redis.sock"};
    struct sockaddr unspecified = {.sa_family = AF_UNSPEC};
    (void)state;
    assert_false(destination_is_allowed((const struct sockaddr *)&local, &none));
    assert_false(destination_is_allowed(&unspecified, &none));
}

static void allow_lists_open_what_they_name(void **state)
{
    static const struct {
        const char *list, *address;
        bool allowed;
    } cases[] = {
        {"127.0.0.0/8", "127.0.0.0", true},
        {"127.0.0.0/8", "127.255.255.255", true},
        {"127.0.0.0/8", "10.0.0.1", false},
        {"127.0.0.0/8", "::1", false},
        {"127.0.0.0/8", "::ffff:127.0.0.1", true},
        {"127.0.0.0/8", "64:ff9b::127.0.0.1", true},
        {"127.0.0.0/8", "2002:7f00:1::", false},
        {"127.0.0.0/8", "::127.0.0.1", false},
        {"127.0.0.0/8", "2001:0:808:808:0:0:80ff:fffe", false},
        {"127.0.0.0/8", "2001:0:7f00:1:0:0:f7f7:f7f7", false},
        {"0.0.0.0/0", "2002:808:808::1", false},
        {"0.0.0.0/0", "2001:0:808:808:0:0:f7f7:f7f7", false},
        {"2002::/16", "2002:7f00:1::", true}, /* who names it means it */
        {"127.0.0.0/8", "8.8.8.8", true},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"127.0.0.1", "127.0.0.0", false},
        {"::1", "::1", true},
        {"::1/128", "::1", true},
        {"::1/128", "::2", false},
        {"::1/128", "127.0.0.1", false},
        {"10.1.2.128/25", "10.1.2.127", false},
        {"10.1.2.128/25", "10.1.2.128", true},
        {"10.1.2.128/25", "10.1.2.255", true},
        {"10.1.2.128/25", "10.1.3.0", false},
        {"10.1.2.2/31", "10.1.2.3", true},
        {"10.1.2.2/31", "10.1.2.4", false},
        {"0.0.0.0/0", "255.255.255.255", true},
        {"0.0.0.0/0", "::1", false},
        {"0.0.0.0/0", "::8.8.8.8", false},
        {"0.0.0.0/0", "fe80::1", false},
        {"::/0", "fe80::1", true},
        {"::/0", "127.0.0.1", false},
        {"::/0", "::ffff:127.0.0.1", false},
        {"::ffff:127.0.0.0/104", "127.0.0.1", true},
        {"::ffff:127.0.0.0/104", "10.0.0.1", false},
        {"fd00::/8", "fd00:ec2::254", true},
        {"fd00::/8", "fcff::1", false},
        {"fd00::/9", "fd7f:ffff::1", true},
        {"fd00::/9", "fd80::1", false},
        {"64:ff9b:1::/48", "64:ff9b:1::10.0.0.1", true},
        {"64:ff9b:1::/48", "10.0.0.1", false},
        {"64:ff9b::/96", "64:ff9b::10.0.0.1", true},
        {"10.0.0.0/8, 127.0.0.0/8 ,::1/128", "127.0.0.1", true},
        {"10.0.0.0/8, 127.0.0.0/8 ,::1/128", "::1", true},
        {"10.0.0.0/8, 127.0.0.0/8 ,::1/128", "192.168.0.1", false},
        {"", "127.0.0.1", false},
        {"  ", "127.0.0.1", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cidr_list allow;
        struct error err = {""};
        if (cidr_list_parse(slice_of(cases[i].list), &allow, &err) != STATUS_OK)
            fail_msg("\"%s\": %s", cases[i].list, err.text);
        if (is_allowed(cases[i].address, &allow) != cases[i].allowed)
            fail_msg("\"%s\" and %s", cases[i].list, cases[i].address);
    }
}

static void refuses_malformed_lists(void **state)
{
    static const char *const cases[] = {
        ",",
        "127.0.0.1,",
        ",127.0.0.1",
        "127.0.0.1,,::1",
        "127.0.0.1 ::1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.0.0.256",
        "127.0.0.1.1",
        "127.0.0.0/",
        "127.0.0.0/33",
        "127.0.0.0/-1",
        "127.0.0.0/8x",
        "127.0.0.0/ 8",
        "127.0.0.0/8/8",
        "127.0.0.0/99999999999999999999",
        "127.0.0.1/8",
        "10.0.0.1/31",
        "0.0.0.1/0",
        "::1/0",
        "::1/127",
        "fd00::1/8",
        "::/129",
        "fe80::1%eth0",
        "[::1]",
        "::1::2",
        "12345::",
        "http://127.0.0.1",
        "127.0.0.1:80",
        "/8",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cidr_list allow = {.count = 42};
        struct error err = {""};
        if (cidr_list_parse(slice_of(cases[i]), &allow, &err) != STATUS_INVALID)
            fail_msg("accepted: \"%s\"", cases[i]);
        assert_int_equal(allow.count, 42);
        assert_true(strlen(err.text) > 0);
        assert_int_equal(cidr_list_parse(slice_of(cases[i]), &allow, NULL), STATUS_INVALID);
    }
    struct cidr_list allow;
    assert_int_equal(cidr_list_parse((struct slice){.at = "127.0.0.1\0", .len = 10}, &allow, NULL),
                     STATUS_INVALID);
}

static void lists_are_bounded(void **state)
{
    char text[16 * (CIDRS_MAX + 1)];
    struct cidr_list allow = {.count = 0};
    struct error err = {""};
    size_t len = 0;
    (void)state;
    for (int i = 0; i <= CIDRS_MAX; i++) {
        if (i == CIDRS_MAX)
            assert_int_equal(cidr_list_parse((struct slice){.at = text, .len = len}, &allow, &err),
                             STATUS_OK);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s10.0.0.%d", i ? "," : "", i);
    }
    assert_int_equal(allow.count, CIDRS_MAX);
    assert_true(is_allowed("10.0.0.63", &allow));
    assert_int_equal(cidr_list_parse((struct slice){.at = text, .len = len}, &allow, &err),
                     STATUS_LIMIT);
    assert_int_equal(allow.count, CIDRS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4_edges),
        cmocka_unit_test(ipv6_edges),
        cmocka_unit_test(ipv4_in_ipv6),
        cmocka_unit_test(every_decoded_carrier_agrees_with_plain_ipv4),
        cmocka_unit_test(other_families_are_refused),
        cmocka_unit_test(allow_lists_open_what_they_name),
        cmocka_unit_test(refuses_malformed_lists),
        cmocka_unit_test(lists_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
