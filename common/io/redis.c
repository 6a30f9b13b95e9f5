/*
 * redis.c - who waits for which answer, and the connection's life: waiting, connecting, greeting, up, and again
 *
 * Redis answers in order, so the first in the queue owns the next answer. A callback may do anything, also free the connection; hence
 * the storage outlives redis_free until the turn's end, and loops over callbacks look at the state again.
 */
#include "redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/log.h"
#include "../base/must.h"
#include "../base/random.h"
#include "redis_command.h"
#include "redis_greeting.h"
#include "redis_link.h"
#include "redis_queue.h"
#include "redis_reply.h"
#include "script.h"

#define LISTENERS_MAX 8
#define ATTEMPT_INTERVAL_MS 1000
#define ATTEMPT_JITTER_MS 500
#define LOG_INTERVAL_MS 30000
#define WAITING_MAX ((size_t)1 << 16)
#define WIRE_KEPT_MAX ((size_t)1 << 20)
#define UNSENT_MAX ((size_t)32 << 20)

enum redis_state {
    REDIS_WAITING,    /* for the time of the next attempt */
    REDIS_CONNECTING, /* for the socket */
    REDIS_GREETING,   /* for the answers to the greetings */
    REDIS_UP,
    REDIS_ENDED,
};

struct listener {
    redis_state_fn fn;
    void *self;
};

struct redis {
    struct loop *loop;
    struct redis_options options;
    char *client_name;
    enum redis_state state;
    struct redis_link *link; /* NULL while waiting and when ended */
    struct redis_command command;
    uint64_t scripts_loaded; /* on this connection, a bit each */
    struct redis_queue sent;
    struct redis_queue refused;    /* never sent; told in the next turn */
    struct loop_timer *timer_link; /* the next attempt, or the end of this one */
    struct loop_timer *timer_reply;
    struct loop_timer *timer_refused;
    int64_t progress_mono_ms; /* last answer, or when the first of the waiting was sent */
    int64_t attempt_mono_ms;
    int64_t down_mono_ms;
    uint64_t epoch;
    struct log_limit down_log, greeting_log;
    struct listener listeners[LISTENERS_MAX];
    size_t listeners_count;
    char error[256];
};

static void on_refusals(void *self)
{
    struct redis *redis = self;
    struct redis_waiting waiting;

    /* Those of now only: a callback that sends again at once is answered in a turn of its own. */
    for (size_t left = redis->refused.count; left > 0; left--) {
        if (redis->state == REDIS_ENDED || !redis_queue_pop(&redis->refused, &waiting))
            return;
        redis_waiting_answer(&waiting, waiting.status, NULL);
    }
}

static void refuse(struct redis *redis, struct redis_waiting waiting, enum status status)
{
    waiting.status = status;
    redis_queue_push(&redis->refused, waiting);
    /* Not loop_later: whoever sends again from the callback, for ever, must not keep this turn from its end. */
    if (redis->state != REDIS_ENDED && !loop_timer_is_set(redis->timer_refused))
        loop_timer_start(redis->timer_refused, 0);
}

static void enqueue(struct redis *redis, struct slice wire, struct redis_waiting waiting)
{
    redis_link_write(redis->link, wire);
    if (redis->sent.count == 0) {
        redis->progress_mono_ms = waiting.since_mono_us / 1000;
        /* It may still run from an earlier wait; then it finds at its end how much is left of this one. */
        if (!loop_timer_is_set(redis->timer_reply))
            loop_timer_start(redis->timer_reply, redis->options.reply_timeout_ms);
    }
    redis_queue_push(&redis->sent, waiting);
}

bool redis_note_script(struct redis *redis, unsigned script)
{
    uint64_t before = redis->scripts_loaded;

    must(script < 64);
    if (redis->state != REDIS_UP) /* what is sent now is refused */
        return false;
    redis->scripts_loaded |= (uint64_t)1 << script;
    return redis->scripts_loaded != before;
}

void redis_send_wire(struct redis *redis, struct slice wire, const char *what, redis_reply_fn fn,
                     void *self)
{
    struct redis_waiting waiting = {
        .fn = fn, .self = self, .what = what, .since_mono_us = clock_mono_us()};
    size_t unsent;

    if (redis->state != REDIS_UP) {
        refuse(redis, waiting, STATUS_DOWN);
        return;
    }
    unsent = redis_link_unsent(redis->link);
    if (redis->sent.count >= WAITING_MAX || (unsent > 0 && unsent + wire.len > UNSENT_MAX))
        refuse(redis, waiting, STATUS_DOWN);
    else
        enqueue(redis, wire, waiting);
}

