/*
 * receiver.c - bench-receiver: answers webhooks as fast as it can and keeps the books of what came
 *
 * One epoll loop. SIGUSR1 writes the report and begins a new one; SIGTERM writes it and ends.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "message.h"
#include "net.h"
#include "tally.h"

#define EVENTS_MAX 256
#define CONNECTION_BYTES_MAX (8u * 1024 * 1024)
#define READ_BYTES 32768

struct connection {
    int fd;
    struct buf in, out;
    unsigned owed; /* answers held back by the delay */
    int64_t answer_at_us;
    struct connection *next; /* of those that wait, the earliest first */
};

struct receiver {
    struct tally tally;
    struct progress *progress;
    int epoll, listener, signals;
    int64_t delay_us;
    char answer[256];
    size_t answer_len;
    struct connection *waiting, **last_waiting;
    bool is_ending;
};

static void watch(struct receiver *receiver, int fd, uint32_t events, void *self)
{
    struct epoll_event event = {.events = events, .data.ptr = self};
    if (epoll_ctl(receiver->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        err(EXIT_FAILURE, "epoll_ctl");
}

static void accept_all(struct receiver *receiver)
{
    int fd;
    while ((fd = accept4(receiver->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *connection = xcalloc(1, sizeof *connection);
        connection->fd = fd;
        buf_init(&connection->in, CONNECTION_BYTES_MAX);
        buf_init(&connection->out, CONNECTION_BYTES_MAX);
        net_no_delay(fd);
        watch(receiver, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, connection);
        progress_set(&receiver->progress->connections,
                     progress_get(&receiver->progress->connections) + 1);
    }
    if (errno != EAGAIN && errno != ECONNABORTED)
        err(EXIT_FAILURE, "accept");
}

static void unlink_waiting(struct receiver *receiver, const struct connection *connection)
{
    struct connection **at = &receiver->waiting;
    while (*at && *at != connection)
        at = &(*at)->next;
    must(*at);
    *at = connection->next;
    if (!*at)
        receiver->last_waiting = at;
}

static void close_connection(struct receiver *receiver, struct connection *connection)
{
    struct progress *progress = receiver->progress;
    if (connection->owed) {
        unlink_waiting(receiver, connection);
        progress_set(&progress->in_flight, progress_get(&progress->in_flight) - connection->owed);
    }
    progress_set(&progress->connections, progress_get(&progress->connections) - 1);
    close(connection->fd);
    buf_fini(&connection->in);
    buf_fini(&connection->out);
    free(connection);
}

/* False when the peer has gone. */
static bool write_out(struct connection *connection)
{
    while (connection->out.len > 0) {
        ssize_t sent = send(connection->fd, connection->out.at, connection->out.len, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN;
        buf_drop_front(&connection->out, (size_t)sent);
    }
    return true;
}

static void answer_later(struct receiver *receiver, struct connection *connection, int64_t now_us)
{
    struct progress *progress = receiver->progress;
    progress_set(&progress->in_flight, progress_get(&progress->in_flight) + 1);
    if (connection->owed++ > 0)
        return;
    connection->answer_at_us = now_us + receiver->delay_us;
    connection->next = NULL;
    *receiver->last_waiting = connection;
    receiver->last_waiting = &connection->next;
}

static bool take_requests(struct receiver *receiver, struct connection *connection, int64_t now_us)
{
    struct message message;
    size_t taken = 0;
    while (taken < connection->in.len) {
        enum status status =
            message_read(connection->in.at + taken, connection->in.len - taken, &message);
        if (status == STATUS_ABSENT)
            break;
        if (status != STATUS_OK || message.status != 0)
            return false;
        tally_note(&receiver->tally, message.target, message.body, now_us);
        taken += message.len;
        if (receiver->delay_us > 0)
            answer_later(receiver, connection, now_us);
        else
            buf_add(&connection->out, receiver->answer, receiver->answer_len);
    }
    buf_drop_front(&connection->in, taken);
    return !connection->out.overflow;
}

/* False when the peer has gone or speaks something else. */
static bool read_in(struct receiver *receiver, struct connection *connection)
{
    for (;;) {
        char *room = buf_reserve(&connection->in, READ_BYTES);
        if (!room)
            return false;
        ssize_t len = recv(connection->fd, room, READ_BYTES, 0);
        if (len <= 0)
            return len < 0 && errno == EAGAIN;
        buf_grew(&connection->in, (size_t)len);
        if (!take_requests(receiver, connection, clock_mono_us()) || !write_out(connection))
            return false;
        /* A short read has emptied the socket; what comes later is told again. */
        if (len < READ_BYTES)
            return true;
    }
}

static void on_connection(struct receiver *receiver, struct connection *connection, uint32_t events)
{
    bool lives = true;
    if (events & (EPOLLIN | EPOLLRDHUP))
        lives = read_in(receiver, connection);
    if (lives && (events & EPOLLOUT))
        lives = write_out(connection);
    if (!lives || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
        close_connection(receiver, connection);
}

/* Answers what is due. Returns how long to wait for the next in ms, -1 for ever. */
static int answer_due(struct receiver *receiver)
{
    int64_t now_us = clock_mono_us();
    struct connection *connection;
    while ((connection = receiver->waiting) && connection->answer_at_us <= now_us) {
        struct progress *progress = receiver->progress;
        receiver->waiting = connection->next;
        if (!receiver->waiting)
            receiver->last_waiting = &receiver->waiting;
        progress_set(&progress->in_flight, progress_get(&progress->in_flight) - connection->owed);
        for (; connection->owed > 0; connection->owed--)
            buf_add(&connection->out, receiver->answer, receiver->answer_len);
        if (!write_out(connection))
            close_connection(receiver, connection);
    }
    return connection ? (int)((connection->answer_at_us - now_us) / 1000 + 1) : -1;
}

static void on_signal(struct receiver *receiver)
{
    struct signalfd_siginfo info;
    while (read(receiver->signals, &info, sizeof info) == sizeof info) {
        tally_report(&receiver->tally);
        receiver->is_ending |= info.ssi_signo != SIGUSR1;
    }
}

static void run(struct receiver *receiver)
{
    struct epoll_event events[EVENTS_MAX];
    while (!receiver->is_ending) {
        int count = epoll_wait(receiver->epoll, events, EVENTS_MAX, answer_due(receiver));
        if (count < 0 && errno != EINTR)
            err(EXIT_FAILURE, "epoll_wait");
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == &receiver->listener)
                accept_all(receiver);
            else if (events[i].data.ptr == &receiver->signals)
                on_signal(receiver);
            else
                on_connection(receiver, events[i].data.ptr, events[i].events);
        }
    }
}

static void open_all(struct receiver *receiver, uint16_t port)
{
    sigset_t signals;
    uint16_t bound;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    receiver->signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    receiver->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (receiver->signals < 0 || receiver->epoll < 0)
        err(EXIT_FAILURE, "epoll");
    receiver->listener = net_listen(port, &bound);
    watch(receiver, receiver->listener, EPOLLIN | EPOLLET, &receiver->listener);
    watch(receiver, receiver->signals, EPOLLIN, &receiver->signals);
    /* Last: whoever waits for the port may connect and signal from then on. */
    progress_set(&receiver->progress->port, bound);
}

static uint64_t number(const char *text, uint64_t max)
{
    uint64_t value;
    if (slice_to_u64(slice_of(text), max, &value) != STATUS_OK)
        errx(EXIT_FAILURE, "%s: not a number up to %llu", text, (unsigned long long)max);
    return value;
}

static const char usage[] =
    "usage: bench-receiver --report PATH [--progress PATH] [--port N] [--events N] [--hooks N] "
    "[--status N]\n"
    "                      [--delay-ms N] [--seq-marker TEXT] [--sent-marker TEXT]\n";

int main(int argc, char **argv)
{
    static const struct option flags[] = {
        {"report", 1, NULL, 'r'},   {"progress", 1, NULL, 'p'},   {"port", 1, NULL, 'P'},
        {"events", 1, NULL, 'e'},   {"hooks", 1, NULL, 'h'},      {"status", 1, NULL, 's'},
        {"delay-ms", 1, NULL, 'd'}, {"seq-marker", 1, NULL, 'q'}, {"sent-marker", 1, NULL, 't'},
        {NULL, 0, NULL, 0}};
    struct receiver receiver = {.last_waiting = &receiver.waiting};
    struct tally_options options = {
        .events = 1u << 20, .hooks = 1, .seq = SLICE("\"seq"), .sent = SLICE("\"sent")};
    const char *progress = NULL;
    uint64_t port = 0, status = 200;
    for (int flag; (flag = getopt_long(argc, argv, "", flags, NULL)) != -1;) {
        switch (flag) {
        case 'r':
            options.report = optarg;
            break;
        case 'p':
            progress = optarg;
            break;
        case 'P':
            port = number(optarg, 65535);
            break;
        case 'e':
            options.events = number(optarg, LEDGER_CAPACITY_MAX);
            break;
        case 'h':
            options.hooks = number(optarg, 100000);
            break;
        case 's':
            status = number(optarg, 599);
            break;
        case 'd':
            receiver.delay_us = (int64_t)number(optarg, 600000) * 1000;
            break;
        case 'q':
            options.seq = slice_of(optarg);
            break;
        case 't':
            options.sent = slice_of(optarg);
            break;
        default:
            errx(EXIT_FAILURE, "%s", usage);
        }
    }
    if (!options.report || options.events * options.hooks == 0 ||
        options.events * options.hooks > LEDGER_CAPACITY_MAX)
        errx(EXIT_FAILURE, "%s", usage);
    receiver.answer_len =
        (size_t)snprintf(receiver.answer, sizeof receiver.answer,
                         "HTTP/1.1 %u Measured\r\nContent-Length: 0\r\n\r\n", (unsigned)status);
    net_raise_files();
    receiver.progress = options.progress = progress_map(progress);
    tally_init(&receiver.tally, &options);
    open_all(&receiver, (uint16_t)port);
    run(&receiver);
    tally_fini(&receiver.tally);
    return EXIT_SUCCESS;
}
