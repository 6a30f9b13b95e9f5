/*
 * state.h - what one worker of ingest consists of; ingest.c makes it, the handlers use it
 */
#pragma once

#include "io/service.h"

struct account_book;
struct auth;
struct publisher;
struct configurer;
struct limiter;
struct config_feed;

#define INGEST_BATCH_BODIES 8 /* how often max_body a batch may be long */

struct ingest_settings {
    struct service_settings service; /* first */
    char *listen;
    char *admin_token;
    int durability;
    int64_t dedup_window_ms;
    int64_t max_depth;
    int64_t max_body;
    int64_t max_buffered;
    int64_t rate_limit;
    int64_t rate_burst;
    int64_t cache_ttl_ms;
    int64_t cache_max;
    int64_t connections_max;
    int64_t connections_per_ip_max;
};

struct ingest {
    struct service *service;
    const struct ingest_settings *settings;
    struct http_server *http;
    struct account_book *accounts; /* NULL until the store is ready */
    struct auth *auth;             /* NULL until the store is ready */
    struct publisher *publisher;   /* NULL until the store is ready */
    struct configurer *configurer; /* NULL until the store is ready */
    struct limiter *limiter;       /* NULL until the store is ready */
    struct config_feed *feed;
    struct buf openapi; /* the document, made once */
};
