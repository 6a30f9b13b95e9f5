/*
 * holder_fixture.c - a consumer that holds what it is given to hold
 */
#include "holder_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "io/consumer_private.h"
#include "loop_fixture.h"

#define LEASE_MS 30000

static size_t no_room(void *self)
{
    (void)self;
    return 0;
}

static void on_entry(const struct consumer_entry *entry, void *self)
{
    (void)entry, (void)self;
}

static void on_batch_end(void *self)
{
    (void)self;
}

static bool is_connected(void *self)
{
    const struct consumer *consumer = self;
    return redis_is_up(consumer->reader);
}

struct consumer *holder_new(struct stage *stage, enum partition_key stream, const char *group,
                            const char *name)
{
    char stream_text[KEY_MAX + 1], reclaimed[KEY_MAX + 1];
    key_text(0, stream, stream_text);
    key_text(0, KEY_RECLAIMED, reclaimed);
    struct consumer_options options = {.stream = stream_text,
                                       .group = group,
                                       .reclaimed_key = reclaimed,
                                       .name = name,
                                       .lease_ms = LEASE_MS,
                                       .read_max = 1,
                                       .address = redis_fixture_address(&stage->server),
                                       .redis = stage->redis};
    struct consumer_owner owner = {
        .room = no_room, .on_entry = on_entry, .on_batch_end = on_batch_end};
    struct consumer *consumer = consumer_new(stage->loop, &options, &owner);
    run_until(stage->loop, is_connected, consumer);
    return consumer;
}

static void on_read(enum status status, const struct redis_reply *reply, void *self)
{
    assert_int_equal(status, STATUS_OK);
    const struct redis_reply *entries = redis_reply_at(redis_reply_at(reply, 0), 1);
    for (size_t i = 0; i < redis_reply_count(entries); i++) {
        const struct redis_reply *entry = redis_reply_at(entries, i);
        assert_true(consumer_hand_over(self, redis_reply_text(redis_reply_at(entry, 0)), 1,
                                       redis_reply_at(entry, 1)));
    }
}

struct wanted {
    const struct consumer *consumer;
    size_t count;
};

static bool holds_enough(void *self)
{
    const struct wanted *wanted = self;
    return consumer_held(wanted->consumer) == wanted->count;
}

void holder_read(struct stage *stage, struct consumer *consumer, int count)
{
    struct wanted wanted = {consumer, consumer_held(consumer) + (size_t)count};
    redis_sendf(stage->redis, on_read, consumer, "XREADGROUP GROUP %s %s COUNT %lld STREAMS %s >",
                consumer->group, consumer->name, (long long)count, consumer->stream);
    run_until(stage->loop, holds_enough, &wanted);
}
