/*
 * http_rows_fixture.c - one connection for each way to cut a request
 */
#include "http_rows_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expand(struct slice text, struct buf *out)
{
    while (text.len > 0) {
        size_t count = 0, used = 0;

        if (text.len > 4 && text.at[0] == '{' && text.at[2] == '*') {
            used = 3;
            while (text.at[used] >= '0' && text.at[used] <= '9')
                count = count * 10 + (size_t)(text.at[used++] - '0');
        }
        if (used > 3 && text.at[used] == '}') {
            for (size_t i = 0; i < count; i++)
                buf_add_char(out, text.at[1]);
            text = slice_from(text, used + 1);
        } else {
            buf_add_char(out, text.at[0]);
            text = slice_from(text, 1);
        }
    }
}

/* The bytes before `cut`, then, each in a turn of its own, `step` bytes after `step` bytes. */
static void check_split(struct http_fixture *fixture, const struct http_row *row,
                        struct slice request, size_t cut, size_t step)
{
    struct http_client client;
    const char *story;

    http_client_pair(&client, fixture);
    for (size_t at = 0; at < request.len;) {
        size_t end = at == 0 ? cut : at + step;
        end = end < request.len ? end : request.len;
        http_client_send(&client, (struct slice){request.at + at, end - at});
        http_fixture_turn(fixture);
        at = end;
    }
    http_client_end(&client);
    http_client_await_close(&client, fixture);
    story = http_client_story(&client);
    if (strcmp(story, row->story) != 0)
        fail_msg("cut at %zu, step %zu: got \"%s\" (%s), wanted \"%s\" for:\n%.*s", cut, step,
                 story, fixture->refused_reason, row->story, (int)request.len, request.at);
    http_client_close(&client);
}

void http_rows_check(const struct http_row *rows, size_t count)
{
    struct http_limits limits = http_fixture_limits();
    struct http_fixture fixture;

    http_fixture_start(&fixture, &limits);
    for (size_t i = 0; i < count; i++) {
        struct buf request;

        buf_init(&request, 4096);
        expand(rows[i].request, &request);
        for (size_t cut = 1; cut <= request.len; cut++)
            check_split(&fixture, &rows[i], buf_slice(&request), cut, SIZE_MAX / 2);
        check_split(&fixture, &rows[i], buf_slice(&request), 1, 1);
        buf_fini(&request);
    }
    http_fixture_await_connections(&fixture, 0);
    http_fixture_stop(&fixture);
}

void http_rows_check_long(const struct http_row *rows, size_t count)
{
    struct http_limits limits = http_limits_default();
    struct http_fixture fixture;

    http_fixture_start(&fixture, &limits);
    for (size_t i = 0; i < count; i++) {
        struct buf request;

        buf_init(&request, 64 * 1024);
        expand(rows[i].request, &request);
        check_split(&fixture, &rows[i], buf_slice(&request), request.len, 1);
        check_split(&fixture, &rows[i], buf_slice(&request), 1, 1000);
        check_split(&fixture, &rows[i], buf_slice(&request), request.len - 1, 1);
        buf_fini(&request);
    }
    http_fixture_await_connections(&fixture, 0);
    http_fixture_stop(&fixture);
}
