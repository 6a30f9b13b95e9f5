/*
 * consumer_fixture.h - one side of a consumer group in a test, and all that it was told
 */
#pragma once

#include "io/consumer.h"
#include "stage_fixture.h"

#define STREAM "mr:{0}:events"
#define GROUP "processor"
#define LEASE_MS 900
#define SEEN_MAX 2000

struct side {
    struct stage *stage;
    struct consumer *consumer;
    struct stream_id seen[SEEN_MAX];
    uint32_t claims[SEEN_MAX];
    int seen_count, lost, batches, left;
    struct stream_id last_lost;
    size_t room;         /* for entries that it holds */
    bool releases;       /* each one at once, acknowledged */
    bool stops_at_batch; /* the first one */
};

/* Started. Freed after the stage's store, as in a service. */
struct side *side_new(struct stage *stage, const char *name, size_t room);
struct side *side_new_with_lease(struct stage *stage, const char *name, size_t room,
                                 int64_t lease_ms);
struct side *side_new_that_buries(struct stage *stage, const char *name, int64_t dead_after_ms);
void side_free(struct side *side);

bool side_is_reading(void *self);
void side_await_reading(struct side *side);
void side_await_seen(struct side *side, int count);          /* so many, and no more */
void side_give_back(struct side *side, struct stream_id id); /* acknowledged */
void side_on_left(void *self);

void add(struct stage *stage, int count);
long long pending(struct stage *stage, const char *consumer);

/* What a process that is killed leaves: entries read under a name that is silent from now on. */
void read_as(struct stage *stage, const char *name, int count);

#define CONSUMERS_COUNT "return #redis.call('XINFO', 'CONSUMERS', '" STREAM "', '" GROUP "')"

void run_for(struct loop *loop, int64_t ms);
