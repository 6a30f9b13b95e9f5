/*
 * http_receive_test.c - where requests end: bodies by length and by chunks, sequences of requests, and the limits of production
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
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static const struct http_row framing_rows[] = {
    HTTP_ROW(POST "Content-Length: 5\r\n\r\nhello", "POST /|hello"),
    HTTP_ROW(POST "content-length:5 \r\n\r\nhello", "POST /|hello"),
    HTTP_ROW(POST "Content-Length: 0\r\n\r\n", "POST /"),
    HTTP_ROW(POST "\r\n", "POST /"),
    HTTP_ROW(GET HOST "Content-Length: 2\r\n\r\nhi", "GET /|hi"),
    HTTP_ROW(POST "Content-Length: 000000000000002\r\n\r\nhi", "POST /|hi"),
    HTTP_ROW(POST "Content-Length: 0000000000000002\r\n\r\nhi", "400!"),
    HTTP_ROW(POST "Content-Length: 1000000000000000000000\r\n\r\n", "400!"),
    HTTP_ROW(POST "Content-Length: 18446744073709551617\r\n\r\nh", "400!"),
    HTTP_ROW(POST "Content-Length:\r\n\r\n", "400!"),
    HTTP_ROW(POST "Content-Length: +2\r\n\r\nhi", "400!"),
    HTTP_ROW(POST "Content-Length: -2\r\n\r\nhi", "400!"),
    HTTP_ROW(POST "Content-Length: 0x2\r\n\r\nhi", "400!"),
    HTTP_ROW(POST "Content-Length: 1_0\r\n\r\nhi", "400!"),
    HTTP_ROW(POST "Content-Length: 1 0\r\n\r\nhi", "400!"),
    HTTP_ROW(POST "Content-Length: 2, 2\r\n\r\nhi", "400!"),
    HTTP_ROW(POST "Content-Length: 2.0\r\n\r\nhi", "400!"),
    HTTP_ROW(POST "Content-Length: a\r\n\r\n", "400!"),
    HTTP_ROW(POST "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", "400!"),
    HTTP_ROW(POST "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi", "400!"),
    HTTP_ROW(POST "Content-Length : 2\r\n\r\nhi", "400!"),
    HTTP_ROW(POST "Content-Length: 31\r\n\r\n{x*31}", "POST /|xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    HTTP_ROW(POST "Content-Length: 32\r\n\r\n{x*32}", "POST /|xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    HTTP_ROW(POST "Content-Length: 33\r\n\r\n{x*33}", "413!"),
    HTTP_ROW(POST "Content-Length: 999999999999999\r\n\r\n", "413!"),
    HTTP_ROW("POST /small HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nabcd", "POST /small|abcd"),
    HTTP_ROW("POST /small HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nabcde", "413!"),
    HTTP_ROW("POST /large HTTP/1.1\r\n" HOST "Content-Length: 33\r\n\r\n{x*33}",
             "POST /large|xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    HTTP_ROW("POST /large HTTP/1.1\r\n" HOST "Content-Length: 65\r\n\r\n{x*65}", "413!"),
    HTTP_ROW("POST /early HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi" GET HOST "\r\n", "403!"),
    HTTP_ROW("POST /early HTTP/1.1\r\n" HOST "\r\n" GET HOST "\r\n", "403 ; GET /"),
    HTTP_ROW(POST "Content-Length: 5\r\n\r\nhell", ""),
    HTTP_ROW(POST "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(POST "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(POST "Transfer-Encoding:\r\nContent-Length: 2\r\n\r\nhi", "400!"),
    HTTP_ROW(POST "Transfer-Encoding: gzip\r\n\r\n", "400!"),
    HTTP_ROW(POST "Transfer-Encoding: identity\r\n\r\n", "400!"),
    HTTP_ROW(POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(POST "Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(POST "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(POST "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "400!"),
    HTTP_ROW(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n", "400!"),
    HTTP_ROW("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(POST "Transfer-Encoding: CHUNKED \r\n\r\n2\r\nhi\r\n0\r\n\r\n", "POST /|hi"),
    HTTP_ROW(CHUNKED "0\r\n\r\n", "POST /"),
    HTTP_ROW(CHUNKED "2\r\nhi\r\n0003\r\nabc\r\n00\r\n\r\n", "POST /|hiabc"),
    HTTP_ROW(CHUNKED "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
             "POST /|01234567890123456789"),
    HTTP_ROW(CHUNKED "1f\r\n{x*31}\r\n1\r\ny\r\n0\r\n\r\n",
             "POST /|xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxy"),
    HTTP_ROW(CHUNKED "1f\r\n{x*31}\r\n2\r\nyz\r\n0\r\n\r\n", "413!"),
    HTTP_ROW(CHUNKED "21\r\n", "413!"),
    HTTP_ROW(CHUNKED "ffffffff\r\n", "413!"),
    HTTP_ROW(CHUNKED "00000002\r\nhi\r\n0\r\n\r\n", "POST /|hi"),
    HTTP_ROW(CHUNKED "000000002\r\nhi\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "100000000000000002\r\nhi\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "\r\nhi\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED ";a\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "g\r\n", "400!"),
    HTTP_ROW(CHUNKED "0x2\r\nhi\r\n", "400!"),
    HTTP_ROW(CHUNKED "+2\r\nhi\r\n", "400!"),
    HTTP_ROW(CHUNKED "-1\r\nhi\r\n", "400!"),
    HTTP_ROW(CHUNKED " 2\r\nhi\r\n", "400!"),
    HTTP_ROW(CHUNKED "2 \r\nhi\r\n", "400!"),
    HTTP_ROW(CHUNKED "2\nhi\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "2\rhi\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "2\r\nhi\n0\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "2\r\nhi0\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "2\r\nhiX\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "2\r\nhi\rX0\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "2\r\nhi\r\n0\r\n\n", "400!"),
    HTTP_ROW(CHUNKED "2\r\nhi\r\n0\r\n", ""),
    HTTP_ROW(CHUNKED "2;a=b;c=\"d e\"\r\nhi\r\n0;x\r\n\r\n", "POST /|hi"),
    HTTP_ROW(CHUNKED "2;a\nhi\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "2;a\rb\r\nhi\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "2;a\x01\r\nhi\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "2;a=\"\0\"\r\nhi\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "2;{a*254}\r\nhi\r\n0\r\n\r\n", "POST /|hi"),
    HTTP_ROW(CHUNKED "2;{a*255}\r\nhi\r\n0\r\n\r\n", "POST /|hi"),
    HTTP_ROW(CHUNKED "2;{a*256}\r\nhi\r\n0\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "0\r\nX: y\r\nZ:\r\n\r\n", "POST /"),
    HTTP_ROW(CHUNKED "0\r\nContent-Length: 9\r\n\r\n" GET HOST "\r\n", "POST / ; GET /"),
    HTTP_ROW(CHUNKED "0\r\nX\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "0\r\n: y\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "0\r\nX : y\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "0\r\nX: y\r\n z\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "0\r\nX: y\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "0\r\nX: \0\r\n\r\n", "400!"),
    HTTP_ROW(CHUNKED "0\r\nX: y\rZ\r\n\r\n", "400!"),
};

static const struct http_row connection_rows[] = {
    HTTP_ROW(GET HOST "\r\n" POST "Content-Length: 2\r\n\r\nhi" GET HOST "\r\n",
             "GET / ; POST /|hi ; GET /"),
    HTTP_ROW(GET HOST "\r\n\r\n" GET HOST "\r\n", "GET / ; GET /"),
    HTTP_ROW(GET HOST "\r\n\r\n\r\n" GET HOST "\r\n", "GET / ; 400!"),
    HTTP_ROW(GET HOST "Connection: close\r\n\r\n" GET HOST "\r\n", "GET /!"),
    HTTP_ROW(GET HOST "Connection: x , CLOSE\r\n\r\n" GET HOST "\r\n", "GET /!"),
    HTTP_ROW("GET /close HTTP/1.1\r\n" HOST "\r\n" GET HOST "\r\n", "GET /close!"),
    HTTP_ROW(GET HOST "Connection: closed\r\n\r\n" GET HOST "\r\n", "GET / ; GET /"),
    HTTP_ROW(GET HOST "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n" GET HOST "\r\n",
             "GET / ; GET /"),
    HTTP_ROW("GET / HTTP/1.0\r\n\r\n" GET HOST "\r\n", "GET /!"),
    HTTP_ROW("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" GET HOST "\r\n", "GET / ; GET /"),
    HTTP_ROW(GET HOST "\r\nX" GET HOST "\r\n", "GET / ; 405!"),
    HTTP_ROW(GET HOST "\r\n\x01" GET HOST "\r\n", "GET / ; 400!"),
    HTTP_ROW("BREW / HTTP/1.1\r\n" HOST "\r\n" GET HOST "\r\n", "405!"),
    HTTP_ROW(GET HOST HOST "\r\n" GET HOST "\r\n", "400!"),
    HTTP_ROW(POST "Content-Length: 33\r\n\r\n" GET HOST "\r\n", "413!"),
    HTTP_ROW(POST "Content-Length: 1\r\n\r\nhi" GET HOST "\r\n", "POST /|h ; 405!"),
    HTTP_ROW(POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi", "100 ; POST /|hi"),
    HTTP_ROW(POST "Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "100 ; POST /"),
    HTTP_ROW(POST "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n", "POST /"),
    HTTP_ROW(POST "Expect: 100-continue\r\nContent-Length: 33\r\n\r\n", "413!"),
    HTTP_ROW("POST /early HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n",
             "403!"),
    HTTP_ROW(POST "Expect: 200-ok\r\nContent-Length: 2\r\n\r\nhi", "417!"),
    HTTP_ROW(POST "Expect:\r\nContent-Length: 2\r\n\r\nhi", "417!"),
    HTTP_ROW("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
             "POST /|hi!"),
    HTTP_ROW(GET HOST "\r\n" POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
             "GET / ; 100 ; POST /|hi"),
    /* 5 requests on one connection. */
    HTTP_ROW(GET HOST "\r\n" GET HOST "\r\n" GET HOST "\r\n" GET HOST "\r\n" GET HOST
                      "\r\n" GET HOST "\r\n",
             "GET / ; GET / ; GET / ; GET / ; GET /!"),
};

