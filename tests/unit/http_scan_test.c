/*
 * http_scan_test.c - the scan by itself, without llhttp behind it; all other rows are in http_head_test.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/http_head.h"

#define GET "GET / HTTP/1.1\r\n"
#define ROW(input, progress, at, lines)                                                            \
    {                                                                                              \
        {input, sizeof(input) - 1}, progress, at, lines                                            \
    }

/* at: where the head ends, or the byte at which it is refused. */
static const struct {
    struct slice input;
    enum http_progress progress;
    size_t at, lines;
} rows[] = {
    ROW(GET "\r\n", HTTP_COMPLETE, 18, 0),
    ROW(GET "A: b\r\nC: d\r\n\r\nrest", HTTP_COMPLETE, 30, 2),
    ROW("\r\n" GET "\r\n", HTTP_COMPLETE, 20, 0),
    ROW(GET "A: b\r\n\r", HTTP_MORE, 23, 1),
    ROW("\r\n\r\n", HTTP_REFUSED, 2, 0),
    ROW("\n", HTTP_REFUSED, 0, 0),
    ROW("\rG", HTTP_REFUSED, 1, 0),
    ROW("GET \x7f", HTTP_REFUSED, 4, 0),
    ROW("GET \x1f", HTTP_REFUSED, 4, 0),
    ROW("GET \x80", HTTP_REFUSED, 4, 0),
    ROW("GET \t", HTTP_REFUSED, 4, 0),
    ROW("GET \0", HTTP_REFUSED, 4, 0),
    ROW("GET \n", HTTP_REFUSED, 4, 0),
    ROW("GET \rX", HTTP_REFUSED, 5, 0),
    ROW(GET " A", HTTP_REFUSED, 16, 0),
    ROW(GET "\tA", HTTP_REFUSED, 16, 0),
    ROW(GET "\n", HTTP_REFUSED, 16, 1),
    ROW(GET "\rX", HTTP_REFUSED, 17, 0),
    ROW(GET "A\x7f", HTTP_REFUSED, 17, 1),
    ROW(GET "A\x1f", HTTP_REFUSED, 17, 1),
    ROW(GET "A\0", HTTP_REFUSED, 17, 1),
    ROW(GET "A\n", HTTP_REFUSED, 17, 1),
    ROW(GET "A\rX", HTTP_REFUSED, 18, 1),
    ROW(GET "A: b\r\n c", HTTP_REFUSED, 22, 1),
    ROW(GET "A: \t\x80\xff\r\n\r\n", HTTP_COMPLETE, 26, 1),
};

static void test_rows(void **state)
{
    struct http_limits limits = http_limits_default();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_scan whole = {0}, bytes = {0};
        struct http_refusal refusal = {0}, other = {0};
        enum http_progress progress = HTTP_MORE;

        assert_int_equal(http_scan_head(&whole, &limits, rows[i].input, &refusal),
                         rows[i].progress);
        assert_int_equal(whole.at, rows[i].at);
        assert_int_equal(whole.line_count, rows[i].lines);
        assert_int_equal(refusal.status, rows[i].progress == HTTP_REFUSED ? 400 : 0);
        for (size_t len = 1; len <= rows[i].input.len && progress == HTTP_MORE; len++)
            progress =
                http_scan_head(&bytes, &limits, (struct slice){rows[i].input.at, len}, &other);
        assert_int_equal(progress, rows[i].progress);
        assert_int_equal(bytes.at, whole.at);
        assert_int_equal(bytes.start, whole.start);
        assert_int_equal(bytes.line_count, whole.line_count);
        assert_ptr_equal(other.reason, refusal.reason);
    }
}

/* What is read eight bytes at a time must be found at each place in them. */
static void each_byte_at_each_place(void **state)
{
    enum { PLACES = 20 };
    struct http_limits limits = http_limits_default();

    (void)state;
    for (int in_headers = 0; in_headers < 2; in_headers++) {
        for (size_t at = 0; at < (size_t)PLACES * 256; at++) {
            char input[64] = {0};
            struct http_scan scan = {0};
            struct http_refusal refusal = {0};
            unsigned char byte = (unsigned char)(at % 256);
            const char *first = in_headers ? GET "A: " : "GET ";
            size_t len = strlen(first), place = len + at / 256;
            bool is_text =
                (byte >= 0x20 && byte < 0x7f) || (in_headers && (byte == '\t' || byte >= 0x80));

            memcpy(input, first, len);
            memset(input + len, 'x', PLACES);
            input[place] = (char)byte;
            assert_int_equal(
                http_scan_head(&scan, &limits, (struct slice){input, len + PLACES}, &refusal),
                is_text || (byte == '\r' && at / 256 == PLACES - 1) ? HTTP_MORE : HTTP_REFUSED);
            assert_int_equal(scan.at, is_text ? len + PLACES : place + (byte == '\r'));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(each_byte_at_each_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
