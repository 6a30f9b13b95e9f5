/*
 * http_fields_test.c - the framing rules by themselves, without llhttp before them; all other rows are in http_head_test.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/http_fields.h"

static const struct {
    bool is_http_1_0;
    struct http_header headers[3];
    const char *reason; /* NULL: taken */
} rows[] = {
    {false, {{SLICE("Host"), SLICE("a")}}, NULL},
    {false, {{SLICE("hOST"), SLICE("a")}, {SLICE("Content-Length"), SLICE("12")}}, NULL},
    {false, {{SLICE("X"), SLICE("a")}}, "no Host"},
    {true, {{SLICE("X"), SLICE("a")}}, NULL},
    {false, {{SLICE("Host"), SLICE("a")}, {SLICE("host"), SLICE("a")}}, "more than one Host"},
    {false, {{SLICE("Host"), SLICE("a@b")}}, "malformed Host"},
    {false, {{SLICE("Host"), SLICE("a")}, {SLICE("X Y"), SLICE("a")}}, "malformed header name"},
    {false, {{SLICE("Host"), SLICE("a")}, {SLICE("X\x80"), SLICE("a")}}, "malformed header name"},
    {false,
     {{SLICE("Host"), SLICE("a")},
      {SLICE("Content-Length"), SLICE("1")},
      {SLICE("content-length"), SLICE("1")}},
     "more than one Content-Length"},
    {false,
     {{SLICE("Host"), SLICE("a")}, {SLICE("Content-Length"), SLICE("")}},
     "malformed Content-Length"},
    {false,
     {{SLICE("Host"), SLICE("a")}, {SLICE("Content-Length"), SLICE("+1")}},
     "malformed Content-Length"},
    {false,
     {{SLICE("Host"), SLICE("a")}, {SLICE("Content-Length"), SLICE("0000000000000001")}},
     "malformed Content-Length"},
    {false,
     {{SLICE("Host"), SLICE("a")},
      {SLICE("Transfer-Encoding"), SLICE("chunked")},
      {SLICE("Transfer-Encoding"), SLICE("chunked")}},
     "more than one Transfer-Encoding"},
    {false,
     {{SLICE("Host"), SLICE("a")}, {SLICE("Transfer-Encoding"), SLICE("gzip, chunked")}},
     "Transfer-Encoding other than chunked"},
    {false,
     {{SLICE("Host"), SLICE("a")}, {SLICE("Transfer-Encoding"), SLICE("")}},
     "Transfer-Encoding other than chunked"},
    {false,
     {{SLICE("Host"), SLICE("a")},
      {SLICE("Transfer-Encoding"), SLICE("chunked")},
      {SLICE("Content-Length"), SLICE("0")}},
     "both Content-Length and Transfer-Encoding"},
    {true, {{SLICE("Transfer-Encoding"), SLICE("chunked")}}, "Transfer-Encoding in HTTP/1.0"},
    {false,
     {{SLICE("Host"), SLICE("a")}, {SLICE("Expect"), SLICE("more")}},
     "expectation other than 100-continue"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_header headers[3];
        struct http_head head = {.headers = headers, .is_http_1_0 = rows[i].is_http_1_0};
        struct http_refusal refusal = {0};
        enum status status;

        memcpy(headers, rows[i].headers, sizeof headers);
        while (head.headers_count < 3 && headers[head.headers_count].name.len > 0)
            head.headers_count++;
        status = http_check_fields(&head, &refusal);
        assert_int_equal(status, rows[i].reason == NULL ? STATUS_OK : STATUS_INVALID);
        if (rows[i].reason != NULL)
            assert_string_equal(refusal.reason, rows[i].reason);
    }
}

static void test_tokens(void **state)
{
    (void)state;
    assert_true(http_is_token(SLICE("!#$%&'*+-.^_`|~azAZ09")));
    assert_false(http_is_token(SLICE("")));
    for (int c = 0; c < 256; c++) {
        char text = (char)c;
        bool wanted = c > 0x20 && c < 0x7f && strchr("\"(),/:;<=>?@[\\]{}", c) == NULL;
        assert_int_equal(http_is_token((struct slice){&text, 1}), wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
