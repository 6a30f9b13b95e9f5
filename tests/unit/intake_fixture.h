/*
 * intake_fixture.h - an intake on a Redis of a test's own
 */
#pragma once

#include "processor/intake.h"
#include "stage_fixture.h"

#define ORG "org_1"

struct world {
    struct stage stage;
    struct catalog *catalog;
    struct config_feed *feed;
    struct pace *pace;
    struct intake *intake; /* not started */
    int drained;
};

struct world *open_world(const char *options, size_t events_max);
struct world *open_world_with(const char *options, size_t events_max, int64_t aside_retry_ms);

/* Changes are told by another Redis, as if those of this one were still on their way. */
struct world *open_untold_world(const char *options, size_t events_max,
                                const struct redis_address *teller);
void close_world(struct world *world);

void put_endpoint(struct world *world, const char *org, const char *id, const char *types,
                  const char *disabled);
void log_event_of(struct world *world, const char *org, const char *type, int count);
void log_data_of(struct world *world, const char *org, const char *type, int count, int data_len);

void await_processed(struct world *world); /* nothing unread, nothing pending */
long long org_stat(struct world *world, const char *org, const char *name);
long long ready_count(struct world *world); /* deliveries */
long long ready_of(struct world *world, const char *org);
/* Deliveries that stand behind one of a later event to their endpoint. */
long long overtaken(struct world *world);

/* What the store is asked for waits behind another command. */
void hold_up_store(struct world *world);
void let_store_go_on(struct world *world);
void lose_held_up_store(struct world *world); /* its connection alone */
void on_drained(void *self);                  /* counts, for intake_drain */
