#include "load.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "base/clock.h"
#include "base/must.h"
#include "message.h"

#define EVENTS_MAX 256
#define BYTES_MAX (64u * 1024 * 1024)
#define READ_BYTES 16384
#define KEPT_SIZE 128
#define GIVE_UP_US 15000000
#define WINDOW_POLL_US 1000

struct request {
    int64_t due_us;
    uint64_t first; /* sequence number */
    size_t call;    /* of the scenario */
};

struct connection {
    int fd;
    bool is_queued; /* among those that may send */
    size_t under_way;
    size_t oldest;
    struct request requests[LOAD_PIPELINE_MAX];
    size_t next_call;
    char kept[KEPT_SIZE];
    struct buf in, out;
};

struct load {
    struct load_options options;
    struct load_result result;
    struct connection *connections;
    struct connection **free_ring; /* may send; each is in it at most once */
    size_t free_first, free_count;
    int epoll;
    struct buf body;
    size_t under_way;
    int64_t last_answer_us;
    uint64_t distinct_before; /* at the receiver's end */
};

static void push_free(struct load *load, struct connection *connection)
{
    if (connection->is_queued || connection->under_way == load->options.pipeline)
        return;
    connection->is_queued = true;
    load->free_ring[(load->free_first + load->free_count++) % load->options.connections] =
        connection;
}

static struct connection *pop_free(struct load *load)
{
    struct connection *connection = load->free_ring[load->free_first];
    load->free_first = (load->free_first + 1) % load->options.connections;
    load->free_count--;
    connection->is_queued = false;
    return connection;
}

static void open_connection(struct load *load, struct connection *connection)
{
    connection->fd = net_connect(&load->options.url->address);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = connection};
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0)
        err(EXIT_FAILURE, "epoll_ctl");
    push_free(load, connection);
}

/* Nobody knows what became of the requests under way. */
static void give_up_requests(struct load *load, struct connection *connection)
{
    for (; connection->under_way > 0; connection->under_way--) {
        const struct request *request = &connection->requests[connection->oldest];
        for (size_t i = 0; i < load->options.batch; i++)
            ledger_note(&load->result.unsure_ones, request->first + i - load->options.first);
        load->result.unsure += load->options.batch;
        load->result.statuses[0]++;
        load->under_way--;
        connection->oldest = (connection->oldest + 1) % LOAD_PIPELINE_MAX;
    }
}

static void reopen(struct load *load, struct connection *connection)
{
    give_up_requests(load, connection);
    close(connection->fd);
    buf_clear(&connection->in);
    buf_clear(&connection->out);
    load->result.reconnects++;
    open_connection(load, connection);
}

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

static struct request_values values_of(const struct load *load, const struct connection *connection,
                                       uint64_t seq, int64_t due_us)
{
    const struct load_options *options = &load->options;
    return (struct request_values){
        .seq = seq,
        .mod = seq % options->modulus,
        .sent_us = due_us,
        .value = options->values ? options->values[seq % options->values_count] : (struct slice){0},
        .kept = slice_of(connection->kept),
    };
}

static void render(struct load *load, struct connection *connection, const struct request *request)
{
    struct buf *out = &connection->out;
    const struct load_options *options = &load->options;
    const struct scenario_call *call = &options->scenario->calls[request->call];
    buf_clear(&load->body);
    buf_add_slice(&load->body, options->open);
    for (size_t i = 0; i < options->batch; i++) {
        struct request_values values =
            values_of(load, connection, request->first + i, request->due_us);
        if (i > 0)
            buf_add_slice(&load->body, options->separator);
        request_template_render(&call->item, &values, &load->body);
    }
    buf_add_slice(&load->body, options->close);
    struct request_values values = values_of(load, connection, request->first, request->due_us);
    request_template_render(&call->head, &values, out);
    buf_add_text(out, "Content-Length: ");
    buf_add_u64(out, load->body.len);
    buf_add_text(out, "\r\n\r\n");
    buf_add_slice(out, buf_slice(&load->body));
    must(!load->body.overflow && !out->overflow);
}

static size_t take_call(const struct scenario *scenario, struct connection *connection)
{
    size_t call = scenario_next(scenario, connection->next_call, connection->kept[0]);
    connection->next_call = call + 1;
    return call;
}

