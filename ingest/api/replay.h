/*
 * replay.h - deliveries that are made ready again, or whose dead letters are thrown away, because a client asks
 */
#pragma once

#include "../call.h"

/* What became of each. The names that the API has for them: replay_results. */
enum replay_result {
    REPLAY_DONE, /* ready again; or the letter is gone */
    REPLAY_PENDING,
    REPLAY_PAUSED,
    REPLAY_DISABLED,
    REPLAY_GONE,     /* the endpoint is */
    REPLAY_OUTLIVED, /* its dead letter is there, its event is gone */
    REPLAY_ABSENT,   /* there is no such delivery, or none that is dead */
    REPLAY_RESULTS
};

struct replay_pair {
    struct slice event, endpoint;
};

enum replay_kind {
    REPLAY_ANY,   /* whatever became of it */
    REPLAY_DEAD,  /* only what is dead */
    REPLAY_PURGE, /* not at all: its letter goes */
};

/* results: of the pairs, in their order; NULL when status is not OK, then some of it may be done. */
typedef void (*replay_fn)(enum status status, const enum replay_result *results, void *self);

/* pairs live as long as the request. fn exactly once, never before this returns. */
void replay_start(struct call *call, enum replay_kind kind, const struct replay_pair *pairs,
                  size_t count, replay_fn fn, void *self);
