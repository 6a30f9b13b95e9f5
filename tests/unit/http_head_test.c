/*
 * http_head_test.c - which request lines, targets and headers the HTTP server takes, and which it refuses
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_rows_fixture.h"

#define HOST "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\n" HOST

static const struct http_row request_line_rows[] = {
    HTTP_ROW(GET HOST "\r\n", "GET /"),
    HTTP_ROW("\r\n" GET HOST "\r\n", "GET /"),
    HTTP_ROW("\r\n\r\n" GET HOST "\r\n", "400!"),
    HTTP_ROW("\n" GET HOST "\r\n", "400!"),
    HTTP_ROW("\r" GET HOST "\r\n", "400!"),
    HTTP_ROW(" " GET HOST "\r\n", "400!"),
    HTTP_ROW("HEAD /a HTTP/1.1\r\n" HOST "\r\n", "HEAD /a"),
    HTTP_ROW("HEAD /a HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi" GET HOST "\r\n",
             "HEAD /a ; GET /"),
    HTTP_ROW("PUT /a HTTP/1.1\r\n" HOST "\r\n", "PUT /a"),
    HTTP_ROW("PATCH /a HTTP/1.1\r\n" HOST "\r\n", "PATCH /a"),
    HTTP_ROW("DELETE /a HTTP/1.1\r\n" HOST "\r\n", "DELETE /a"),
    HTTP_ROW("OPTIONS /a HTTP/1.1\r\n" HOST "\r\n", "OPTIONS /a"),
    HTTP_ROW("OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("TRACE / HTTP/1.1\r\n" HOST "\r\n", "405!"),
    HTTP_ROW("CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", "405!"),
    HTTP_ROW("MKCOL / HTTP/1.1\r\n" HOST "\r\n", "405!"),
    HTTP_ROW("BREW / HTTP/1.1\r\n" HOST "\r\n", "405!"),
    HTTP_ROW("get / HTTP/1.1\r\n" HOST "\r\n", "405!"),
    HTTP_ROW("GETX / HTTP/1.1\r\n" HOST "\r\n", "405!"),
    HTTP_ROW("G\"T / HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("G\tT / HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400!"),
    HTTP_ROW("GET / HTTP/1.0\r\n\r\n", "GET /!"),
    HTTP_ROW("GET / HTTP/0.9\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /\r\n\r\n", "400!"),
    HTTP_ROW("GET / HTTP/1.2\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET / HTTP/2.0\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET / HTTP/1.32\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET / HTTP/01.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET / HTTP/1.01\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET / HTTP/4294967295.255\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET / HTTP/1,1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET / http/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET / HTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET / ICE/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET / HTTP/1.1 \r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET / HTTP/1.1\t\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET  / HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /  HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET\t/ HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET  HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW(" HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("HTTP/1.1 200 OK\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET / HTTP/1.1\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET / HTTP/1.1\rHost: a\r\n\r\n", "400!"),
    HTTP_ROW("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400!"), /* TLS */
    HTTP_ROW("{\"a\":1}\r\n", ""),
    HTTP_ROW("", ""),
    HTTP_ROW("GET /{a*49} HTTP/1.1\r\n" HOST "\r\n",
             "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    HTTP_ROW("GET /{a*50} HTTP/1.1\r\n" HOST "\r\n",
             "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    HTTP_ROW("GET /{a*51} HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /{a*500}", "400!"),
    HTTP_ROW("{A*65}", "400!"),
    HTTP_ROW("{A*64}", ""),
};

