/*
 * stage_fixture.h - a Redis of a test's own, a loop, and a store on it that is ready
 *
 * Every function fails the test when it cannot do its work.
 */
#pragma once

#include "io/store.h"
#include "model/keys.h"
#include "redis_fixture.h"

#define STAGE_DURABLE "--appendonly yes --appendfsync always"

struct stage {
    struct redis_fixture server;
    struct loop *loop;
    struct store *store;
    struct redis *redis; /* the store's */
};

void stage_open(struct stage *stage, const char *server_options, uint32_t partitions);
void stage_close(struct stage *stage);

/* As a service does it before it frees what works on the store. */
void stage_free_store(struct stage *stage);

void stage_await_up(struct stage *stage);   /* the store is ready */
void stage_await_down(struct stage *stage); /* it has noticed that Redis is gone */

/* What a script says, as text, and the same as a number. */
const char *stage_eval(const struct stage *stage, const char *script);
long long stage_number(const struct stage *stage, const char *script);

/* The key as text, valid until the next call. */
const char *stage_key(struct key key);

/* How often a command was called, scripts as evalsha. */
long long stage_calls(const struct stage *stage, const char *command);
