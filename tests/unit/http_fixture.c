/*
 * http_fixture.c - the echoing server and its clients
 */
#include "http_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "io/http_connection.h"

#define LIMIT_MS 20000
#define STORY_MAX 65536

struct http_limits http_fixture_limits(void)
{
    struct http_limits limits = http_limits_default();

    limits.request_line_max = 64;
    limits.headers_bytes_max = 200;
    limits.headers_count_max = 8;
    limits.body_max = 32;
    limits.pipeline_max = 4;
    limits.requests_per_connection_max = 5;
    return limits;
}

static void answer(struct http_fixture *fixture, struct http_request *request)
{
    struct buf echo;
    char *big = fixture->answer_len > 0 ? xcalloc(1, fixture->answer_len) : NULL;

    buf_init(&echo, 4096);
    buf_add_slice(&echo, request->method);
    buf_add_char(&echo, ' ');
    buf_add_slice(&echo, request->path);
    if (request->query.len > 0)
        buf_add_char(&echo, '?');
    buf_add_slice(&echo, request->query);
    http_respond(request,
                 &(struct http_response){
                     .status = 200,
                     .content_type = SLICE("text/plain"),
                     .body = big != NULL ? (struct slice){big, fixture->answer_len} : request->body,
                     .headers = &(struct http_header){SLICE("X-Echo"), buf_slice(&echo)},
                     .headers_count = 1,
                     .close = slice_is(request->path, "/close"),
                 });
    buf_fini(&echo);
    free(big);
}

static void keep(struct http_fixture *fixture, struct http_request *request)
{
    assert_true(fixture->held_count < HELD_MAX);
    fixture->held[fixture->held_count++] = request;
}

static void on_head(struct http_request *request, void *self)
{
    if (slice_starts(request->path, "/wait")) {
        http_request_hold(request);
        keep(self, request);
        return;
    }
    if (slice_is(request->path, "/early"))
        http_respond(request, &(struct http_response){.status = 403});
    else if (slice_is(request->path, "/small"))
        http_request_limit_body(request, 4);
    else if (slice_is(request->path, "/large"))
        http_request_limit_body(request, 64);
}

static void on_request(struct http_request *request, void *self)
{
    struct http_fixture *fixture = self;

    fixture->handled_count++;
    if (slice_starts(request->path, "/hold"))
        keep(fixture, request);
    else
        answer(fixture, request);
}

static void on_refused(int status, const char *reason, const char *peer, void *self)
{
    struct http_fixture *fixture = self;

    assert_non_null(peer);
    fixture->refused_count++;
    fixture->refused_status = status;
    snprintf(fixture->refused_reason, sizeof fixture->refused_reason, "%s", reason);
}

void http_fixture_answer(struct http_fixture *fixture, int index)
{
    struct http_request *request = fixture->held[index];

    assert_non_null(request);
    fixture->held[index] = NULL;
    answer(fixture, request);
}

void http_fixture_go_on(struct http_fixture *fixture, int index)
{
    struct http_request *request = fixture->held[index];

    assert_non_null(request);
    fixture->held[index] = NULL;
    http_request_go_on(request);
}

static void stop_turn(void *self)
{
    struct http_fixture *fixture = self;
    loop_stop(fixture->loop);
}

void http_fixture_start(struct http_fixture *fixture, const struct http_limits *limits)
{
    struct http_handler handler = {on_head, on_request, on_refused, fixture};
    struct error err;

    *fixture = (struct http_fixture){0};
    fixture->loop = loop_new();
    fixture->turn = loop_timer_new(fixture->loop, stop_turn, fixture);
    fixture->server = http_server_new(fixture->loop, limits, &handler);
    assert_int_equal(http_server_bind(fixture->server, "127.0.0.1:0", &fixture->port, &err),
                     STATUS_OK);
}

void http_fixture_stop(struct http_fixture *fixture)
{
    http_server_free(&fixture->server);
    for (int i = 0; i < fixture->held_count; i++) {
        if (fixture->held[i] != NULL)
            http_fixture_answer(fixture, i);
    }
    loop_timer_free(&fixture->turn);
    loop_free(&fixture->loop);
}

void http_fixture_turn(struct http_fixture *fixture)
{
    loop_timer_start(fixture->turn, 0);
    loop_run(fixture->loop);
}

void http_fixture_await_connections(struct http_fixture *fixture, size_t wanted)
{
    int64_t limit_mono_ms = clock_mono_ms() + LIMIT_MS;

    while (http_server_connections(fixture->server) != wanted) {
        http_fixture_turn(fixture);
        assert_true(clock_mono_ms() < limit_mono_ms);
    }
}

void http_fixture_await_handled(struct http_fixture *fixture, int wanted)
{
    int64_t limit_mono_ms = clock_mono_ms() + LIMIT_MS;

    while (fixture->handled_count < wanted) {
        http_fixture_turn(fixture);
        assert_true(clock_mono_ms() < limit_mono_ms);
    }
}

void http_fixture_await_held(struct http_fixture *fixture, int wanted)
{
    int64_t limit_mono_ms = clock_mono_ms() + LIMIT_MS;

    while (fixture->held_count < wanted) {
        http_fixture_turn(fixture);
        assert_true(clock_mono_ms() < limit_mono_ms);
    }
}

static void init_client(struct http_client *client, int fd)
{
    *client = (struct http_client){.fd = fd};
    buf_init(&client->got, 64 * 1024 * 1024);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

void http_client_connect(struct http_client *client, const struct http_fixture *fixture)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)fixture->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    init_client(client, fd);
}

