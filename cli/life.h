/*
 * life.h - the life of one event as Redis has it: the log's entry, where it is, and what became of each delivery
 *
 * Costs what its deliveries and attempts cost, whatever else is in Redis. It is read in steps while the services go on: a delivery that moves
 * meanwhile may be told as it was a moment before.
 */
#pragma once

#include "ask.h"
#include "group.h"
#include "log_entry.h"

enum event_stage { EVENT_UNREAD, EVENT_CLAIMED, EVENT_PROCESSED };

enum delivery_stage {
    DELIVERY_DELIVERED,
    DELIVERY_DEAD,
    DELIVERY_WAITING,   /* for a time */
    DELIVERY_READY,     /* for a dispatcher */
    DELIVERY_IN_FLIGHT, /* held by a dispatcher */
    DELIVERY_UNDER_WAY, /* ready or in flight: too many others are, so it was not looked for */
    DELIVERY_UNREADABLE,
    DELIVERY_STAGES
};
#define DELIVERY_PAUSED "paused" /* a reason */
extern const char *const delivery_stage_names[DELIVERY_STAGES];
extern const char *const event_stage_names[];

struct attempt {
    struct stream_id id;
    bool is_kept; /* else only its time is known */
    int64_t number, status, duration_ms;
    char outcome[16], error[64];
};

struct delivery {
    char id[DELIVERY_ID_LEN + 1];
    char endpoint[OTHER_ID_SIZE];
    enum delivery_stage stage;
    int64_t attempts, status;
    int64_t at_ms; /* of the last change; -1: none since the fan-out */
    size_t history_count;
    struct attempt *history;
    char reason[64];         /* of waiting and dead */
    int64_t until_ms;        /* of waiting; -1: nobody knows */
    struct stream_id letter; /* of dead, in the dead letters */
    struct stream_id entry;  /* of ready and in flight, in the deliveries stream */
    struct holder holder;    /* of in flight */
};

struct life {
    struct ask *ask;
    struct event_id event;
    char id[EVENT_ID_LEN + 1];
    bool is_there;
    char *texts; /* behind the fields */
    struct slice fields[LOG_FIELDS];
    int64_t log_starts_ms; /* -1: the log is empty */
    enum event_stage stage;
    struct group group;
    struct holder holder; /* of claimed */
    char skipped[64];     /* "" unless nobody got it */
    size_t count;
    struct delivery *deliveries;
};

/* STATUS_ABSENT when the event is not in the log. life is zeroed; life_fini in any case. */
enum status life_read(struct ask *ask, struct event_id event, struct life *life,
                      struct error *err) must_check;
void life_fini(struct life *life);

/* life_deliveries.c: what the record says is there; finds the rest. */
enum status life_read_deliveries(struct life *life, struct error *err) must_check;

/* Of the deliveries in this stage: how many. */
size_t life_count(const struct life *life, enum delivery_stage stage);

/* life_words.c: why it waits, and what happens next. One or two sentences. */
void life_next(const struct life *life, int64_t now_ms, struct buf *out);

/* life_json.c: one JSON object, without a line end. */
void life_json(const struct life *life, bool with_data, int64_t now_ms, struct buf *out);
