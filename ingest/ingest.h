/*
 * ingest.h - the state of ingest in one worker
 */
#pragma once

#include "io/service.h"
#include "auth.h"
#include "publish.h"

struct ingest_settings {
    struct service_settings service; /* first */
    char *listen;
    char *admin_token;
    int durability;
    int64_t dedup_window_ms;
    int64_t max_depth;
    int64_t max_body;
    int64_t cache_ttl_ms;
    int64_t cache_max;
    int64_t connections_max;
    int64_t connections_per_ip_max;
};

struct ingest {
    struct service *service;
    const struct ingest_settings *settings;
    struct http_server *http;
    struct auth *auth;           /* NULL until the store is ready */
    struct publisher *publisher; /* NULL until the store is ready */
    struct config_feed *feed;
};

void *ingest_create(struct service *service);
void ingest_start(void *self);
void ingest_drain(void *self);
void ingest_destroy(void *self);
size_t ingest_checks(void *self, struct service_check *checks, size_t max);
void ingest_refresh_metrics(void *self, loop_fn done, void *done_self);
