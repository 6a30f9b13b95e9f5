/*
 * dispatcher.h - the dispatcher's state in one worker
 */
#pragma once

#include "io/service.h"

struct dispatcher_settings {
    struct service_settings service; /* first */
    struct durations retry_schedule;
    int64_t connect_timeout_ms;
    int64_t response_timeout_ms;
    int64_t total_timeout_ms;
    int64_t max_in_flight;
    int64_t max_in_flight_per_endpoint;
    int64_t max_claims;
    int64_t cache_ttl_ms;
    int64_t cache_max;
    int64_t disable_after_ms;
    int64_t snooze_max;
    int64_t snooze_limit_ms;
    int64_t response_keep;
    int64_t response_max;
    char *allow_targets;
    bool require_https;
    char *ca_file;
};

void dispatcher_validate(const void *settings, struct buf *problems);
void *dispatcher_create(struct service *service);
void dispatcher_start(void *self);
void dispatcher_drain(void *self);
void dispatcher_destroy(void *self);
size_t dispatcher_checks(void *self, struct service_check *checks, size_t max);
void dispatcher_refresh_metrics(void *self, loop_fn done, void *done_self);