void redis_send(struct redis *redis, struct redis_command *command, redis_reply_fn fn, void *self)
{
    struct slice wire;

    if (redis_command_wire(command, &wire) == STATUS_OK) {
        redis_send_wire(redis, wire, "command", fn, self);
    } else {
        struct redis_waiting waiting = {
            .fn = fn, .self = self, .what = "command", .since_mono_us = clock_mono_us()};
        refuse(redis, waiting, STATUS_LIMIT);
    }
    if (command->wire.room > WIRE_KEPT_MAX) {
        redis_command_fini(command);
        redis_command_init(command);
    } else {
        buf_clear(&command->wire);
        command->args = 0;
    }
}

void redis_sendf(struct redis *redis, redis_reply_fn fn, void *self, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    redis_command_vformat(&redis->command, format, values);
    va_end(values);
    redis_send(redis, &redis->command, fn, self);
}

static void tell_listeners(struct redis *redis, bool up)
{
    enum redis_state state = redis->state;

    for (size_t i = 0; i < redis->listeners_count && redis->state == state; i++)
        redis->listeners[i].fn(up, redis->listeners[i].self);
}

static void log_state(struct redis *redis)
{
    const struct redis_address *address = &redis->options.address;
    int64_t down_ms = clock_mono_ms() - redis->down_mono_ms;
    uint64_t more = 0;

    if (redis->state == REDIS_UP) {
        redis->down_log = (struct log_limit){0};
        log_event(LOG_INFO, "redis.up", log_text("client", redis->client_name),
                  log_text("host", address->host), log_int("port", address->port),
                  log_int("after_ms", down_ms));
    } else if (log_limit_allows(&redis->down_log, LOG_INTERVAL_MS, &more)) {
        log_event(LOG_WARN, "redis.down", log_text("client", redis->client_name),
                  log_text("host", address->host), log_int("port", address->port),
                  log_text("error", redis->error), log_int("for_ms", down_ms),
                  log_int("suppressed", (int64_t)more));
    }
}

/* The end of this connection, however it came: all that waits is told, and the next attempt is set. */
static void lose(struct redis *redis, const char *why, const struct redis_reply *reply)
{
    bool was_up = redis->state == REDIS_UP;
    int64_t now_mono_ms = clock_mono_ms();
    int64_t pause_ms = redis->attempt_mono_ms + ATTEMPT_INTERVAL_MS - now_mono_ms;
    struct redis_waiting waiting;

    snprintf(redis->error, sizeof redis->error, "%s", why);
    redis->error[strcspn(redis->error, "\r\n")] = '\0';
    redis->epoch += was_up;
    if (was_up)
        redis->down_mono_ms = now_mono_ms;
    redis->state = REDIS_WAITING;
    redis_link_free(&redis->link);
    loop_timer_stop(redis->timer_reply);
    if (pause_ms > 0)
        pause_ms += (int64_t)random_below(ATTEMPT_JITTER_MS);
    loop_timer_start(redis->timer_link, pause_ms);
    log_state(redis);
    /* Before it was up only greetings were sent, and nobody waits for those. */
    while (redis_queue_pop(&redis->sent, &waiting)) {
        if (was_up)
            redis_waiting_answer(&waiting, STATUS_UNSURE, reply);
    }
    if (was_up && redis->state != REDIS_ENDED)
        tell_listeners(redis, false);
}

static void on_end(const char *why, void *self)
{
    lose(self, why, redis_reply_lost);
}

static void on_reply_timer(void *self)
{
    struct redis *redis = self;
    int64_t silent_ms = clock_mono_ms() - redis->progress_mono_ms;
    char why[64];

    if (redis->sent.count == 0)
        return;
    if (silent_ms < redis->options.reply_timeout_ms) {
        loop_timer_start(redis->timer_reply, redis->options.reply_timeout_ms - silent_ms);
        return;
    }
    snprintf(why, sizeof why, "no answer for %lld ms", (long long)silent_ms);
    lose(redis, why, redis_reply_timeout);
}

static void on_greeting(struct redis *redis, const char *greeting, const struct redis_reply *reply)
{
    enum status status = redis_status_of(reply);
    struct slice text = redis_reply_text(reply);
    char why[sizeof redis->error];
    uint64_t more = 0;

    if (status != STATUS_OK) {
        snprintf(why, sizeof why, "%s: %.*s", greeting, (int)text.len, text.at);
        if (redis_greeting_is_fatal(greeting, status)) {
            lose(redis, why, NULL);
            return;
        }
        if (log_limit_allows(&redis->greeting_log, LOG_INTERVAL_MS, &more))
            log_event(LOG_WARN, "redis.greeting", log_text("client", redis->client_name),
                      log_text("error", why), log_int("suppressed", (int64_t)more));
    }
    if (redis->sent.count > 0)
        return;
    redis->state = REDIS_UP;
    redis->error[0] = '\0';
    log_state(redis);
    tell_listeners(redis, true);
}

