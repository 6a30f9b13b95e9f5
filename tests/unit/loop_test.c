/*
 * loop_test.c - timers that are right to the millisecond, later-work, signals, and a loop that sleeps when there is nothing to do
 */
#include "io/loop.h"

#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"

struct alarm {
    struct loop *loop;
    struct loop_timer *timer;
    int64_t started_mono_us, late_us;
    int rings, wanted;
};

static void on_alarm(void *self)
{
    struct alarm *alarm = self;
    int64_t now_mono_us = clock_mono_us();
    int64_t late_us = now_mono_us - alarm->started_mono_us - 3000;

    assert_true(late_us >= 0);
    /* The best of them all: a busy machine makes any single one late. */
    if (alarm->rings == 0 || late_us < alarm->late_us)
        alarm->late_us = late_us;
    if (++alarm->rings == alarm->wanted) {
        loop_stop(alarm->loop);
        return;
    }
    alarm->started_mono_us = now_mono_us;
    loop_timer_start(alarm->timer, 3);
}

static void test_timer(void **state)
{
    struct alarm alarm = {.loop = loop_new(), .wanted = 50};
    struct rusage before, after;

    (void)state;
    alarm.timer = loop_timer_new(alarm.loop, on_alarm, &alarm);
    assert_false(loop_timer_is_set(alarm.timer));
    loop_timer_start(alarm.timer, 60000);
    alarm.started_mono_us = clock_mono_us(); /* first: the machine may stop us here for a while */
    loop_timer_start(alarm.timer, 3);        /* replaces it */
    assert_true(loop_timer_is_set(alarm.timer));
    getrusage(RUSAGE_SELF, &before);
    loop_run(alarm.loop);
    getrusage(RUSAGE_SELF, &after);
    assert_int_equal(alarm.rings, 50);
    assert_true(alarm.late_us < 500);
    /* One sleep for each ring. */
    assert_in_range(after.ru_nvcsw - before.ru_nvcsw, 1, 60);
    assert_false(loop_timer_is_set(alarm.timer));
    loop_timer_start(alarm.timer, 3);
    loop_timer_stop(alarm.timer);
    assert_false(loop_timer_is_set(alarm.timer));
    loop_timer_free(&alarm.timer);
    assert_null(alarm.timer);
    loop_free(&alarm.loop);
}

static void on_own_end(void *self)
{
    struct alarm *alarm = self;
    loop_timer_free(&alarm->timer);
    loop_stop(alarm->loop);
}

static void test_timer_freed_by_itself(void **state)
{
    struct alarm alarm = {.loop = loop_new()};

    (void)state;
    alarm.timer = loop_timer_new(alarm.loop, on_own_end, &alarm);
    loop_timer_start(alarm.timer, 0);
    loop_run(alarm.loop);
    assert_null(alarm.timer);
    loop_free(&alarm.loop);
}

struct work {
    struct loop *loop;
    struct work *victim;
    char done[300];
    size_t count;
};

static void work_last(void *self)
{
    struct work *work = self;
    work->done[work->count++] = 'c';
    loop_stop(work->loop);
}

static void work_more(void *self)
{
    struct work *work = self;
    work->done[work->count++] = 'b';
}

static void work_first(void *self)
{
    struct work *work = self;

    work->done[work->count++] = 'a';
    for (int i = 0; i < 200; i++) /* more than there was room for */
        loop_later(work->loop, work_more, work);
    loop_later(work->loop, work_more, work->victim);
    loop_later(work->loop, work_last, work);
    loop_later_cancel(work->loop, work->victim);
}

static void test_later(void **state)
{
    struct work victim = {0};
    struct work work = {.loop = loop_new(), .victim = &victim};
    int64_t start_mono_ms = clock_mono_ms();

    (void)state;
    loop_later(work.loop, work_more, &victim);
    loop_later(work.loop, work_first, &work);
    loop_later_cancel(work.loop, &victim);
    assert_int_equal(work.count, 0);
    loop_run(work.loop); /* nothing else is there to wake it */
    assert_int_equal(work.count, 202);
    assert_int_equal(work.done[0], 'a');
    assert_int_equal(work.done[1], 'b');
    assert_int_equal(work.done[200], 'b');
    assert_int_equal(work.done[201], 'c');
    assert_int_equal(victim.count, 0);
    assert_true(clock_mono_ms() - start_mono_ms < 5000);
    /* What was put off is done before the loop goes. */
    loop_later(work.loop, work_more, &victim);
    loop_free(&work.loop);
    assert_int_equal(victim.count, 1);
}

static void on_terminate(void *self)
{
    struct work *work = self;

    work->done[work->count++] = 't';
    if (work->count == 2)
        loop_stop(work->loop);
    else
        raise(SIGINT);
}

static void test_signals(void **state)
{
    struct work work = {.loop = loop_new()};

    (void)state;
    loop_on_terminate(work.loop, on_terminate, &work);
    raise(SIGTERM);
    loop_run(work.loop);
    assert_int_equal(work.count, 2);
    raise(SIGPIPE);
    loop_free(&work.loop);
}

