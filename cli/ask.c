/*
 * ask.c - questions to Redis, answered before the program goes on
 */
#include "ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/keys.h"

#define CONNECT_TIMEOUT_MS 5000
#define REPLY_TIMEOUT_MS 15000 /* more than a blocking read may take */
#define LOOK_MS 10
#define WAITING_MAX 1000

struct ask {
    struct loop *loop;
    struct redis *redis;
    struct loop_timer *timer;
    struct redis_command command;
    size_t waiting;
    enum status status; /* the first failure since the last ask_wait */
    struct error error;
};

struct question {
    struct ask *ask;
    redis_reply_fn fn;
    void *self;
    bool may_fail;
};

static void on_state(bool up, void *self)
{
    struct ask *ask = self;

    if (up)
        loop_stop(ask->loop);
}

static void on_timer(void *self)
{
    struct ask *ask = self;

    loop_stop(ask->loop);
}

static void turn(struct ask *ask, int64_t wait_ms)
{
    loop_timer_start(ask->timer, wait_ms);
    loop_run(ask->loop);
    loop_timer_stop(ask->timer);
}

bool ask_until_up(struct ask *ask, int64_t wait_ms)
{
    if (!redis_is_up(ask->redis))
        turn(ask, wait_ms);
    return redis_is_up(ask->redis);
}

void ask_pause(struct ask *ask, int64_t pause_ms)
{
    turn(ask, pause_ms);
}

/* Redis is asked for again for ever; a person is told of the first failure, which shows as another last error. */
static bool is_reached(struct ask *ask)
{
    char before[256];

    snprintf(before, sizeof before, "%s", redis_last_error(ask->redis));
    while (!redis_is_up(ask->redis) && strcmp(redis_last_error(ask->redis), before) == 0)
        turn(ask, LOOK_MS);
    return redis_is_up(ask->redis);
}

enum status ask_open(const char *redis_url, struct ask **out, struct error *err)
{
    struct redis_options options = {.client_name = "millrace-cli",
                                    .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                    .reply_timeout_ms = REPLY_TIMEOUT_MS};
    struct error why;
    struct ask *ask;

    if (redis_address_parse(redis_url, &options.address, &why) != STATUS_OK) {
        error_set(err, "redis_url: %s", why.text);
        return STATUS_INVALID;
    }
    ask = xcalloc(1, sizeof *ask);
    ask->loop = loop_new();
    ask->timer = loop_timer_new(ask->loop, on_timer, ask);
    redis_command_init(&ask->command);
    ask->redis = redis_new(ask->loop, &options);
    redis_listen(ask->redis, on_state, ask);
    if (!is_reached(ask)) {
        error_set(err, "Redis at %s cannot be used: %s (MILLRACE_REDIS_URL says where it is)",
                  options.address.host, redis_last_error(ask->redis));
        ask_close(&ask);
        return STATUS_DOWN;
    }
    *out = ask;
    return STATUS_OK;
}

void ask_close(struct ask **ask_at)
{
    struct ask *ask = *ask_at;

    *ask_at = NULL;
    if (ask == NULL)
        return;
    redis_free(&ask->redis);
    loop_timer_free(&ask->timer);
    redis_command_fini(&ask->command);
    loop_free(&ask->loop);
    free(ask);
}

static void note_failure(struct ask *ask, enum status status, const struct redis_reply *reply)
{
    struct slice text = redis_reply_text(reply);

    if (ask->status != STATUS_OK)
        return;
    ask->status = status;
    if (text.len > 0)
        error_set(&ask->error, "Redis says: %.*s", (int)text.len, text.at);
    else
        error_set(&ask->error, "Redis is not there any more: %s", redis_last_error(ask->redis));
}

static void on_answer(enum status status, const struct redis_reply *reply, void *self)
{
    struct question question = *(struct question *)self;
    struct ask *ask = question.ask;
    bool is_tolerated = question.may_fail && (status == STATUS_FAILED || status == STATUS_DENIED);

    free(self);
    if (status == STATUS_CANCELLED)
        return;
    if (status == STATUS_OK || is_tolerated)
        question.fn(status, reply, question.self);
    else
        note_failure(ask, status, reply);
    if (--ask->waiting == 0)
        loop_stop(ask->loop);
}

static void send(struct ask *ask, const struct slice *words, size_t count,
                 const struct question *given)
{
    struct question *question = xmalloc(sizeof *question);

    while (ask->waiting >= WAITING_MAX)
        loop_run(ask->loop);
    *question = *given;
    redis_command_start(&ask->command);
    for (size_t i = 0; i < count; i++)
        redis_command_arg(&ask->command, words[i]);
    ask->waiting++;
    redis_send(ask->redis, &ask->command, on_answer, question);
}

void ask_words(struct ask *ask, const struct slice *words, size_t count, redis_reply_fn fn,
               void *self)
{
    send(ask, words, count, &(struct question){.ask = ask, .fn = fn, .self = self});
}

void ask_may_fail(struct ask *ask, const struct slice *words, size_t count, redis_reply_fn fn,
                  void *self)
{
    send(ask, words, count,
         &(struct question){.ask = ask, .fn = fn, .self = self, .may_fail = true});
}

enum status ask_wait(struct ask *ask, struct error *err)
{
    enum status status;

    while (ask->waiting > 0)
        loop_run(ask->loop);
    status = ask->status;
    if (status != STATUS_OK)
        error_set(err, "%s", ask->error.text);
    ask->status = STATUS_OK;
    return status;
}

static void on_partitions(enum status status, const struct redis_reply *reply, void *self)
{
    (void)status;
    *(int64_t *)self = redis_reply_type(reply) == REDIS_NIL ? -1 : redis_reply_int(reply);
}

enum status ask_partitions(struct ask *ask, uint32_t *out, struct error *err)
{
    struct key meta = key_meta();
    int64_t partitions = 0;
    enum status status;

    ask_words(ask, ASK_WORDS(SLICE("HGET"), key_slice(&meta), SLICE("partitions")), on_partitions,
              &partitions);
    status = ask_wait(ask, err);
    if (status != STATUS_OK)
        return status;
    if (partitions == -1) {
        error_set(err, "no Millrace service has used this Redis yet; is MILLRACE_REDIS_URL right?");
        return STATUS_ABSENT;
    }
    if (partitions < 1 || partitions > PARTITIONS_MAX) {
        error_set(err, "mr:meta in this Redis has a number of partitions that no Millrace wrote");
        return STATUS_INVALID;
    }
    *out = (uint32_t)partitions;
    return STATUS_OK;
}

const struct redis_reply *reply_member(const struct redis_reply *list, const char *name)
{
    for (size_t i = 0; i + 1 < redis_reply_count(list); i += 2) {
        if (slice_is(redis_reply_text(redis_reply_at(list, i)), name))
            return redis_reply_at(list, i + 1);
    }
    return NULL;
}
