/*
 * redis_address_test.c - URLs that are taken apart, and those that are refused with a reason
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "io/redis.h"

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void test_good(void **state)
{
    static const struct {
        const char *url;
        struct redis_address wanted;
    } cases[] = {
        {"redis://localhost", {.host = "localhost", .port = 6379}},
        {"redis://localhost/", {.host = "localhost", .port = 6379}},
        {"redis://10.0.0.7:7000", {.host = "10.0.0.7", .port = 7000}},
        {"redis://h:1/0", {.host = "h", .port = 1}},
        {"redis://h:65535/16383", {.host = "h", .port = 65535, .db = 16383}},
        {"redis://[::1]", {.host = "::1", .port = 6379}},
        {"redis://[fe80::1]:6380/3", {.host = "fe80::1", .port = 6380, .db = 3}},
        {"redis://secret@h", {.host = "h", .port = 6379, .password = "secret"}},
        {"redis://:secret@h", {.host = "h", .port = 6379, .password = "secret"}},
        {"redis://me:secret@h:1", {.host = "h", .port = 1, .user = "me", .password = "secret"}},
        {"redis://me:a%40b%2Fc%3a@h",
         {.host = "h", .port = 6379, .user = "me", .password = "a@b/c:"}},
        {"redis://me:a@b:c@h", {.host = "h", .port = 6379, .user = "me", .password = "a@b:c"}},
        {"unix:///run/redis.sock", {.host = "/run/redis.sock"}},
        {"unix:///run/redis.sock?db=2", {.host = "/run/redis.sock", .db = 2}},
        {"unix:///with%20space", {.host = "/with space"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct redis_address got;
        struct error err = {{0}};
        if (redis_address_parse(cases[i].url, &got, &err) != STATUS_OK)
            fail_msg("%s: %s", cases[i].url, err.text);
        assert_string_equal(got.host, cases[i].wanted.host);
        assert_int_equal(got.port, cases[i].wanted.port);
        assert_int_equal(got.db, cases[i].wanted.db);
        assert_string_equal(got.user, cases[i].wanted.user);
        assert_string_equal(got.password, cases[i].wanted.password);
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *url;
        const char *word; /* of the message */
    } cases[] = {
        {"", "redis://"},
        {"localhost:6379", "redis://"},
        {"rediss://localhost", "redis://"},
        {"REDIS://localhost", "redis://"},
        {"redis://", "host"},
        {"redis://:6379", "host"},
        {"redis:///0", "host"},
        {"redis://h h", "host"},
        {"redis://h%41", "host"},
        {"redis://h#x", "host"},
        {"redis://[::1", "]"},
        {"redis://[]", "host"},
        {"redis://[::1]x", "]"},
        {"redis://[h]", "host"},
        {"redis://h:0", "port"},
        {"redis://h:65536", "port"},
        {"redis://h:-1", "port"},
        {"redis://h:1x", "port"},
        {"redis://h:99999999999999999999", "port"},
        {"redis://h/16384", "database"},
        {"redis://h/x", "database"},
        {"redis://h/1?x=y", "database"},
        {"redis://h/1/2", "database"},
        {"redis://me:@h", "password"},
        {"redis://me:hunter2%@h", "password"},
        {"redis://me:hunter2%4@h", "password"},
        {"redis://me:hunter2%zz@h", "password"},
        {"redis://me:hunter2%00@h", "password"},
        {"redis://" HUNDRED HUNDRED HUNDRED, "host"},
        {"redis://u:" HUNDRED HUNDRED HUNDRED "@h", "password"},
        {"redis://" HUNDRED HUNDRED ":p@h", "user"},
        {"unix://", "path"},
        {"unix://relative", "path"},
        {"unix:///", "path"},
        {"unix:///a?x=1", "db"},
        {"unix:///a?db=", "database"},
        {"unix:///a?db=x", "database"},
        {"unix:///" HUNDRED HUNDRED, "path"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct redis_address got = {.host = "untouched"};
        struct error err = {{0}};
        assert_int_equal(redis_address_parse(cases[i].url, &got, &err), STATUS_INVALID);
        assert_string_equal(got.host, "untouched");
        if (strstr(err.text, cases[i].word) == NULL)
            fail_msg("%s: %s", cases[i].url, err.text);
        assert_null(strstr(err.text, "hunter2"));
        assert_int_equal(redis_address_parse(cases[i].url, &got, NULL), STATUS_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
