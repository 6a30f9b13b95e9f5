/*
 * consumer_call.c - what a consumer can say of the entries that a call of a script names
 */
#include "consumer_private.h"

static uint64_t session_of(const struct consumer *consumer)
{
    return redis_epoch(consumer->redis) + redis_epoch(consumer->reader);
}

bool consumer_is_reader_behind(const struct consumer *consumer)
{
    return consumer->reader_since != redis_epoch(consumer->redis);
}

uint64_t consumer_session(const struct consumer *consumer)
{
    return consumer_is_reader_behind(consumer) ? UINT64_MAX : session_of(consumer);
}

static bool is_sure_of(const struct consumer *consumer, struct stream_id id)
{
    const struct held *held = consumer_find(consumer, id);
    return held && held->session == session_of(consumer);
}

void consumer_call_add(const struct consumer *consumer, struct consumer_call *call,
                       struct stream_id id, bool is_repeat)
{
    call->count++;
    call->is_repeat |= is_repeat;
    call->is_unsure |= !is_sure_of(consumer, id);
}

void consumer_say(const struct consumer *consumer, struct redis_command *command,
                  const struct consumer_call *call, size_t under_way)
{
    size_t held = consumer->held.count, others = under_way + call->count;
    if (call->is_repeat || call->is_unsure)
        redis_command_text(command, call->is_repeat ? "again" : "");
    else
        redis_command_int(command, (int64_t)(held < others ? call->count : held - under_way));
}
