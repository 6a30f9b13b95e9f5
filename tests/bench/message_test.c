/*
 * message_test.c - whole and partial messages, chunked bodies, and what is none
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "message.h"

static void reads_whole_messages(void **state)
{
    static const struct {
        const char *text, *target, *body;
        int status;
        bool closes;
    } cases[] = {
        {"POST /hook/3 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "/hook/3", "hello",
         0, false},
        {"POST / HTTP/1.1\r\ncontent-length:0\r\nconnection: close\r\n\r\n", "/", "", 0, true},
        {"GET /x HTTP/1.1\r\n\r\n", "/x", "", 0, false},
        {"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}", "", "{}", 202, false},
        {"HTTP/1.1 204 No Content\r\n\r\n", "", "", 204, false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: "
         "chunked\r\n\r\n3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\n\r\n",
         "", "abc0123456789", 200, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct message message;
        size_t len = strlen(cases[i].text);
        char *copy = xstrdup(cases[i].text);
        /* Every prefix is incomplete, and reading it spoils nothing. */
        for (size_t cut = 0; cut < len; cut++)
            assert_int_equal(message_read(copy, cut, &message), STATUS_ABSENT);
        assert_int_equal(message_read(copy, len, &message), STATUS_OK);
        assert_int_equal(message.len, len);
        assert_int_equal(message.status, cases[i].status);
        assert_int_equal(message.closes, cases[i].closes);
        assert_true(slice_is(message.target, cases[i].target));
        assert_true(slice_is(message.body, cases[i].body));
        free(copy);
    }
}

static void ends_where_the_next_one_begins(void **state)
{
    struct message message;
    char text[] = "POST /1 HTTP/1.1\r\nContent-Length: 1\r\n\r\naPOST /2 "
                  "HTTP/1.1\r\nContent-Length: 1\r\n\r\nb";
    size_t len = strlen(text);
    (void)state;
    assert_int_equal(message_read(text, len, &message), STATUS_OK);
    assert_true(slice_is(message.body, "a"));
    size_t first = message.len;
    assert_int_equal(message_read(text + first, len - first, &message), STATUS_OK);
    assert_true(slice_is(message.target, "/2"));
    assert_int_equal(first + message.len, len);
}

static void refuses_what_is_not_http(void **state)
{
    static const char *const cases[] = {
        "hello\r\n\r\n",
        "POST /x\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct message message;
        char *copy = xstrdup(cases[i]);
        assert_int_equal(message_read(copy, strlen(copy), &message), STATUS_INVALID);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_whole_messages),
        cmocka_unit_test(ends_where_the_next_one_begins),
        cmocka_unit_test(refuses_what_is_not_http),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
