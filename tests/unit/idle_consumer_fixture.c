/*
 * idle_consumer_fixture.c - a consumer that does not read
 */
#include "idle_consumer_fixture.h"

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

struct consumer *idle_consumer_new(struct stage *stage, enum partition_key stream,
                                   const char *group, const char *name)
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
    return consumer_new(stage->loop, &options, &owner);
}
