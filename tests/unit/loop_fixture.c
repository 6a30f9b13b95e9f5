/*
 * loop_fixture.c - a condition looked at every millisecond, with a bound
 */
#include "loop_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"

#define LIMIT_MS 20000

struct run {
    struct loop *loop;
    struct loop_timer *timer;
    condition_fn condition;
    void *self;
    int64_t limit_mono_ms;
    bool holds;
};

static void look(void *self)
{
    struct run *run = self;

    run->holds = run->condition(run->self);
    if (run->holds || clock_mono_ms() >= run->limit_mono_ms)
        loop_stop(run->loop);
    else
        loop_timer_start(run->timer, 1);
}

void run_until(struct loop *loop, condition_fn condition, void *self)
{
    struct run run = {.loop = loop, .condition = condition, .self = self};

    run.limit_mono_ms = clock_mono_ms() + LIMIT_MS;
    run.timer = loop_timer_new(loop, look, &run);
    loop_timer_start(run.timer, 0);
    loop_run(loop);
    loop_timer_free(&run.timer);
    assert_true(run.holds);
}

struct target {
    const int *count;
    int wanted;
};

static bool is_reached(void *self)
{
    struct target *target = self;
    return *target->count >= target->wanted;
}

void run_until_count(struct loop *loop, const int *count, int wanted)
{
    struct target target = {.count = count, .wanted = wanted};
    run_until(loop, is_reached, &target);
}

static bool is_turned(void *self)
{
    return --*(int *)self <= 0;
}

void run_turns(struct loop *loop, int turns)
{
    run_until(loop, is_turned, &turns);
}