/* The limits of production, whose heads are larger than a block. */
static const struct http_row production_rows[] = {
    HTTP_ROW("GET /early?{q*8172} HTTP/1.1\r\n" HOST "\r\n", "403"),
    HTTP_ROW("GET /early?{q*8173} HTTP/1.1\r\n" HOST "\r\n", "400!"),
    HTTP_ROW(GET HOST "X: {a*16369}\r\n\r\n", "GET /"),
    HTTP_ROW(GET HOST "X: {a*16370}\r\n\r\n" GET HOST "\r\n", "GET / ; GET /"),
    HTTP_ROW(GET HOST "X: {a*16371}\r\n\r\n", "431!"),
    HTTP_ROW(CHUNKED "0\r\nX:{a*4091}\r\n\r\n", "POST /"),
    HTTP_ROW(CHUNKED "0\r\nX:{a*4092}\r\n\r\n", "POST /"),
    HTTP_ROW(CHUNKED "0\r\nX:{a*4093}\r\n\r\n", "431!"),
    HTTP_ROW(CHUNKED "0\r\n{X*4096}", ""),
    HTTP_ROW(CHUNKED "0\r\n{X*4097}", "431!"),
    HTTP_ROW("POST /early HTTP/1.1\r\n" HOST "Content-Length: 20000\r\n\r\n{x*20000}", "403!"),
};

static void test_bodies(void **state)
{
    (void)state;
    http_rows_check(HTTP_ROWS(framing_rows));
}

static void test_sequences(void **state)
{
    (void)state;
    http_rows_check(HTTP_ROWS(connection_rows));
}

static void test_long_ones(void **state)
{
    (void)state;
    http_rows_check_long(HTTP_ROWS(production_rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_long_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
