/*
 * loop.c - turns of libevent's loop, with the work that belongs to the end of a turn
 */
#include "loop.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

#include "../base/bytes.h"
#include "../base/log.h"
#include "../base/must.h"
#include "../base/random.h"

#define SIGNALS_COUNT 2
static const int terminate_signals[SIGNALS_COUNT] = {SIGTERM, SIGINT};

struct later {
    loop_fn fn; /* NULL: cancelled */
    void *self;
};

struct loop {
    struct event_base *base;
    struct later *later;
    size_t later_count;
    size_t later_room;
    bool is_stopping;
    struct loop_timer *log_timer;
    struct event *signals[SIGNALS_COUNT];
    loop_fn on_terminate;
    void *terminate_self;
};

struct loop_timer {
    struct event *event;
    loop_fn fn;
    void *self;
};

static void on_log_time(void *self)
{
    (void)self;
    log_flush();
}

struct loop *loop_new(void)
{
    struct loop *loop = xcalloc(1, sizeof *loop);
    struct event_config *config = event_config_new();

    must(config != NULL);
    /* Without these two a timer of 1 ms counts in ticks of the kernel, from the time at which the turn began. */
    must(event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0);
    must(event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME) == 0);
    must(event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0);
    must(event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV) == 0);
    loop->base = event_base_new_with_config(config);
    event_config_free(config);
    must(loop->base != NULL);
    loop->log_timer = loop_timer_new(loop, on_log_time, loop);
    must(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    return loop;
}

static void run_later(struct loop *loop)
{
    /* The array may move and grow under the call: by index, and a copy of the entry. */
    for (size_t i = 0; i < loop->later_count; i++) {
        struct later later = loop->later[i];
        if (later.fn != NULL)
            later.fn(later.self);
    }
    loop->later_count = 0;
}

void loop_free(struct loop **loop_at)
{
    struct loop *loop = *loop_at;

    *loop_at = NULL;
    if (loop == NULL)
        return;
    run_later(loop); /* frees that were put off */
    for (size_t i = 0; i < SIGNALS_COUNT; i++) {
        if (loop->signals[i] != NULL)
            event_free(loop->signals[i]);
    }
    loop_timer_free(&loop->log_timer);
    event_base_free(loop->base);
    free(loop->later);
    free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

static void flush_log_in_time(struct loop *loop)
{
    if (log_flush_due() && !loop_timer_is_set(loop->log_timer))
        loop_timer_start(loop->log_timer, LOG_LINGER_MS);
}

void loop_run(struct loop *loop)
{
    for (;;) {
        /* Before the first poll too: work queued from outside must not wait for an event. */
        run_later(loop);
        if (loop->is_stopping)
            break;
        flush_log_in_time(loop);
        must(event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY) == 0);
    }
    log_flush();
    loop->is_stopping = false;
}

void loop_stop(struct loop *loop)
{
    loop->is_stopping = true;
    event_base_loopbreak(loop->base);
}

void loop_later(struct loop *loop, loop_fn fn, void *self)
{
    must(fn != NULL);
    if (loop->later_count == loop->later_room) {
        loop->later_room = loop->later_room > 0 ? loop->later_room * 2 : 64;
        loop->later = xrealloc(loop->later, loop->later_room * sizeof *loop->later);
    }
    loop->later[loop->later_count++] = (struct later){.fn = fn, .self = self};
}

void loop_later_cancel(struct loop *loop, void *self)
{
    for (size_t i = 0; i < loop->later_count; i++) {
        if (loop->later[i].self == self)
            loop->later[i].fn = NULL;
    }
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct loop_timer *timer = arg;

    (void)fd;
    (void)what;
    timer->fn(timer->self); /* may free the timer: nothing after it */
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_fn fn, void *self)
{
    struct loop_timer *timer = xcalloc(1, sizeof *timer);

    must(fn != NULL);
    timer->fn = fn;
    timer->self = self;
    timer->event = evtimer_new(loop->base, on_timer, timer);
    must(timer->event != NULL);
    return timer;
}

void loop_timer_free(struct loop_timer **timer_at)
{
    struct loop_timer *timer = *timer_at;

    *timer_at = NULL;
    if (timer == NULL)
        return;
    event_free(timer->event);
    free(timer);
}

void loop_timer_start(struct loop_timer *timer, int64_t delay_ms)
{
    int64_t ms = delay_ms > 0 ? delay_ms : 0;
    struct timeval tv = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

    must(event_add(timer->event, &tv) == 0);
}

void loop_timer_stop(struct loop_timer *timer)
{
    event_del(timer->event);
}

bool loop_timer_is_set(const struct loop_timer *timer)
{
    return event_pending(timer->event, EV_TIMEOUT, NULL) != 0;
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
    struct loop *loop = arg;

    (void)signo;
    (void)what;
    loop->on_terminate(loop->terminate_self);
}

void loop_on_terminate(struct loop *loop, loop_fn fn, void *self)
{
    must(fn != NULL && loop->on_terminate == NULL);
    loop->on_terminate = fn;
    loop->terminate_self = self;
    for (size_t i = 0; i < SIGNALS_COUNT; i++) {
        loop->signals[i] = evsignal_new(loop->base, terminate_signals[i], on_signal, loop);
        must(loop->signals[i] != NULL && event_add(loop->signals[i], NULL) == 0);
    }
}

int64_t loop_jitter(int64_t interval_ms)
{
    if (interval_ms <= 0)
        return 0;
    return interval_ms - interval_ms / 5 +
           (int64_t)random_below((uint64_t)(interval_ms / 5 * 2 + 1));
}
