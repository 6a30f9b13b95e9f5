/*
 * delivery.h - one delivery held by this process, from its claim to the answer of settle
 *
 * Owned by what holds it: a lane while it is queued or running, settle afterwards, and while it is asked of a late one whether it may
 * start. It is in exactly one list at any time.
 */
#pragma once

#include "model/delivery.h"

enum delivery_state {
    DELIVERY_QUEUED,  /* in its lane */
    DELIVERY_RUNNING, /* an attempt is under way */
    DELIVERY_SETTLING, /* its outcome, or the question whether it may start, is on the way to Redis */
};

struct delivery_result {
    enum outcome outcome;
    const char *reason; /* of the outcome: "" when delivered; static, as error */
    const char *error;  /* of the attempt just made; "" when there was none, or it was delivered */
    int status;
    bool is_attempted;
    int64_t duration_us;
    int64_t delay_ms;
    char *response; /* owned; NULL: none */
    size_t response_len;
};

struct delivery;
struct settle;

/* Who takes it back at its end. */
struct delivery_owner {
    void (*on_end)(struct delivery *delivery, void *self); /* takes it */
    /* A late one may be attempted now (takes it), or will not be here (before on_end). */
    void (*on_judged)(struct delivery *delivery, bool may_start, void *self);
    /* Its endpoint has had nothing but failures for too long. Before on_end. */
    void (*on_failing)(const struct delivery *delivery, void *self);
    void *self;
    struct settle *settle; /* where outcomes of this partition go */
    uint32_t partition;
};

struct delivery {
    struct delivery *earlier, *later;
    const struct delivery_owner *owner;
    void *lane;
    enum delivery_state state;
    bool is_lost;    /* another process holds the entry now: what is done here counts no more */
    bool is_unsure;  /* its outcome was sent once without an answer */
    bool is_ordered; /* the next of its endpoint waits for its end */
    int64_t made_mono_ms; /* its entry */
    int64_t started_mono_ms;
    struct stream_id entry;
    struct delivery_fields fields;
    struct delivery_result result;
    char id[DELIVERY_ID_LEN + 1];
    char texts[];
};

/* A copy of the fields, but with the whole id of the request (request_id_whole in model/trace.h). */
struct delivery *delivery_new(struct stream_id entry, const struct delivery_fields *fields,
                              const struct delivery_owner *owner);
void delivery_free(struct delivery **delivery);

void delivery_keep_response(struct delivery *delivery, struct slice response);

/* Checks that the move is one of: queued -> running, settling; running -> queued, settling; settling -> queued. */
void delivery_move(struct delivery *delivery, enum delivery_state to);

struct delivery_list {
    struct delivery *first, *last;
    size_t count;
};
void delivery_list_push(struct delivery_list *list, struct delivery *delivery);
void delivery_list_push_front(struct delivery_list *list, struct delivery *delivery);
void delivery_list_remove(struct delivery_list *list, struct delivery *delivery);
struct delivery *delivery_list_pop(struct delivery_list *list); /* the first, or NULL */
