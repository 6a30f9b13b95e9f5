/*
 * processor.h - the processor's state in one worker
 */
#pragma once

#include "io/service.h"

struct processor_settings {
    struct service_settings service; /* first */
    int64_t events_max;
    int64_t bytes_max;
    int64_t claims_max;
    int64_t inline_max;
    int64_t cache_ttl_ms;
    int64_t cache_max;
    int64_t retention_ms;
    int64_t retention_bytes;
};

void *processor_create(struct service *service);
void processor_start(void *self);
void processor_drain(void *self);
void processor_destroy(void *self);
size_t processor_checks(void *self, struct service_check *checks, size_t max);
void processor_refresh_metrics(void *self, loop_fn done, void *done_self);