static void on_reply(const struct redis_reply *reply, void *self)
{
    struct redis *redis = self;
    struct slice text = redis_reply_text(reply);
    struct redis_waiting waiting;
    char why[sizeof redis->error];

    if (!redis_queue_pop(&redis->sent, &waiting)) {
        snprintf(why, sizeof why, "an answer that nobody asked for: %.*s", (int)text.len, text.at);
        lose(redis, why, redis_reply_lost);
        return;
    }
    redis->progress_mono_ms = clock_mono_ms();
    redis->epoch += redis_reply_is_of_another(reply);
    if (redis->state == REDIS_GREETING)
        on_greeting(redis, waiting.what, reply);
    else
        redis_waiting_answer(&waiting, redis_status_of(reply), reply);
}

static void on_open(void *self)
{
    struct redis *redis = self;
    size_t at = 0;

    loop_timer_stop(redis->timer_link);
    redis->state = REDIS_GREETING;
    redis->scripts_loaded =
        redis->options.load_scripts ? ((uint64_t)1 << SCRIPTS_OF_EACH_EVENT) - 1 : 0;
    for (;;) {
        struct redis_waiting waiting = {.since_mono_us = clock_mono_us()};
        struct slice wire;
        waiting.what = redis_greeting_next(&redis->options, &at, &redis->command);
        if (waiting.what == NULL)
            return;
        must(redis_command_wire(&redis->command, &wire) == STATUS_OK);
        enqueue(redis, wire, waiting);
    }
}

static void on_link_timer(void *self)
{
    struct redis *redis = self;
    struct redis_link_owner owner = {
        .on_open = on_open, .on_reply = on_reply, .on_end = on_end, .self = redis};

    if (redis->state == REDIS_CONNECTING) {
        lose(redis, "connecting timed out", NULL);
        return;
    }
    redis->state = REDIS_CONNECTING;
    redis->attempt_mono_ms = clock_mono_ms();
    loop_timer_start(redis->timer_link, redis->options.connect_timeout_ms);
    redis->link = redis_link_new(redis->loop, &redis->options.address,
                                 redis->options.reply_timeout_ms, &owner);
}

struct redis *redis_new(struct loop *loop, const struct redis_options *options)
{
    struct redis *redis = xcalloc(1, sizeof *redis);

    must(options->connect_timeout_ms > 0 && options->reply_timeout_ms > 0);
    redis->loop = loop;
    redis->options = *options;
    redis->client_name = xstrdup(options->client_name);
    redis->options.client_name = redis->client_name;
    redis_command_init(&redis->command);
    redis->timer_link = loop_timer_new(loop, on_link_timer, redis);
    redis->timer_reply = loop_timer_new(loop, on_reply_timer, redis);
    redis->timer_refused = loop_timer_new(loop, on_refusals, redis);
    redis->down_mono_ms = clock_mono_ms();
    redis->state = REDIS_WAITING;
    snprintf(redis->error, sizeof redis->error, "not connected yet");
    loop_timer_start(redis->timer_link, 0);
    return redis;
}

static void release(void *self)
{
    struct redis *redis = self;

    redis_queue_fini(&redis->sent);
    redis_queue_fini(&redis->refused);
    redis_command_fini(&redis->command);
    explicit_bzero(redis->options.address.password, sizeof redis->options.address.password);
    free(redis->client_name);
    free(redis);
}

void redis_free(struct redis **redis_at)
{
    struct redis *redis = *redis_at;
    struct redis_waiting waiting;
    bool was_greeting;

    *redis_at = NULL;
    if (redis == NULL)
        return;
    was_greeting = redis->state == REDIS_GREETING;
    redis->state = REDIS_ENDED;
    redis_link_free(&redis->link);
    loop_timer_free(&redis->timer_link);
    loop_timer_free(&redis->timer_reply);
    loop_timer_free(&redis->timer_refused);
    while (redis_queue_pop(&redis->sent, &waiting)) {
        if (!was_greeting)
            redis_waiting_answer(&waiting, STATUS_CANCELLED, NULL);
    }
    while (redis_queue_pop(&redis->refused, &waiting))
        redis_waiting_answer(&waiting, STATUS_CANCELLED, NULL);
    loop_later(redis->loop, release, redis);
}

void redis_listen(struct redis *redis, redis_state_fn fn, void *self)
{
    must(redis->listeners_count < LISTENERS_MAX);
    redis->listeners[redis->listeners_count++] = (struct listener){.fn = fn, .self = self};
}

bool redis_is_up(const struct redis *redis)
{
    return redis->state == REDIS_UP;
}

uint64_t redis_epoch(const struct redis *redis)
{
    return redis->epoch;
}

void redis_reconnect(struct redis *redis)
{
    lose(redis, "made anew", redis_reply_lost);
}

const char *redis_last_error(const struct redis *redis)
{
    return redis->error;
}
