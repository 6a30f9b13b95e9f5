/*
 * loop.h - one libevent loop per process: timers, end-of-turn work, signals
 *
 * Callbacks run on the loop's only thread. A timer may be started, restarted and stopped from its own callback.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct event_base;

struct loop;
struct loop *loop_new(void);
void loop_free(struct loop **loop);
struct event_base *
loop_base(struct loop *loop); /* for the wrappers in this folder and the dispatcher's curl */

/* Runs until loop_stop. At the end of each turn the later-work runs, then the log is written if it is time (base/log.h). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

typedef void (*loop_fn)(void *self);

/* Runs fn once at the end of this turn (work queued from later-work runs in the same end, after it). For batches of a turn and for frees. */
void loop_later(struct loop *loop, loop_fn fn, void *self);

/* Forgets later-work of this self, for a destructor. */
void loop_later_cancel(struct loop *loop, void *self);

struct loop_timer;
struct loop_timer *loop_timer_new(struct loop *loop, loop_fn fn, void *self);
void loop_timer_free(struct loop_timer **timer);
void loop_timer_start(struct loop_timer *timer,
                      int64_t delay_ms); /* once; replaces an earlier start */
void loop_timer_stop(struct loop_timer *timer);
bool loop_timer_is_set(const struct loop_timer *timer);

/* SIGTERM and SIGINT call fn; the second SIGINT or SIGTERM too. SIGPIPE is ignored. */
void loop_on_terminate(struct loop *loop, loop_fn fn, void *self);

/* interval ±20 %, for everything periodic. */
int64_t loop_jitter(int64_t interval_ms);
