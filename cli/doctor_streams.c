/*
 * doctor_streams.c - what waits in the store, and whether anybody takes it
 *
 * Sums over all partitions; a consumer that fell silent is named. All of it costs Redis the same however much waits.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "doctor.h"
#include "group.h"
#include "model/keys.h"
#include "print.h"

#define STORE_FORMAT "1" /* as the services' store has it */
#define OVERDUE_MS 10000 /* twice the sweep of waiting deliveries */

/* One group over all partitions. */
struct tally {
    const char *group;   /* its name in Redis */
    const char *program; /* that reads */
    const char *stream;  /* what is in it, for people */
    int64_t lease_ms;    /* of the services; who is alive shows up more often */
    size_t partitions, missing;
    bool is_lag_unknown;
    int64_t lag, pending, active;
    int64_t silent_pending; /* held by consumers without a sign of life */
    int64_t silent_ms;
    char silent_name[HOLDER_NAME_MAX];
};

struct streams {
    struct tally processor, dispatcher;
    int64_t dead, waiting, overdue;
};

static void on_groups(enum status status, const struct redis_reply *reply, void *self)
{
    struct tally *tally = self;
    struct group group;

    (void)status;
    group_read(reply, tally->group, &group);
    tally->partitions++;
    tally->missing += !group.exists;
    if (!group.exists)
        return;
    tally->is_lag_unknown |= group.lag < 0;
    tally->lag += group.lag > 0 ? group.lag : 0;
    tally->pending += group.pending;
}

static void on_consumers(enum status status, const struct redis_reply *reply, void *self)
{
    struct tally *tally = self;

    (void)status;
    for (size_t i = 0; i < redis_reply_count(reply); i++) {
        const struct redis_reply *row = redis_reply_at(reply, i);
        int64_t idle_ms = redis_reply_int(reply_member(row, "idle"));
        int64_t pending = redis_reply_int(reply_member(row, "pending"));
        if (idle_ms < 2 * tally->lease_ms) {
            tally->active++;
        } else if (pending > 0) {
            tally->silent_pending += pending;
            if (idle_ms > tally->silent_ms) {
                tally->silent_ms = idle_ms;
                text_keep(tally->silent_name, sizeof tally->silent_name,
                          redis_reply_text(reply_member(row, "name")));
            }
        }
    }
}

static void on_count(enum status status, const struct redis_reply *reply, void *self)
{
    (void)status;
    *(int64_t *)self += redis_reply_int(reply);
}

static void ask_group(struct ask *ask, const struct key *key, struct tally *tally)
{
    ask_may_fail(ask, ASK_WORDS(SLICE("XINFO"), SLICE("GROUPS"), key_slice(key)), on_groups, tally);
    ask_may_fail(
        ask, ASK_WORDS(SLICE("XINFO"), SLICE("CONSUMERS"), key_slice(key), slice_of(tally->group)),
        on_consumers, tally);
}

static void ask_partition(struct ask *ask, uint32_t partition, struct slice overdue_before,
                          struct streams *streams)
{
    struct key events = key_of(partition, KEY_EVENTS);
    struct key deliveries = key_of(partition, KEY_DELIVERIES);
    struct key dlq = key_of(partition, KEY_DLQ);
    struct key due = key_of(partition, KEY_DUE);

    ask_group(ask, &events, &streams->processor);
    ask_group(ask, &deliveries, &streams->dispatcher);
    ask_words(ask, ASK_WORDS(SLICE("XLEN"), key_slice(&dlq)), on_count, &streams->dead);
    ask_words(ask, ASK_WORDS(SLICE("ZCARD"), key_slice(&due)), on_count, &streams->waiting);
    ask_words(ask, ASK_WORDS(SLICE("ZCOUNT"), key_slice(&due), SLICE("-inf"), overdue_before),
              on_count, &streams->overdue);
}

static void say_silent(struct doctor *doctor, const struct tally *tally)
{
    struct buf since;

    if (tally->silent_pending == 0)
        return;
    buf_init(&since, 64);
    print_span(&since, tally->silent_ms);
    doctor_say(doctor, FINDING_WARN, "silent_consumers",
               "%lld %s are held by consumers that show no sign of life, such as %s for %.*s: a "
               "running %s takes them over",
               (long long)tally->silent_pending, tally->stream, tally->silent_name, (int)since.len,
               since.at, tally->program);
    buf_fini(&since);
}

