/*
 * gauges.c - four questions per partition, one sum
 */
#include "gauges.h"

#include <stdlib.h>

#include "base/clock.h"
#include "io/backlog.h"
#include "metrics.h"
#include "model/keys.h"

#define ANSWERS_PER_PARTITION 4
#define COUNTS_MAX 64 /* names and numbers in a hash of reasons: more than there are */

struct gauges {
    struct redis *redis;
    uint32_t partitions;
    char streams[][KEY_MAX + 1]; /* of deliveries, one per partition */
};

struct refresh {
    size_t answers_left;
    loop_fn done;
    void *self;
    double count, age_s, due_count, overdue_s;
    double waiting[WAITING_CAPACITY]; /* by reason */
};

static void answered(struct refresh *refresh)
{
    if (--refresh->answers_left > 0) {
        return;
    }
    metric_set_shared(METRIC_BACKLOG, STAGE_DELIVERIES, refresh->count);
    metric_set_shared(METRIC_BACKLOG_AGE, STAGE_DELIVERIES, refresh->age_s);
    metric_set_shared(METRIC_BACKLOG, STAGE_DUE, refresh->due_count);
    metric_set_shared(METRIC_BACKLOG_AGE, STAGE_DUE, refresh->overdue_s);
    for (size_t reason = 0; reason < WAITING_CAPACITY; reason++) {
        metric_set_shared(METRIC_WAITING, reason, refresh->waiting[reason]);
    }
    refresh->done(refresh->self);
    free(refresh);
}

static void on_backlog(enum status status, const struct backlog *backlog, void *self)
{
    struct refresh *refresh = self;
    if (status == STATUS_OK) {
        double age_s = (double)backlog->age_ms / 1000;
        refresh->count += (double)backlog->count;
        refresh->age_s = age_s > refresh->age_s ? age_s : refresh->age_s;
    }
    answered(refresh);
}

static void on_due_count(enum status status, const struct redis_reply *reply, void *self)
{
    struct refresh *refresh = self;
    if (status == STATUS_OK) {
        refresh->due_count += (double)redis_reply_int(reply);
    }
    answered(refresh);
}

/* [reason, count, …]. A count that is wrong, because a script could not write it, is never shown as less than none. */
static void on_waiting(enum status status, const struct redis_reply *reply, void *self)
{
    struct refresh *refresh = self;
    struct slice counts[COUNTS_MAX];
    size_t slices = status == STATUS_OK ? redis_reply_slices(reply, counts, COUNTS_MAX) : 0;
    for (size_t i = 0; i + 1 < slices; i += 2) {
        uint64_t count = 0;
        for (size_t reason = 0; reason < WAITING_CAPACITY; reason++) {
            if (slice_is(counts[i], waiting_reasons[reason]) &&
                slice_to_u64(counts[i + 1], INT64_MAX, &count) == STATUS_OK) {
                refresh->waiting[reason] += (double)count;
            }
        }
    }
    answered(refresh);
}

/* [member, ms] of the first in due. */
static void on_due_first(enum status status, const struct redis_reply *reply, void *self)
{
    struct refresh *refresh = self;
    if (status == STATUS_OK && redis_reply_count(reply) == 2) {
        double overdue_s =
            (double)(clock_wall_ms() - redis_reply_int(redis_reply_at(reply, 1))) / 1000;
        refresh->overdue_s = overdue_s > refresh->overdue_s ? overdue_s : refresh->overdue_s;
    }
    answered(refresh);
}

struct gauges *gauges_new(struct redis *redis, uint32_t partitions)
{
    struct gauges *gauges = xcalloc(1, sizeof *gauges + partitions * sizeof *gauges->streams);
    gauges->redis = redis;
    gauges->partitions = partitions;
    for (uint32_t i = 0; i < partitions; i++) {
        key_text(i, KEY_DELIVERIES, gauges->streams[i]);
    }
    return gauges;
}

void gauges_free(struct gauges **gauges_at)
{
    free(*gauges_at);
    *gauges_at = NULL;
}

void gauges_refresh(struct gauges *gauges, loop_fn done, void *self)
{
    struct refresh *refresh = xcalloc(1, sizeof *refresh);
    *refresh = (struct refresh){.answers_left = ANSWERS_PER_PARTITION * (size_t)gauges->partitions,
                                .done = done,
                                .self = self};
    for (uint32_t i = 0; i < gauges->partitions; i++) {
        char due[KEY_MAX + 1], waiting[KEY_MAX + 1];
        key_text(i, KEY_DUE, due);
        key_text(i, KEY_WAITING, waiting);
        backlog_measure(gauges->redis, gauges->streams[i], GROUP_DISPATCHER, on_backlog, refresh);
        redis_sendf(gauges->redis, on_due_count, refresh, "ZCARD %s", due);
        redis_sendf(gauges->redis, on_due_first, refresh, "ZRANGE %s 0 0 WITHSCORES", due);
        redis_sendf(gauges->redis, on_waiting, refresh, "HGETALL %s", waiting);
    }
}