static void start_request(struct load *load, int64_t due_us)
{
    const struct scenario *scenario = load->options.scenario;
    struct connection *connection = pop_free(load);
    size_t slot = (connection->oldest + connection->under_way++) % LOAD_PIPELINE_MAX;
    struct request *request = &connection->requests[slot];
    *request = (struct request){due_us, load->options.first + load->result.sent,
                                take_call(scenario, connection)};
    render(load, connection, request);
    if (scenario->calls[request->call].needs_kept)
        connection->kept[0] = '\0';
    load->under_way++;
    load->result.sent += load->options.batch;
    load->result.requests++;
    progress_set(&load->options.progress->events, load->result.sent);
    progress_set(&load->options.progress->in_flight, load->under_way);
    if (write_out(connection))
        push_free(load, connection);
    else
        reopen(load, connection);
}

struct taking {
    struct load *load;
    uint64_t first;
};

static void on_taken(size_t index, void *self)
{
    const struct taking *taking = self;
    ledger_note(&taking->load->result.accepted,
                taking->first + index - taking->load->options.first);
}

static void note_answer(struct load *load, struct connection *connection,
                        const struct message *message, int64_t now_us)
{
    const struct request *request = &connection->requests[connection->oldest];
    const struct scenario_call *call = &load->options.scenario->calls[request->call];
    struct load_result *result = &load->result;
    struct answer answer = {message->status, load->options.batch, message->body};
    struct taking taking = {load, request->first};
    size_t count = answer_read(&answer, on_taken, &taking);
    if (count < load->options.batch && result->refused == 0)
        snprintf(result->first_refusal, sizeof result->first_refusal, "%d %.*s", message->status,
                 (int)(message->body.len < 200 ? message->body.len : 200), message->body.at);
    result->refused += load->options.batch - count;
    result->statuses[message->status / 100 % 6]++;
    result->ended_us = load->last_answer_us = now_us;
    uint64_t took_us = now_us > request->due_us ? (uint64_t)(now_us - request->due_us) : 0;
    histogram_add(&result->answer_us, took_us);
    scenario_note(load->options.scenario, request->call, message->status, took_us);
    progress_set(&load->options.progress->distinct, result->accepted.distinct);
    if (call->keep && slice_to_text(answer_text(message->body, call->keep), connection->kept,
                                    sizeof connection->kept) != STATUS_OK)
        connection->kept[0] = '\0';
    if (load->options.record) {
        buf_add_slice(load->options.record_to, answer_text(message->body, load->options.record));
        buf_add_char(load->options.record_to, '\n');
    }
}

/* False when the connection is of no more use. */
static bool take_answers(struct load *load, struct connection *connection, int64_t now_us)
{
    struct message message;
    size_t taken = 0;
    while (taken < connection->in.len) {
        enum status status =
            message_read(connection->in.at + taken, connection->in.len - taken, &message);
        if (status == STATUS_ABSENT)
            break;
        if (status != STATUS_OK || message.status == 0 || connection->under_way == 0)
            return false;
        taken += message.len;
        note_answer(load, connection, &message, now_us);
        connection->oldest = (connection->oldest + 1) % LOAD_PIPELINE_MAX;
        connection->under_way--;
        load->under_way--;
        if (message.closes)
            return false;
    }
    buf_drop_front(&connection->in, taken);
    push_free(load, connection);
    return true;
}

static bool read_in(struct load *load, struct connection *connection)
{
    for (;;) {
        char *room = buf_reserve(&connection->in, READ_BYTES);
        if (!room)
            return false;
        ssize_t len = recv(connection->fd, room, READ_BYTES, 0);
        if (len <= 0)
            return len < 0 && errno == EAGAIN;
        buf_grew(&connection->in, (size_t)len);
        if (!take_answers(load, connection, clock_mono_us()))
            return false;
        if (len < READ_BYTES)
            return true;
    }
}

static void on_connection(struct load *load, struct connection *connection, uint32_t events)
{
    bool lives = true;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        lives = read_in(load, connection);
    if (lives && (events & EPOLLOUT))
        lives = write_out(connection);
    if (!lives)
        reopen(load, connection);
}

