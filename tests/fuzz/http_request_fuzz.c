/*
 * http_request_fuzz.c - any bytes through a connection of the HTTP server, in one piece and in many
 *
 * However the bytes are cut, the answers must be the same; and whatever reaches the handler must be what http_server.h promises.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/must.h"
#include "io/http_connection.h"

#define BODY_MAX 40
#define ANSWERS_MAX (4 * 1024 * 1024)
#define HELD_MAX 8

struct fuzzing {
    struct loop *loop;
    struct loop_timer *turn;
    struct http_server *server;
    struct http_request *held[HELD_MAX];
    size_t held_count;
};
static struct fuzzing fuzzing;

static void check_request(struct http_request *request)
{
    struct slice value;

    must(request->path.len > 0 && request->path.at[0] == '/');
    must(memchr(request->path.at, 0, request->path.len) == NULL);
    must(memmem(request->path.at, request->path.len, "/../", 4) == NULL);
    must(request->query.len == 0 || memchr(request->query.at, '#', request->query.len) == NULL);
    must(request->body.len <= BODY_MAX && request->headers_count <= 8);
    must(!http_request_has_header(request, "Content-Length") ||
         !http_request_has_header(request, "Transfer-Encoding"));
    if (http_request_query(request, "a", &value) == STATUS_OK)
        must(value.len <= request->query.len);
    for (size_t i = 0; i < request->headers_count; i++) {
        struct slice name = request->headers[i].name;
        value = request->headers[i].value;
        must(name.len > 0 && memchr(name.at, ' ', name.len) == NULL);
        must(value.len == 0 || (memchr(value.at, '\r', value.len) == NULL &&
                                memchr(value.at, '\n', value.len) == NULL));
    }
}

static void answer(struct http_request *request)
{
    struct buf body;

    buf_init(&body, 64 * 1024);
    buf_add_slice(&body, request->method);
    buf_add_slice(&body, request->path);
    buf_add_slice(&body, request->query);
    for (size_t i = 0; i < request->headers_count; i++) {
        buf_add_slice(&body, request->headers[i].name);
        buf_add_slice(&body, request->headers[i].value);
    }
    buf_add_slice(&body, request->body);
    http_respond(request, &(struct http_response){.status = 200, .body = buf_slice(&body)});
    buf_fini(&body);
}

/* The last first. */
static void answer_held(void *self)
{
    (void)self;
    while (fuzzing.held_count > 0)
        answer(fuzzing.held[--fuzzing.held_count]);
}

static void on_head(struct http_request *request, void *self)
{
    (void)self;
    if (slice_starts(request->path, "/e"))
        answer(request);
}

static void on_request(struct http_request *request, void *self)
{
    (void)self;
    check_request(request);
    must(fuzzing.held_count < HELD_MAX);
    if (fuzzing.held_count == 0)
        loop_later(fuzzing.loop, answer_held, &fuzzing);
    fuzzing.held[fuzzing.held_count++] = request;
}

static void stop_turn(void *self)
{
    (void)self;
    loop_stop(fuzzing.loop);
}

static void turn(void)
{
    loop_timer_start(fuzzing.turn, 0);
    loop_run(fuzzing.loop);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct http_limits limits = http_limits_default();
    struct http_handler handler = {.on_head = on_head, .on_request = on_request};

    (void)argc;
    (void)argv;
    limits.request_line_max = 64;
    limits.headers_bytes_max = 256;
    limits.headers_count_max = 8;
    limits.body_max = BODY_MAX;
    limits.pipeline_max = HELD_MAX;
    limits.requests_per_connection_max = 0;
    fuzzing.loop = loop_new();
    fuzzing.turn = loop_timer_new(fuzzing.loop, stop_turn, NULL);
    fuzzing.server = http_server_new(fuzzing.loop, &limits, &handler);
    return 0;
}

static void mask(struct buf *answers, const char *before, size_t len)
{
    char *at = answers->at;
    char *end = at != NULL ? at + answers->len : NULL;

    while (at != NULL && (at = memmem(at, (size_t)(end - at), before, strlen(before))) != NULL) {
        at += strlen(before);
        memset(at, 'x', (size_t)(end - at) < len ? (size_t)(end - at) : len);
    }
}

static void receive(int fd, struct buf *answers, bool *out_closed)
{
    char scratch[65536];
    ssize_t len;

    while ((len = recv(fd, scratch, sizeof scratch, MSG_DONTWAIT)) > 0)
        buf_add(answers, scratch, (size_t)len);
    *out_closed = len == 0;
}

/* Pieces of 1 to piece_max bytes, each in a turn of its own. */
static void run(struct slice input, size_t piece_max, uint64_t random, struct buf *answers)
{
    struct sockaddr nobody = {.sa_family = AF_UNIX};
    bool is_closed = false;
    int fds[2];

    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    must(fcntl(fds[1], F_SETFL, O_NONBLOCK) == 0);
    http_connection_open(fuzzing.server, fds[1], &nobody);
    while (input.len > 0 && !is_closed) {
        size_t len = 1 + (size_t)(random >> 33) % piece_max;
        len = len < input.len ? len : input.len;
        if (send(fds[0], input.at, len, MSG_NOSIGNAL) != (ssize_t)len)
            break;
        turn();
        receive(fds[0], answers, &is_closed);
        input = slice_from(input, len);
        random = random * 6364136223846793005U + 1442695040888963407U;
    }
    shutdown(fds[0], SHUT_WR);
    for (int i = 0; !is_closed; i++) {
        must(i < 10000);
        turn();
        receive(fds[0], answers, &is_closed);
    }
    close(fds[0]);
    while (http_server_connections(fuzzing.server) > 0)
        turn();
    must(!answers->overflow);
    mask(answers, "\r\nDate: ", 29);
    mask(answers, "\r\nX-Request-Id: ", 16);
    mask(answers, "\"request_id\":\"", 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = {.at = (const char *)data, .len = size};
    uint64_t random = 14695981039346656037U;
    struct buf whole, pieces;

    if (size > 65536)
        return 0;
    for (size_t i = 0; i < size; i++)
        random = (random ^ data[i]) * 1099511628211U;
    buf_init(&whole, ANSWERS_MAX);
    buf_init(&pieces, ANSWERS_MAX);
    run(input, SIZE_MAX, UINT64_MAX, &whole);
    run(input, 1 + (size_t)(random >> 60), random, &pieces);
    must(whole.len == pieces.len);
    must(whole.len == 0 || memcmp(whole.at, pieces.at, whole.len) == 0);
    buf_fini(&whole);
    buf_fini(&pieces);
    return 0;
}
