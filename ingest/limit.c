/*
 * limit.c - gathers the requests of a turn into calls of limit.lua
 */
#include "limit.h"

#include <stdlib.h>

#include "base/must.h"
#include "io/script.h"
#include "model/keys.h"
#include "rate_batch.h"

#define PASSES_MAX 200 /* in a call of the script */

/* A request that waits for its judgement; in its own memory. */
struct pass {
    struct pass *next;
    struct call *call;
    void (*go_on)(struct call *call);
};

struct batch {
    struct rate_batch limits;
    struct pass *first;
    size_t count;
};

struct limiter {
    struct loop *loop;
    struct store *store;
    struct redis_command command;
    struct pass **partitions; /* those of this turn, the last one first */
    bool flush_queued;
};

/* All are told before the first is answered: the limiters' ids are in the memory of who named them first. */
static void tell(const struct batch *batch, const struct redis_reply *reply)
{
    struct pass *pass = batch->first;
    for (size_t i = 0; i < batch->count; i++, pass = pass->next) {
        struct call *call = pass->call;
        rate_batch_tell(&batch->limits, reply, batch->count, call->principal.limits, call->rates);
    }
}

static void judge(struct batch *batch, enum status status, const struct redis_reply *reply)
{
    const size_t answers = batch->count + RATE_NUMBERS * batch->limits.count;
    const bool is_told = status == STATUS_OK && redis_reply_count(reply) == answers;
    struct pass *pass = batch->first;
    if (is_told)
        tell(batch, reply);
    for (size_t i = 0; i < batch->count; i++) {
        struct pass *next = pass->next; /* a pass ends with its call */
        if (!is_told)                   /* whatever was counted, nothing was done */
            call_answer_store_failed(pass->call, STATUS_DOWN);
        else if (slice_is(redis_reply_text(redis_reply_at(reply, i)), "allowed"))
            pass->go_on(pass->call);
        else
            call_answer_limited(pass->call);
        pass = next;
    }
}

static void on_judged(enum status status, const struct redis_reply *reply, void *self)
{
    struct batch *batch = self;
    judge(batch, status, reply);
    rate_batch_fini(&batch->limits);
    free(batch);
}

static void send_batch(struct limiter *limiter, uint32_t partition, struct batch *batch)
{
    struct redis_command *command = &limiter->command;
    const struct pass *pass = batch->first;
    for (size_t i = 0; i < batch->count; i++, pass = pass->next)
        rate_batch_gather(&batch->limits, pass->call->principal.limits);
    script_start(command, SCRIPT_LIMIT, batch->limits.count);
    rate_batch_add_keys(&batch->limits, partition, command);
    redis_command_text(command, ""); /* Redis's own time */
    rate_batch_add_arguments(&batch->limits, command);
    pass = batch->first;
    for (size_t i = 0; i < batch->count; i++, pass = pass->next)
        rate_batch_add_numbers(&batch->limits, pass->call->principal.limits, command);
    script_send(store_redis(limiter->store), SCRIPT_LIMIT, command, on_judged, batch);
}

/* In the order in which they came. */
static struct pass *turn_round(struct pass *pass)
{
    struct pass *turned = NULL;
    while (pass) {
        struct pass *next = pass->next;
        pass->next = turned;
        turned = pass;
        pass = next;
    }
    return turned;
}

static void flush(void *self)
{
    struct limiter *limiter = self;
    limiter->flush_queued = false;
    for (uint32_t i = 0; i < store_partitions(limiter->store); i++) {
        struct pass *pass = turn_round(limiter->partitions[i]);
        limiter->partitions[i] = NULL;
        while (pass) {
            struct batch *batch = xcalloc(1, sizeof *batch);
            batch->first = pass;
            for (; pass && batch->count < PASSES_MAX; pass = pass->next)
                batch->count++;
            send_batch(limiter, i, batch);
        }
    }
}

static bool is_limited(const struct call *call)
{
    for (size_t i = 0; i < RATES; i++)
        if (call->principal.limits[i].per_second > 0)
            return true;
    return false;
}

void limiter_pass(struct limiter *limiter, struct call *call, void (*go_on)(struct call *call))
{
    if (!is_limited(call)) {
        go_on(call);
        return;
    }
    must(limiter);
    const uint32_t partition = partition_of(call->principal.org, store_partitions(limiter->store));
    struct pass *pass = http_request_alloc(call->http, sizeof *pass);
    *pass = (struct pass){limiter->partitions[partition], call, go_on};
    limiter->partitions[partition] = pass;
    if (limiter->flush_queued)
        return;
    limiter->flush_queued = true;
    loop_later(limiter->loop, flush, limiter);
}

struct limiter *limiter_new(struct loop *loop, struct store *store)
{
    struct limiter *limiter = xcalloc(1, sizeof *limiter);
    limiter->loop = loop;
    limiter->store = store;
    limiter->partitions = xcalloc(store_partitions(store), sizeof(struct pass *));
    redis_command_init(&limiter->command);
    return limiter;
}

void limiter_free(struct limiter **limiter_at)
{
    struct limiter *limiter = *limiter_at;
    *limiter_at = NULL;
    if (!limiter)
        return;
    loop_later_cancel(limiter->loop, limiter);
    redis_command_fini(&limiter->command);
    free(limiter->partitions);
    free(limiter);
}
