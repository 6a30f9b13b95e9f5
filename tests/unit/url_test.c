/*
 * url_test.c - URLs that pass and that do not, every limit
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/url.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void accepts(void **state)
{
    static const char *const cases[] = {
        "http://a",
        "https://example.com",
        "HTTPS://Example.COM/",
        "https://example.com.",
        "https://example.com./x",
        "https://example.com:1/",
        "https://example.com:65535",
        "https://example.com:08080/",
        "http://127.0.0.1:9000/hook",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://[2001:db8::1]:8443/x?y",
        "http://[::ffff:127.0.0.1]",
        "https://my_host-1.example/a/b;c=d/@x:y/~z?q=1&r='(x)*!,$+",
        "https://example.com?x=1",
        "https://example.com/%2F%c3%A9?%00",
        "https://xn--bcher-kva.example/",
        "https://example.com/?next=http://user@other/",
    };
    const char *why;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (!url_is_acceptable(slice_of(cases[i]), &why))
            fail_msg("%s: %s", cases[i], why);
}

static void refuses(void **state)
{
    static const struct {
        struct slice url;
        const char *why;
    } cases[] = {
        {SLICE(""), "http"},
        {SLICE("example.com"), "http"},
        {SLICE("ftp://example.com"), "http"},
        {SLICE("file:///etc/passwd"), "http"},
        {SLICE("gopher://example.com"), "http"},
        {SLICE("javascript:alert(1)"), "http"},
        {SLICE("http:/example.com"), "http"},
        {SLICE("http:example.com"), "http"},
        {SLICE("//example.com"), "http"},
        {SLICE(" http://example.com"), "http"},
        {SLICE("\thttp://example.com"), "http"},
        {SLICE("http://"), "host"},
        {SLICE("http:///x"), "host"},
        {SLICE("http://?x"), "host"},
        {SLICE("http://:80/"), "host"},
        {SLICE("http://."), "host"},
        {SLICE("http://a..b/"), "host"},
        {SLICE("http://.a/"), "host"},
        {SLICE("http://a../"), "host"},
        {SLICE("http://-a.b/"), "host"},
        {SLICE("http://a b/"), "host"},
        {SLICE("http://a\\@b/"), "user"},
        {SLICE("http://a\\b/"), "host"},
        {SLICE("http://a%2eb/"), "host"},
        {SLICE("http://\xc3\xa9/"), "host"},
        {SLICE("http://a\0.b/"), "host"},
        {SLICE("http://a\r\nb/"), "host"},
        {SLICE("http://[::1/"), "host"},
        {SLICE("http://[]/"), "host"},
        {SLICE("http://[fe80::1%25eth0]/"), "host"},
        {SLICE("http://[127.0.0.1]/"), "host"},
        {SLICE("http://[1:2:3:4:5:6:7:8:9]/"), "host"},
        {SLICE("http://[::1\0]/"), "host"},
        {SLICE("http://[::1]x/"), "port"},
        {SLICE("http://::1/"), "host"},
        {SLICE("http://user@example.com/"), "user"},
        {SLICE("http://user:pw@example.com/"), "user"},
        {SLICE("http://@example.com/"), "user"},
        {SLICE("http://example.com:/"), "port"},
        {SLICE("http://example.com:0/"), "port"},
        {SLICE("http://example.com:65536/"), "port"},
        {SLICE("http://example.com:000080/"), "port"},
        {SLICE("http://example.com:+80/"), "port"},
        {SLICE("http://example.com:8a/"), "port"},
        {SLICE("http://example.com:80:80/"), "port"},
        {SLICE("http://example.com#"), "fragment"},
        {SLICE("http://example.com/#x"), "fragment"},
        {SLICE("http://example.com/?a#x"), "fragment"},
        {SLICE("http://example.com/a b"), "path"},
        {SLICE("http://example.com/a\tb"), "path"},
        {SLICE("http://example.com/a\r\nX: y"), "path"},
        {SLICE("http://example.com/\0"), "path"},
        {SLICE("http://example.com/\x7f"), "path"},
        {SLICE("http://example.com/\xc3\xa9"), "path"},
        {SLICE("http://example.com/\\x"), "path"},
        {SLICE("http://example.com/<x>"), "path"},
        {SLICE("http://example.com/{x}"), "path"},
        {SLICE("http://example.com/%"), "path"},
        {SLICE("http://example.com/%2"), "path"},
        {SLICE("http://example.com/%2g"), "path"},
        {SLICE("http://example.com/ "), "path"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *why = "nothing";
        if (url_is_acceptable(cases[i].url, &why) || strstr(why, cases[i].why) == NULL)
            fail_msg("%s: %s", cases[i].url.at, why);
    }
}

static void bounds_lengths(void **state)
{
    char url[URL_MAX + 10];
    const char *why;
    (void)state;
    for (size_t len = URL_MAX - 1; len <= URL_MAX + 1; len++) {
        memset(url, 'a', sizeof url);
        memcpy(url, "http://b/", 9);
        assert_int_equal(url_is_acceptable((struct slice){url, len}, &why), len <= URL_MAX);
    }
    for (size_t len = 62; len <= 64; len++) {
        memset(url, 'a', sizeof url);
        memcpy(url, "http://", 7);
        url[7 + len] = '/';
        assert_int_equal(url_is_acceptable((struct slice){url, 8 + len}, &why), len <= 63);
    }
    for (size_t len = URL_HOST_MAX - 1; len <= URL_HOST_MAX + 1; len++) {
        for (size_t i = 0; i < len; i++)
            url[7 + i] = i % 50 == 49 && i + 1 < len ? '.' : 'a';
        assert_int_equal(url_is_acceptable((struct slice){url, 7 + len}, &why),
                         len <= URL_HOST_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts),
        cmocka_unit_test(refuses),
        cmocka_unit_test(bounds_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
