/*
 * consumer_fixture.c - counts what a consumer hands over
 */
#include "consumer_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "loop_fixture.h"

static size_t room(void *self)
{
    struct side *side = self;
    size_t held = consumer_held(side->consumer);
    return held < side->room ? side->room - held : 0;
}

void side_give_back(struct side *side, struct stream_id id)
{
    char text[STREAM_ID_SIZE];
    stream_id_format(id, text);
    redis_fixture_ask(&side->stage->server, "XACK " STREAM " " GROUP " %s", text);
    consumer_release(side->consumer, id);
}

static void on_entry(const struct consumer_entry *entry, void *self)
{
    struct side *side = self;
    assert_true(side->seen_count < SEEN_MAX);
    assert_int_equal(entry->fields_count, 2);
    side->claims[side->seen_count] = entry->claims;
    side->seen[side->seen_count++] = entry->id;
    if (side->releases)
        side_give_back(side, entry->id);
}

static void on_batch_end(void *self)
{
    struct side *side = self;
    side->batches++;
    if (side->stops_at_batch)
        consumer_stop(side->consumer);
}

static void on_lost(struct stream_id id, void *self)
{
    struct side *side = self;
    side->lost++;
    side->last_lost = id;
}

void side_on_left(void *self)
{
    struct side *side = self;
    side->left++;
}

static struct side *side_make(struct stage *stage, const char *name, size_t room_count,
                              int64_t lease_ms, int64_t dead_after_ms)
{
    struct side *side = calloc(1, sizeof *side);
    side->stage = stage;
    side->room = room_count;
    struct consumer_options options = {.stream = STREAM,
                                       .group = GROUP,
                                       .reclaimed_key = "mr:{0}:reclaimed",
                                       .name = name,
                                       .lease_ms = lease_ms,
                                       .dead_after_ms = dead_after_ms,
                                       .read_max = 200,
                                       .address = redis_fixture_address(&stage->server),
                                       .redis = stage->redis};
    struct consumer_owner owner = {.room = room,
                                   .on_entry = on_entry,
                                   .on_batch_end = on_batch_end,
                                   .on_lost = on_lost,
                                   .self = side};
    side->consumer = consumer_new(stage->loop, &options, &owner);
    consumer_start(side->consumer);
    return side;
}

struct side *side_new_with_lease(struct stage *stage, const char *name, size_t room_count,
                                 int64_t lease_ms)
{
    return side_make(stage, name, room_count, lease_ms, 0);
}

struct side *side_new_that_buries(struct stage *stage, const char *name, int64_t dead_after_ms)
{
    return side_make(stage, name, 1, LEASE_MS, dead_after_ms);
}

struct side *side_new(struct stage *stage, const char *name, size_t room_count)
{
    return side_new_with_lease(stage, name, room_count, LEASE_MS);
}

void side_free(struct side *side)
{
    consumer_free(&side->consumer);
    free(side);
}

bool side_is_reading(void *self)
{
    struct side *side = self;
    return consumer_is_reading(side->consumer);
}

void side_await_reading(struct side *side)
{
    run_until(side->stage->loop, side_is_reading, side);
}

void side_await_seen(struct side *side, int count)
{
    run_until_count(side->stage->loop, &side->seen_count, count);
    assert_int_equal(side->seen_count, count);
}

void add(struct stage *stage, int count)
{
    for (int i = 0; i < count; i++)
        redis_fixture_ask(&stage->server, "XADD " STREAM " * n %d", i);
}

long long pending(struct stage *stage, const char *consumer)
{
    char script[256];
    snprintf(script, sizeof script,
             "return #redis.call('XPENDING', '" STREAM "', '" GROUP "', '-', '+', 5000, '%s')",
             consumer);
    return stage_number(stage, script);
}

/* What a process that is killed leaves: entries read under a name that is silent from now on. */
void read_as(struct stage *stage, const char *name, int count)
{
    redis_fixture_ask(&stage->server, "XGROUP CREATE " STREAM " " GROUP " 0 MKSTREAM");
    redis_fixture_ask(&stage->server, "XREADGROUP GROUP " GROUP " %s COUNT %d STREAMS " STREAM " >",
                      name, count);
}

struct span {
    int64_t until_mono_ms;
};

static bool is_over(void *self)
{
    const struct span *span = self;
    return clock_mono_ms() >= span->until_mono_ms;
}

void run_for(struct loop *loop, int64_t ms)
{
    struct span span = {clock_mono_ms() + ms};
    run_until(loop, is_over, &span);
}