/* Before 7.2 Redis forgets whoever reads and gets nothing: where nothing waits, nobody seen is no news. */
static void say_group(struct doctor *doctor, const struct tally *tally)
{
    const char *at_least = tally->is_lag_unknown ? "at least " : "";
    bool has_work = tally->is_lag_unknown || tally->lag > 0 || tally->pending > 0;

    if (tally->missing > 0)
        doctor_say(doctor, FINDING_WARN, tally->stream,
                   "%zu of %zu partitions were never read: start %s", tally->missing,
                   tally->partitions, tally->program);
    else if (tally->active == 0 && has_work)
        doctor_say(doctor, FINDING_FAIL, tally->stream,
                   "%s%lld wait and %lld are held, but nobody reads: start %s", at_least,
                   (long long)tally->lag, (long long)tally->pending, tally->program);
    else
        doctor_say(doctor, FINDING_OK, tally->stream,
                   "%lld wait, %lld are held, %lld consumers seen", (long long)tally->lag,
                   (long long)tally->pending, (long long)tally->active);
}

static void say_rest(struct doctor *doctor, const struct streams *streams)
{
    if (streams->overdue > 0)
        doctor_say(doctor, FINDING_FAIL, "due",
                   "%lld of %lld waiting deliveries are overdue by more than %d s: is a "
                   "millrace-dispatcher running?",
                   (long long)streams->overdue, (long long)streams->waiting, OVERDUE_MS / 1000);
    else
        doctor_say(doctor, FINDING_OK, "due", "%lld deliveries wait for their time",
                   (long long)streams->waiting);
    if (streams->dead > 0)
        doctor_say(doctor, FINDING_WARN, "dead_letters",
                   "%lld deliveries were given up: millrace dlq ls says why",
                   (long long)streams->dead);
    else
        doctor_say(doctor, FINDING_OK, "dead_letters", "none");
}

static void on_format(enum status status, const struct redis_reply *reply, void *self)
{
    (void)status;
    text_keep(self, 16, redis_reply_text(reply));
}

static enum status ask_format(struct ask *ask, char out[16], struct error *err)
{
    struct key meta = key_meta();

    ask_words(ask, ASK_WORDS(SLICE("HGET"), key_slice(&meta), SLICE("format")), on_format, out);
    return ask_wait(ask, err);
}

/* By Redis's clock: the times in due are of it. */
static void on_time(enum status status, const struct redis_reply *reply, void *self)
{
    (void)status;
    *(int64_t *)self = redis_reply_int(redis_reply_at(reply, 0)) * 1000;
}

static enum status ask_all(struct ask *ask, uint32_t partitions, struct streams *streams,
                           struct error *err)
{
    int64_t now_ms = 0;
    char before[24];
    enum status status;

    ask_words(ask, ASK_WORDS(SLICE("TIME")), on_time, &now_ms);
    status = ask_wait(ask, err);
    if (status != STATUS_OK)
        return status;
    snprintf(before, sizeof before, "%lld", (long long)(now_ms - OVERDUE_MS));
    for (uint32_t i = 0; i < partitions; i++)
        ask_partition(ask, i, slice_of(before), streams);
    return ask_wait(ask, err);
}

void doctor_check_streams(struct doctor *doctor, struct ask *ask, int64_t lease_ms)
{
    struct streams streams = {
        .processor.group = GROUP_PROCESSOR,
        .processor.program = "millrace-processor",
        .processor.stream = "events",
        .processor.lease_ms = lease_ms,
        .dispatcher.group = GROUP_DISPATCHER,
        .dispatcher.program = "millrace-dispatcher",
        .dispatcher.stream = "deliveries",
        .dispatcher.lease_ms = lease_ms,
    };
    uint32_t partitions = 0;
    char format[16] = "";
    struct error err;
    enum status status = ask_partitions(ask, &partitions, &err);

    if (status == STATUS_ABSENT) {
        doctor_say(doctor, FINDING_WARN, "store", "%s", err.text);
        return;
    }
    if (status == STATUS_OK)
        status = ask_format(ask, format, &err);
    if (status == STATUS_OK && !slice_is(slice_of(format), STORE_FORMAT)) {
        doctor_say(doctor, FINDING_FAIL, "store",
                   "the data has format '%s', this release reads and writes " STORE_FORMAT, format);
        return;
    }
    if (status == STATUS_OK)
        status = ask_all(ask, partitions, &streams, &err);
    if (status != STATUS_OK) {
        doctor_say(doctor, FINDING_FAIL, "store", "%s", err.text);
        return;
    }
    doctor_say(doctor, FINDING_OK, "store", "format %s, %u partitions", format, partitions);
    say_group(doctor, &streams.processor);
    say_group(doctor, &streams.dispatcher);
    say_silent(doctor, &streams.processor);
    say_silent(doctor, &streams.dispatcher);
    say_rest(doctor, &streams);
}
