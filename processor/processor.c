#include "processor.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/must.h"
#include "io/backlog.h"
#include "io/config_feed.h"
#include "model/keys.h"
#include "catalog.h"
#include "intake.h"
#include "jobs.h"
#include "metrics.h"
#include "retention.h"

#define PROGRESS_MS 15000 /* three times a blocking read */
#define ASIDE_RETRY_MS 30000

struct partition {
    struct intake *intake;
    struct retention *retention;
    struct jobs *jobs;
    char events[KEY_MAX + 1];
    uint64_t reclaimed_told, lost_told; /* already in the metrics */
};

struct processor {
    struct service *service;
    const struct processor_settings *settings;
    struct catalog *catalog;
    struct config_feed *feed;
    struct pace *pace;
    struct partition *partitions;
    uint32_t count;
    uint32_t draining;
};

static void on_cache_result(enum cache_result result, void *self)
{
    (void)self;
    metric_add(METRIC_CACHE, result, 1);
}

static void on_config_change(const struct config_change *change, void *self)
{
    struct processor *processor = self;
    catalog_apply(processor->catalog, change);
    for (uint32_t i = 0; i < processor->count; i++)
        intake_config_changed(processor->partitions[i].intake, change);
    if (slice_is(change->kind, "job"))
        jobs_config_changed(processor->partitions[partition_of(change->org, processor->count)].jobs,
                            change);
    for (uint32_t i = 0; change->flush && i < processor->count; i++)
        jobs_config_changed(processor->partitions[i].jobs, change);
}

void *processor_create(struct service *service)
{
    struct processor *processor = xcalloc(1, sizeof *processor);
    processor->service = service;
    processor->settings = service_settings(service);
    return processor;
}

static void start_partition(struct processor *processor, uint32_t index)
{
    const struct processor_settings *settings = processor->settings;
    struct store *store = service_store(processor->service);
    struct partition *partition = &processor->partitions[index];
    struct intake_options options = {
        .partition = index,
        .consumer_name = service_consumer_name(processor->service),
        .feed = processor->feed,
        .pace = processor->pace,
        .lease_ms = settings->service.lease_ms,
        .events_max = (size_t)settings->events_max,
        .bytes_max = (size_t)settings->bytes_max,
        .claims_max = (uint32_t)settings->claims_max,
        .inline_max = (size_t)settings->inline_max,
        .aside_retry_ms = ASIDE_RETRY_MS,
    };
    struct retention_options retention = {.age_ms = settings->retention_ms,
                                          .bytes_max = settings->retention_bytes};
    key_text(index, KEY_EVENTS, partition->events);
    partition->intake =
        intake_new(service_loop(processor->service), store, processor->catalog, &options);
    partition->retention =
        retention_new(service_loop(processor->service), store_redis(store), index, &retention);
    partition->jobs = jobs_new(service_loop(processor->service), store_redis(store), index,
                               settings->retention_ms);
    intake_start(partition->intake);
    retention_start(partition->retention);
    jobs_start(partition->jobs);
}

/* The feed before the intake: a change made while the first events are matched is not missed. */
void processor_start(void *self)
{
    struct processor *processor = self;
    struct store *store = service_store(processor->service);
    struct catalog_options catalog = {
        .organizations_max = (size_t)processor->settings->cache_max,
        .ttl_ms = processor->settings->cache_ttl_ms,
        .on_result = on_cache_result,
    };
    processor->catalog = catalog_new(service_loop(processor->service), store, &catalog);
    processor->feed =
        config_feed_new(service_loop(processor->service), store_address(store),
                        service_consumer_name(processor->service), on_config_change, processor);
    processor->pace = pace_new();
    processor->count = store_partitions(store);
    processor->partitions = xcalloc(processor->count, sizeof *processor->partitions);
    for (uint32_t i = 0; i < processor->count; i++)
        start_partition(processor, i);
}

static void on_partition_drained(void *self)
{
    struct processor *processor = self;
    must(processor->draining > 0);
    if (--processor->draining == 0)
        service_drained(processor->service);
}

