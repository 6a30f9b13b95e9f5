/*
 * http_response_test.c - answers as bytes
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "io/http_response.h"

#define DATE_LEN (sizeof "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" - 1)

static const struct {
    struct http_response response;
    struct http_answer_to to;
    const char *before_date, *after_date;
} rows[] = {
    {{.status = 202, .content_type = {"a/b", 3}, .body = {"hello", 5}},
     {0},
     "HTTP/1.1 202 Accepted\r\n",
     "Content-Type: a/b\r\nContent-Length: 5\r\n\r\nhello"},
    {{.status = 200}, {0}, "HTTP/1.1 200 OK\r\n", "Content-Length: 0\r\n\r\n"},
    {{.status = 200, .body = {"hello", 5}},
     {.is_head = true},
     "HTTP/1.1 200 OK\r\n",
     "Content-Length: 5\r\n\r\n"},
    {{.status = 204, .content_type = {"a/b", 3}, .body = {"hello", 5}},
     {0},
     "HTTP/1.1 204 No Content\r\n",
     "\r\n"},
    {{.status = 304, .body = {"hello", 5}}, {0}, "HTTP/1.1 304 Not Modified\r\n", "\r\n"},
    {{.status = 499, .body = {"x", 1}},
     {.closes = true, .is_http_1_0 = true},
     "HTTP/1.1 499 Unknown\r\n",
     "Content-Length: 1\r\nConnection: close\r\n\r\nx"},
    {{.status = 503,
      .headers = (const struct http_header[]){{{"Retry-After", 11}, {"5", 1}},
                                              {{"X-Empty", 7}, {NULL, 0}}},
      .headers_count = 2},
     {.is_http_1_0 = true},
     "HTTP/1.1 503 Service Unavailable\r\n",
     "Content-Length: 0\r\nRetry-After: 5\r\nX-Empty: \r\nConnection: keep-alive\r\n\r\n"},
};

static void test_rows(void **state)
{
    struct http_date date = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t before = strlen(rows[i].before_date);
        struct buf out;

        buf_init(&out, 4096);
        http_response_write(&rows[i].response, &rows[i].to, &date, &out);
        assert_true(out.len > before + DATE_LEN);
        assert_memory_equal(out.at, rows[i].before_date, before);
        assert_memory_equal(out.at + before, "Date: ", 6);
        assert_int_equal(out.len - before - DATE_LEN, strlen(rows[i].after_date));
        assert_memory_equal(out.at + before + DATE_LEN, rows[i].after_date,
                            strlen(rows[i].after_date));
        buf_fini(&out);
    }
}

static void test_date(void **state)
{
    struct http_date date = {0};
    struct http_response response = {.status = 200};
    struct http_answer_to to = {0};
    int64_t before_ms = clock_wall_ms(), at_ms;
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    http_response_write(&response, &to, &date, &out);
    assert_int_equal(clock_parse_http_date((struct slice){out.at + 17 + 6, 29}, &at_ms), STATUS_OK);
    assert_true(at_ms >= before_ms - 1000 && at_ms <= clock_wall_ms());
    /* Made once, and again when the second has changed. */
    date.line[6] = '?';
    buf_clear(&out);
    http_response_write(&response, &to, &date, &out);
    date.at_s--;
    http_response_write(&response, &to, &date, &out);
    assert_int_not_equal(out.at[out.len - strlen("Content-Length: 0\r\n\r\n") - DATE_LEN + 6], '?');
    buf_fini(&out);
}

static void test_overflow(void **state)
{
    struct http_date date = {0};
    struct http_response response = {.status = 200, .body = {"hello", 5}};
    struct http_answer_to to = {0};
    struct buf out;

    (void)state;
    buf_init(&out, 64);
    http_response_write(&response, &to, &date, &out);
    assert_true(out.overflow);
    buf_fini(&out);
}

static void test_titles(void **state)
{
    (void)state;
    assert_string_equal(http_status_title(422), "Unprocessable Content");
    assert_string_equal(http_status_title(299), "Unknown");
}

static void test_a_lasting_body_is_not_copied(void **state)
{
    struct http_date date = {0};
    struct http_response response = {
        .status = 200, .content_type = SLICE("a/b"), .body = SLICE("lasting"), .is_lasting = true};
    struct http_answer_to to = {0};
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    struct slice rest = http_response_write(&response, &to, &date, &out);
    assert_ptr_equal(rest.at, response.body.at);
    assert_int_equal(rest.len, 7);
    assert_non_null(memmem(out.at, out.len, "Content-Length: 7\r\n", 19));
    assert_memory_equal(out.at + out.len - 4, "\r\n\r\n", 4);
    to.is_head = true;
    assert_int_equal(http_response_write(&response, &to, &date, &out).len, 0);
    response.status = 204;
    to.is_head = false;
    assert_int_equal(http_response_write(&response, &to, &date, &out).len, 0);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_date),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_titles),
        cmocka_unit_test(test_a_lasting_body_is_not_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