static bool window_is_full(const struct load *load)
{
    const struct load_options *options = &load->options;
    if (options->window == 0)
        return false;
    uint64_t out =
        (progress_get(&options->follow->distinct) - load->distinct_before) / options->fan_out;
    return load->result.sent + options->batch > out + options->window;
}

static int64_t due_of_next(const struct load *load, int64_t now_us)
{
    if (load->options.rate == 0)
        return now_us;
    return load->result.began_us + (int64_t)((double)load->result.sent * 1e6 / load->options.rate);
}

static bool is_over(const struct load *load, int64_t now_us)
{
    const struct load_options *options = &load->options;
    return load->result.sent + options->batch > options->count ||
           (options->for_us > 0 && now_us - load->result.began_us >= options->for_us);
}

/* Starts all that is due. Returns after how many µs to look again if no answer comes; -1: never. */
static int64_t start_due(struct load *load, int64_t now_us)
{
    while (!is_over(load, now_us)) {
        int64_t due_us = due_of_next(load, now_us);
        if (due_us > now_us)
            return due_us - now_us;
        if (load->free_count == 0)
            return -1;
        if (window_is_full(load))
            return WINDOW_POLL_US;
        start_request(load, due_us);
        now_us = clock_mono_us();
    }
    return -1;
}

static void wait_for_answers(struct load *load, int64_t wait_us)
{
    struct epoll_event events[EVENTS_MAX];
    int64_t wait_max_us = wait_us < 0 || wait_us > GIVE_UP_US ? GIVE_UP_US : wait_us;
    struct timespec wait = {wait_max_us / 1000000, wait_max_us % 1000000 * 1000};
    int count = epoll_pwait2(load->epoll, events, EVENTS_MAX, &wait, NULL);
    if (count < 0 && errno != EINTR)
        err(EXIT_FAILURE, "epoll_pwait2");
    for (int i = 0; i < count; i++)
        on_connection(load, events[i].data.ptr, events[i].events);
}

struct load *load_new(const struct load_options *options)
{
    struct load *load = xcalloc(1, sizeof *load);
    load->options = *options;
    must(options->pipeline >= 1 && options->pipeline <= LOAD_PIPELINE_MAX && options->batch >= 1);
    ledger_init(&load->result.accepted, options->count);
    ledger_init(&load->result.unsure_ones, options->count);
    buf_init(&load->body, BYTES_MAX);
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (load->epoll < 0)
        err(EXIT_FAILURE, "epoll_create1");
    load->connections = xcalloc(options->connections, sizeof *load->connections);
    load->free_ring = xcalloc(options->connections, sizeof(struct connection *));
    for (size_t i = 0; i < options->connections; i++) {
        buf_init(&load->connections[i].in, BYTES_MAX);
        buf_init(&load->connections[i].out, BYTES_MAX);
        load->connections[i].next_call = i;
        open_connection(load, &load->connections[i]);
    }
    progress_set(&options->progress->connections, options->connections);
    /* A schedule in µs; the kernel's default slack is 50. */
    prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul);
    return load;
}

void load_run(struct load *load)
{
    if (load->options.window > 0)
        load->distinct_before = progress_get(&load->options.follow->distinct);
    load->result.began_us = load->last_answer_us = clock_mono_us();
    for (;;) {
        int64_t now_us = clock_mono_us();
        int64_t wait_us = start_due(load, now_us);
        if (load->under_way == 0 && is_over(load, clock_mono_us()))
            return;
        if (load->under_way > 0 && now_us - load->last_answer_us > GIVE_UP_US)
            break;
        wait_for_answers(load, wait_us);
    }
    for (size_t i = 0; i < load->options.connections; i++)
        give_up_requests(load, &load->connections[i]);
}

const struct load_result *load_result(const struct load *load)
{
    return &load->result;
}

void load_free(struct load **load_at)
{
    struct load *load = *load_at;
    *load_at = NULL;
    if (!load)
        return;
    for (size_t i = 0; i < load->options.connections; i++) {
        close(load->connections[i].fd);
        buf_fini(&load->connections[i].in);
        buf_fini(&load->connections[i].out);
    }
    close(load->epoll);
    ledger_fini(&load->result.accepted);
    ledger_fini(&load->result.unsure_ones);
    buf_fini(&load->body);
    free(load->free_ring);
    free(load->connections);
    free(load);
}
