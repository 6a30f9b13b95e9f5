/*
 * redis_link.c - one connection to Redis: sockets and libevent on one side, hiredis's context on the other
 *
 * hiredis's own asynchronous layer is not used: it asserts on answers that nobody asked for, allocates for every command, and frees itself under
 * its callbacks.
 */
#include "redis_link.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../base/must.h"
#include "redis_tree.h"

#define READ_SIZE ((size_t)16 << 10) /* what redisBufferRead asks for */
#define READS_PER_TURN 16
#define REPLY_MAX ((size_t)64 << 20)
#define REPLY_ELEMENTS_MAX (1 << 20)
#define BUFFER_KEPT_MAX ((size_t)256 << 10) /* below this hiredis does not allocate it anew */

struct redis_link {
    struct loop *loop;
    struct redis_link_owner owner;
    redisContext *context;
    struct redis_tree tree; /* of the answer that is being read or told */
    struct event *readable;
    struct event *writable;
    size_t reply_bytes; /* read since the last complete answer */
    bool is_open;
    bool is_flush_queued;
    bool has_ended;
};

static void serve_reader(struct redis_link *link)
{
    redisReader *reader = link->context->reader;

    redis_tree_serve(&link->tree, reader);
    reader->maxelements = REPLY_ELEMENTS_MAX;
    reader->maxbuf = BUFFER_KEPT_MAX;
}

static void end(struct redis_link *link, const char *why)
{
    if (link->has_ended)
        return;
    link->has_ended = true;
    if (link->readable != NULL) {
        event_del(link->readable);
        event_del(link->writable);
    }
    link->owner.on_end(why, link->owner.self);
}

static void end_by_context(struct redis_link *link)
{
    bool is_hostile = link->context->err == REDIS_ERR_OOM;
    end(link, is_hostile ? "an answer beyond all bounds" : link->context->errstr);
}

static void flush(void *self)
{
    struct redis_link *link = self;
    int is_done = 0;

    link->is_flush_queued = false;
    if (link->has_ended || !link->is_open)
        return;
    if (redisBufferWrite(link->context, &is_done) != REDIS_OK)
        end_by_context(link);
    else if (!is_done)
        must(event_add(link->writable, NULL) == 0);
}

static void on_writable(evutil_socket_t fd, short what, void *self)
{
    struct redis_link *link = self;
    int error = 0;
    socklen_t len = sizeof error;

    (void)what;
    if (!link->is_open) {
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
            error = errno;
        if (error != 0) {
            end(link, strerror(error));
            return;
        }
        link->is_open = true;
        must(event_add(link->readable, NULL) == 0);
        link->owner.on_open(link->owner.self);
    } else {
        flush(link);
    }
}

static void take_replies(struct redis_link *link)
{
    while (!link->has_ended) {
        void *reply = NULL;
        if (redisGetReplyFromReader(link->context, &reply) != REDIS_OK) {
            end_by_context(link);
            return;
        }
        if (reply == NULL)
            return;
        link->reply_bytes = 0;
        link->owner.on_reply(reply, link->owner.self);
        redis_tree_clear(&link->tree);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *self)
{
    struct redis_link *link = self;

    (void)fd;
    (void)what;
    /* Answers are taken out after each read: hiredis moves what is left of its buffer for every kilobyte taken. */
    for (int reads = 0; reads < READS_PER_TURN && !link->has_ended; reads++) {
        size_t before = link->context->reader->len;
        if (redisBufferRead(link->context) != REDIS_OK) {
            end_by_context(link);
            return;
        }
        size_t got = link->context->reader->len - before;
        link->reply_bytes += got;
        take_replies(link);
        if (link->reply_bytes > REPLY_MAX)
            end(link, "an answer beyond all bounds");
        if (got < READ_SIZE)
            return;
    }
}

/* A silent peer is noticed by the kernel too: a link on which nothing is asked has no other clock. */
static void watch_socket(int fd, int64_t silence_ms)
{
    unsigned silence = (unsigned)silence_ms;
    int on = 1, idle_s = 5, interval_s = 2, probes = 3;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof silence);
}

static void report_failed_start(void *self)
{
    struct redis_link *link = self;
    end_by_context(link);
}

struct redis_link *redis_link_new(struct loop *loop, const struct redis_address *address,
                                  int64_t silence_ms, const struct redis_link_owner *owner)
{
    struct redis_link *link = xcalloc(1, sizeof *link);
    redisOptions options = {.options = REDIS_OPT_NONBLOCK | REDIS_OPT_NO_PUSH_AUTOFREE};

    link->loop = loop;
    link->owner = *owner;
    if (address->port == 0)
        REDIS_OPTIONS_SET_UNIX(&options, address->host);
    else
        REDIS_OPTIONS_SET_TCP(&options, address->host, address->port);
    link->context = redisConnectWithOptions(&options);
    must(link->context != NULL);
    if (link->context->err != 0) {
        loop_later(loop, report_failed_start, link);
        return link;
    }
    serve_reader(link);
    fcntl(link->context->fd, F_SETFD, FD_CLOEXEC);
    if (address->port != 0)
        watch_socket(link->context->fd, silence_ms);
    link->readable =
        event_new(loop_base(loop), link->context->fd, EV_READ | EV_PERSIST, on_readable, link);
    link->writable = event_new(loop_base(loop), link->context->fd, EV_WRITE, on_writable, link);
    must(link->readable != NULL && link->writable != NULL);
    must(event_add(link->writable, NULL) == 0);
    return link;
}

static void release(void *self)
{
    struct redis_link *link = self;

    if (link->readable != NULL)
        event_free(link->readable);
    if (link->writable != NULL)
        event_free(link->writable);
    redisFree(link->context);
    redis_tree_fini(&link->tree);
    free(link);
}

void redis_link_free(struct redis_link **link_at)
{
    struct redis_link *link = *link_at;

    *link_at = NULL;
    if (link == NULL)
        return;
    link->has_ended = true;
    if (link->readable != NULL) {
        event_del(link->readable);
        event_del(link->writable);
    }
    loop_later_cancel(link->loop, link);
    loop_later(link->loop, release, link); /* an answer of it may be in use further up */
}

void redis_link_write(struct redis_link *link, struct slice wire)
{
    must(!link->has_ended);
    must(redisAppendFormattedCommand(link->context, wire.at, wire.len) == REDIS_OK);
    if (link->is_open && !link->is_flush_queued && !event_pending(link->writable, EV_WRITE, NULL)) {
        link->is_flush_queued = true;
        loop_later(link->loop, flush, link);
    }
}

size_t redis_link_unsent(const struct redis_link *link)
{
    return sdslen(link->context->obuf);
}