void processor_drain(void *self)
{
    struct processor *processor = self;
    processor->draining = processor->count;
    for (uint32_t i = 0; i < processor->count; i++) {
        retention_stop(processor->partitions[i].retention);
        jobs_stop(processor->partitions[i].jobs);
        intake_drain(processor->partitions[i].intake, on_partition_drained, processor);
    }
}

void processor_destroy(void *self)
{
    struct processor *processor = self;
    for (uint32_t i = 0; processor->partitions && i < processor->count; i++) {
        intake_free(&processor->partitions[i].intake);
        retention_free(&processor->partitions[i].retention);
        jobs_free(&processor->partitions[i].jobs);
    }
    pace_free(&processor->pace);
    config_feed_free(&processor->feed);
    catalog_free(&processor->catalog);
    free(processor->partitions);
    free(processor);
}

/* Resting for lack of room is no progress when nothing ends. */
static void check_partition(const struct intake *intake, uint32_t index,
                            struct service_check *check)
{
    const struct consumer *consumer = intake_consumer(intake);
    int64_t silent_ms = clock_mono_ms() - consumer_last_progress_mono_ms(consumer);
    bool is_stuck = intake_is_stuck(intake, PROGRESS_MS);
    *check = (struct service_check){.name = "events"};
    check->ok = consumer_is_reading(consumer) && silent_ms < PROGRESS_MS && !is_stuck;
    snprintf(check->detail, sizeof check->detail,
             "partition %u: last answer %lld ms ago, %zu events held%s, %zu set aside", index,
             (long long)silent_ms, consumer_held(consumer), is_stuck ? " and none ends" : "",
             intake_aside(intake));
}

size_t processor_checks(void *self, struct service_check *checks, size_t max)
{
    const struct processor *processor = self;
    size_t count = 0;
    for (uint32_t i = 0; i < processor->count && count < max; i++) {
        check_partition(processor->partitions[i].intake, i, &checks[count]);
        if (i == 0 || !checks[count].ok) /* one line for all that are well */
            count++;
    }
    return count;
}

struct refresh {
    struct processor *processor;
    loop_fn done;
    void *done_self;
    size_t waiting;
    double count, age_s;
};

static void on_backlog(enum status status, const struct backlog *backlog, void *self)
{
    struct refresh *refresh = self;
    if (status == STATUS_OK) {
        double age_s = (double)backlog->age_ms / 1000;
        refresh->count += (double)backlog->count;
        refresh->age_s = age_s > refresh->age_s ? age_s : refresh->age_s;
    }
    if (--refresh->waiting > 0)
        return;
    metric_set_shared(METRIC_BACKLOG, 0, refresh->count);
    metric_set_shared(METRIC_BACKLOG_AGE, 0, refresh->age_s);
    refresh->done(refresh->done_self);
    free(refresh);
}

static void tell_consumer(struct partition *partition)
{
    const struct consumer *consumer = intake_consumer(partition->intake);
    uint64_t lost = intake_lost_entries(partition->intake);
    metric_add(METRIC_RECLAIMED, 0, consumer_reclaimed(consumer) - partition->reclaimed_told);
    metric_add(METRIC_LOST_ENTRIES, 0, lost - partition->lost_told);
    partition->reclaimed_told = consumer_reclaimed(consumer);
    partition->lost_told = lost;
}

void processor_refresh_metrics(void *self, loop_fn done, void *done_self)
{
    struct processor *processor = self;
    struct refresh *refresh = xcalloc(1, sizeof *refresh);
    *refresh = (struct refresh){
        .processor = processor, .done = done, .done_self = done_self, .waiting = processor->count};
    double held = 0, aside = 0;
    for (uint32_t i = 0; i < processor->count; i++) {
        struct partition *partition = &processor->partitions[i];
        held += (double)consumer_held(intake_consumer(partition->intake));
        aside += (double)intake_aside(partition->intake);
        tell_consumer(partition);
        backlog_measure(store_redis(service_store(processor->service)), partition->events,
                        GROUP_PROCESSOR, on_backlog, refresh);
    }
    metric_set(METRIC_HELD, 0, held);
    metric_set(METRIC_ASIDE, 0, aside);
    if (processor->catalog)
        metric_set(METRIC_CACHE_ENTRIES, 0, (double)catalog_size(processor->catalog));
}