void http_client_pair(struct http_client *client, struct http_fixture *fixture)
{
    struct sockaddr nobody = {.sa_family = AF_UNIX};
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    init_client(client, fds[0]);
    http_connection_open(fixture->server, fds[1], &nobody);
}

void http_client_send(struct http_client *client, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t len = send(client->fd, bytes.at, bytes.len, MSG_NOSIGNAL);
        if (len < 0 && (errno == EPIPE || errno == ECONNRESET))
            return; /* refused and closed: the answer tells */
        assert_true(len > 0);
        bytes = slice_from(bytes, (size_t)len);
    }
}

void http_client_end(struct http_client *client)
{
    shutdown(client->fd, SHUT_WR);
}

void http_client_receive(struct http_client *client)
{
    for (;;) {
        char *at = buf_reserve(&client->got, 65536);
        ssize_t len = recv(client->fd, at, 65536, 0);

        client->is_reset |= len < 0 && errno != EAGAIN;
        client->is_closed |= len == 0 || (len < 0 && errno != EAGAIN);
        if (len <= 0)
            return;
        buf_grew(&client->got, (size_t)len);
    }
}

void http_client_close(struct http_client *client)
{
    close(client->fd);
    buf_fini(&client->got);
}

void http_client_await_close(struct http_client *client, struct http_fixture *fixture)
{
    int64_t limit_mono_ms = clock_mono_ms() + LIMIT_MS;

    for (http_client_receive(client); !client->is_closed; http_client_receive(client)) {
        http_fixture_turn(fixture);
        assert_true(clock_mono_ms() < limit_mono_ms);
    }
}

void http_client_await(struct http_client *client, struct http_fixture *fixture, size_t answers)
{
    int64_t limit_mono_ms = clock_mono_ms() + LIMIT_MS;

    for (http_client_receive(client); http_client_answers(client) < answers;
         http_client_receive(client)) {
        http_fixture_turn(fixture);
        assert_true(clock_mono_ms() < limit_mono_ms);
    }
}

struct answer {
    int status;
    struct slice head, echo, body;
    bool closes;
};

/* The value of a header within a head, empty when absent. */
static struct slice field(struct slice head, const char *name)
{
    struct slice rest = head;

    while (rest.len > 0) {
        struct slice line = slice_cut(&rest, '\n');
        if (slice_starts(line, name))
            return slice_trim(
                (struct slice){line.at + strlen(name) + 1, line.len - strlen(name) - 2});
    }
    return (struct slice){0};
}

static bool next_answer(struct slice *rest, struct answer *out)
{
    const char *end = rest->len > 0 ? memmem(rest->at, rest->len, "\r\n\r\n", 4) : NULL;
    uint64_t status, len = 0;

    if (end == NULL)
        return false;
    *out = (struct answer){.head = {rest->at, (size_t)(end - rest->at) + 2}};
    assert_true(slice_starts(out->head, "HTTP/1.1 "));
    assert_int_equal(slice_to_u64((struct slice){out->head.at + 9, 3}, 599, &status), STATUS_OK);
    out->status = (int)status;
    out->echo = field(out->head, "X-Echo:");
    out->closes = slice_is(field(out->head, "Connection:"), "close");
    *rest = slice_from(*rest, out->head.len + 2);
    if (out->status != 100)
        assert_int_equal(slice_to_u64(field(out->head, "Content-Length:"), SIZE_MAX, &len),
                         STATUS_OK);
    if (slice_starts(out->echo, "HEAD "))
        len = 0;
    if (rest->len < len)
        return false;
    out->body = (struct slice){rest->at, (size_t)len};
    *rest = slice_from(*rest, (size_t)len);
    return true;
}

size_t http_client_answers(const struct http_client *client)
{
    struct slice rest = buf_slice(&client->got);
    struct answer found;
    size_t count = 0;

    while (next_answer(&rest, &found))
        count++;
    return count;
}

static void check(const struct answer *found)
{
    char wanted[32];

    if (found->status == 100)
        return;
    assert_int_equal(field(found->head, "Date:").len, 29);
    if (found->status < 400 || found->status == 403)
        return;
    snprintf(wanted, sizeof wanted, "\"status\":%d,", found->status);
    assert_true(slice_is(field(found->head, "Content-Type:"), "application/problem+json"));
    assert_int_equal(field(found->head, "X-Request-Id:").len, 16);
    assert_int_equal(field(found->head, "Allow:").len > 0, found->status == 405);
    assert_non_null(memmem(found->body.at, found->body.len, wanted, strlen(wanted)));
    assert_true(found->closes);
}

const char *http_client_story(const struct http_client *client)
{
    static char story[STORY_MAX];
    struct slice rest = buf_slice(&client->got);
    struct answer found;
    struct buf out;

    buf_init(&out, sizeof story - 1);
    while (next_answer(&rest, &found)) {
        check(&found);
        buf_add_text(&out, out.len > 0 ? " ; " : "");
        if (found.echo.len > 0)
            buf_add_slice(&out, found.echo);
        else
            buf_add_i64(&out, found.status);
        if (found.echo.len > 0 && found.body.len > 0) {
            buf_add_char(&out, '|');
            buf_add_slice(&out, found.body);
        }
        if (found.closes)
            buf_add_char(&out, '!');
    }
    assert_false(out.overflow);
    assert_int_equal(rest.len, 0);
    memcpy(story, out.len > 0 ? out.at : "", out.len);
    story[out.len] = 0;
    buf_fini(&out);
    return story;
}
