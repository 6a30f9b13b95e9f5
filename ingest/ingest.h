/*
 * ingest.h - one worker of ingest from its start to its drain, and requests on their way to a handler
 */
#pragma once

#include "state.h"

void *ingest_create(struct service *service);
void ingest_start(void *self);
void ingest_drain(void *self);
void ingest_destroy(void *self);
size_t ingest_checks(void *self, struct service_check *checks, size_t max);
void ingest_refresh_metrics(void *self, loop_fn done, void *done_self);