static void test_jitter(void **state)
{
    int64_t least = INT64_MAX, most = 0;

    (void)state;
    for (int i = 0; i < 10000; i++) {
        int64_t ms = loop_jitter(1000);
        least = ms < least ? ms : least;
        most = ms > most ? ms : most;
    }
    assert_in_range(least, 800, 810);
    assert_in_range(most, 1190, 1200);
    assert_int_equal(loop_jitter(0), 0);
    assert_int_equal(loop_jitter(1), 1);
}

struct log_watch {
    struct loop *loop;
    int log_fd, end; /* of a pipe, not blocking: where the log goes, and comes out */
    int64_t logged_mono_ms, seen_mono_ms;
};

static bool is_log_written(const struct log_watch *watch)
{
    char text[4096];
    return read(watch->end, text, sizeof text) > 0;
}

static void on_log_written(evutil_socket_t fd, short what, void *self)
{
    struct log_watch *watch = self;

    (void)fd;
    (void)what;
    assert_true(is_log_written(watch));
    watch->seen_mono_ms = clock_mono_ms();
    loop_stop(watch->loop);
}

static void on_turn_after(void *self)
{
    struct log_watch *watch = self;
    assert_false(is_log_written(watch)); /* the turn in which it was logged has ended */
}

static void on_turn_to_log(void *self)
{
    struct log_watch *watch = self;
    log_event(LOG_INFO, "test.waits", log_int("n", 1));
    watch->logged_mono_ms = clock_mono_ms();
}

static void start_log_watch(struct log_watch *watch)
{
    int ends[2];

    watch->loop = loop_new();
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    watch->end = ends[0];
    watch->log_fd = ends[1];
    log_set_fd(watch->log_fd);
}

static void stop_log_watch(struct log_watch *watch)
{
    loop_free(&watch->loop);
    log_set_fd(2);
    close(watch->end);
    close(watch->log_fd);
}

/* Twice: what has been written must not keep later lines waiting. */
static void test_log(void **state)
{
    struct log_watch watch;
    struct loop_timer *first, *second;
    struct event *event;

    (void)state;
    start_log_watch(&watch);
    first = loop_timer_new(watch.loop, on_turn_to_log, &watch);
    second = loop_timer_new(watch.loop, on_turn_after, &watch);
    event =
        event_new(loop_base(watch.loop), watch.end, EV_READ | EV_PERSIST, on_log_written, &watch);
    assert_int_equal(event_add(event, NULL), 0);
    for (int i = 0; i < 2; i++) {
        loop_timer_start(first, 0);
        loop_timer_start(second, LOG_LINGER_MS / 5);
        loop_run(watch.loop);
        assert_in_range(watch.seen_mono_ms - watch.logged_mono_ms, LOG_LINGER_MS - 1, 60000);
    }
    on_turn_to_log(&watch);
    loop_stop(watch.loop);
    loop_run(watch.loop);
    assert_true(is_log_written(&watch)); /* a loop that ends leaves nothing */
    event_free(event);
    loop_timer_free(&first);
    loop_timer_free(&second);
    stop_log_watch(&watch);
}

static void on_turn_to_warn(void *self)
{
    (void)self;
    log_event(LOG_WARN, "test.warns", log_int("n", 1));
}

static void on_turn_to_see(void *self)
{
    struct log_watch *watch = self;
    assert_true(is_log_written(watch));
    loop_stop(watch->loop);
}

static void on_turn_to_drain(void *self)
{
    const struct log_watch *watch = self;
    while (is_log_written(watch))
        continue;
}

/* A warning does not wait, and a line that nobody took is offered again although nothing else happens. */
static void test_log_in_time(void **state)
{
    struct log_watch watch;
    struct loop_timer *first, *second, *last;

    (void)state;
    start_log_watch(&watch);
    first = loop_timer_new(watch.loop, on_turn_to_warn, &watch);
    second = loop_timer_new(watch.loop, on_turn_to_drain, &watch);
    last = loop_timer_new(watch.loop, on_turn_to_see, &watch);
    loop_timer_start(first, 0);
    loop_timer_start(last, LOG_LINGER_MS / 5);
    loop_run(watch.loop);
    while (write(watch.log_fd, "full", 4) > 0)
        continue;
    on_turn_to_log(&watch);
    loop_timer_start(second, LOG_LINGER_MS * 5 / 2);
    loop_timer_start(last, LOG_LINGER_MS * 5);
    loop_run(watch.loop);
    loop_timer_free(&first);
    loop_timer_free(&second);
    loop_timer_free(&last);
    stop_log_watch(&watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timer),       cmocka_unit_test(test_timer_freed_by_itself),
        cmocka_unit_test(test_later),       cmocka_unit_test(test_signals),
        cmocka_unit_test(test_jitter),      cmocka_unit_test(test_log),
        cmocka_unit_test(test_log_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