static const struct http_row target_rows[] = {
    HTTP_ROW("GET /a/b?c=d&e HTTP/1.1\r\n" HOST "\r\n", "GET /a/b?c=d&e"),
    HTTP_ROW("GET /? HTTP/1.1\r\n" HOST "\r\n", "GET /"),
    HTTP_ROW("GET /?a?b HTTP/1.1\r\n" HOST "\r\n", "GET /?a?b"),
    HTTP_ROW("GET /?a[]={b}|^ HTTP/1.1\r\n" HOST "\r\n", "GET /?a[]={b}|^"),
    HTTP_ROW("GET //a HTTP/1.1\r\n" HOST "\r\n", "GET //a"),
    HTTP_ROW("GET /%41%2f%c3%a9 HTTP/1.1\r\n" HOST "\r\n", "GET /A/\xc3\xa9"),
    HTTP_ROW("GET /%2541 HTTP/1.1\r\n" HOST "\r\n", "GET /%41"),
    HTTP_ROW("GET /a..b/.../.x HTTP/1.1\r\n" HOST "\r\n", "GET /a..b/.../.x"),
    HTTP_ROW("GET /?a=.. HTTP/1.1\r\n" HOST "\r\n", "GET /?a=.."),
    HTTP_ROW("GET http://a/ HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET a HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET * HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET ?a HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /.. HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /a/../b HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /%2e%2E/b HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /a%2f..%2fb HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /a#b HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /?a#b HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /%00 HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /%0a HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /%7f HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /?a=%00 HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /% HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /%4 HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /%4g HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /%%41 HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /?%zz HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /?a% HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /a\\b HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /a|b HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /a\"b HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /a b HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /a\x01 HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /a\x7f HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /a\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW("GET /a\0 HTTP/1.1\r\n" HOST "\r\n", "400!"),
};

static const struct http_row header_rows[] = {
    HTTP_ROW(GET HOST "X: y\r\nZ:\tw \t\r\nEmpty:\r\n\r\n", "GET /"),
    HTTP_ROW(GET HOST "X: \xc3\xa9\xff\r\n\r\n", "GET /"),
    HTTP_ROW(GET HOST "!#$%&'*+-.^_`|~09Az: y\r\n\r\n", "GET /"),
    HTTP_ROW(GET HOST "X: a\tb\r\n\r\n", "GET /"),
    HTTP_ROW(GET HOST "X: y\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X: y\rZ: w\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X: y\r\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X:\rY: z\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X:\nY: z\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "\n", "400!"),
    HTTP_ROW(GET HOST "\rX", "400!"),
    HTTP_ROW(GET HOST "X: a\0b\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X: a\x01\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X: a\x1b[0m\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X: a\x7f\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X\0: a\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X\x80: a\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "\xffX: a\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X@: a\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "(X): a\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X Y: a\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X\t: a\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X : a\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST ": a\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X\r\n: a\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X: a\r\n b\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X: a\r\n\tb\r\n\r\n", "400!"),
    HTTP_ROW(GET HOST "X: a\r\n \r\n\r\n", "400!"),
    HTTP_ROW(GET " " HOST "\r\n", "400!"),
    HTTP_ROW(GET "\r\n", "400!"),
    HTTP_ROW(GET HOST HOST "\r\n", "400!"),
    HTTP_ROW(GET HOST "HOST: b\r\n\r\n", "400!"),
    HTTP_ROW(GET "Host : a\r\n\r\n", "400!"),
    HTTP_ROW(GET "Host:\r\n\r\n", "400!"),
    HTTP_ROW(GET "Host: u@a\r\n\r\n", "400!"),
    HTTP_ROW(GET "Host: a b\r\n\r\n", "400!"),
    HTTP_ROW(GET "Host: a/b\r\n\r\n", "400!"),
    HTTP_ROW(GET "Host: a,b\r\n\r\n", "GET /"),
    HTTP_ROW(GET "Host: a%00\r\n\r\n", "400!"),
    HTTP_ROW(GET "Host: \xc3\xa9\r\n\r\n", "400!"),
    HTTP_ROW(GET "Host: a:80\r\n\r\n", "GET /"),
    HTTP_ROW(GET "Host: a:\r\n\r\n", "GET /"),
    HTTP_ROW(GET "Host: :80\r\n\r\n", "400!"),
    HTTP_ROW(GET "Host: a:65535\r\n\r\n", "GET /"),
    HTTP_ROW(GET "Host: a:65536\r\n\r\n", "400!"),
    HTTP_ROW(GET "Host: a:8o\r\n\r\n", "400!"),
    HTTP_ROW(GET "Host: a:80:80\r\n\r\n", "400!"),
    HTTP_ROW(GET "Host: [::1]\r\n\r\n", "GET /"),
    HTTP_ROW(GET "Host: [::1]:80\r\n\r\n", "GET /"),
    HTTP_ROW(GET "Host: [::1\r\n\r\n", "400!"),
    HTTP_ROW(GET "Host: [::1]x\r\n\r\n", "400!"),
    HTTP_ROW(GET "Host: [a.example]\r\n\r\n", "400!"),
    HTTP_ROW(GET "Host: []\r\n\r\n", "400!"),
    HTTP_ROW("GET / HTTP/1.0\r\n" HOST HOST "\r\n", "400!"),
    HTTP_ROW("GET / HTTP/1.0\r\nHost: u@a\r\n\r\n", "400!"),
    /* 200 bytes of headers: 9 and 191, then one more. */
    HTTP_ROW(GET HOST "X: {a*185}\r\n\r\n", "GET /"),
    HTTP_ROW(GET HOST "X: {a*186}\r\n\r\n", "GET /"),
    HTTP_ROW(GET HOST "X: {a*187}\r\n\r\n", "431!"),
    HTTP_ROW(GET HOST "X: {a*188}\r\n\r\n", "431!"),
    HTTP_ROW(GET HOST "X: {a*189}\r\n\r\n", "431!"),
    HTTP_ROW(GET HOST "X: {a*186}\r\nY: z\r\n\r\n", "431!"),
    HTTP_ROW(GET HOST "{X*200}", "431!"),
    /* 8 headers. */
    HTTP_ROW(GET HOST "A:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\n\r\n", "GET /"),
    HTTP_ROW(GET HOST "A:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\nG:\r\n\r\n", "GET /"),
    HTTP_ROW(GET HOST "A:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\nG:\r\nH:\r\n\r\n", "431!"),
};

static void test_request_lines(void **state)
{
    (void)state;
    http_rows_check(HTTP_ROWS(request_line_rows));
}

static void test_targets(void **state)
{
    (void)state;
    http_rows_check(HTTP_ROWS(target_rows));
}

static void test_headers(void **state)
{
    (void)state;
    http_rows_check(HTTP_ROWS(header_rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_lines),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
