/*
 * http_deadlines_test.c - each deadline comes once, not before its time, and not at all when cancelled
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "io/http_deadlines.h"
#include "loop_fixture.h"

enum {
    COUNT = 300,
    SPAN_MS = 80,
};

struct probe {
    struct http_deadline deadline; /* first */
    int64_t wanted_mono_ms;
    int comings;
};

static struct probe probes[COUNT];
static int come;

static void on_deadline(struct http_deadline *deadline)
{
    struct probe *probe = (struct probe *)(void *)deadline;

    probe->comings++;
    come++;
    assert_true(clock_mono_ms() >= probe->wanted_mono_ms);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 8;
}

static void test_random_moves(void **state)
{
    struct loop *loop = loop_new();
    struct http_deadlines *deadlines = http_deadlines_new(loop, on_deadline);
    int64_t now_mono_ms = clock_mono_ms();
    uint32_t random = 1;
    int wanted = 0;

    (void)state;
    for (int i = 0; i < COUNT * 20; i++) {
        struct probe *probe = &probes[next_random(&random) % COUNT];
        uint32_t what = next_random(&random) % 10;

        if (what == 0) {
            http_deadline_cancel(deadlines, &probe->deadline);
            probe->wanted_mono_ms = 0;
            continue;
        }
        probe->wanted_mono_ms =
            what == 1 ? HTTP_NO_DEADLINE : now_mono_ms + next_random(&random) % SPAN_MS;
        http_deadline_set(deadlines, &probe->deadline, probe->wanted_mono_ms);
    }
    for (int i = 0; i < COUNT; i++)
        wanted += probes[i].wanted_mono_ms != 0 && probes[i].wanted_mono_ms != HTTP_NO_DEADLINE;
    assert_true(wanted > COUNT / 2 && wanted < COUNT);
    run_until_count(loop, &come, wanted);
    /* One more, later than all others: whatever was still to come would come first. */
    probes[0].wanted_mono_ms = clock_mono_ms() + SPAN_MS;
    probes[0].comings = 0;
    http_deadline_set(deadlines, &probes[0].deadline, probes[0].wanted_mono_ms);
    run_until_count(loop, &come, wanted + 1);
    assert_int_equal(come, wanted + 1);
    for (int i = 0; i < COUNT; i++) {
        bool is_due = probes[i].wanted_mono_ms != 0 && probes[i].wanted_mono_ms != HTTP_NO_DEADLINE;
        assert_int_equal(probes[i].comings, is_due);
        http_deadline_cancel(deadlines, &probes[i].deadline);
    }
    http_deadlines_free(&deadlines);
    loop_free(&loop);
}

static void test_order(void **state)
{
    struct loop *loop = loop_new();
    struct http_deadlines *deadlines = http_deadlines_new(loop, on_deadline);
    struct probe late = {0}, early = {0};
    int64_t now_mono_ms = clock_mono_ms();

    (void)state;
    come = 0;
    late.wanted_mono_ms = now_mono_ms + 60 * 1000;
    http_deadline_set(deadlines, &late.deadline, late.wanted_mono_ms);
    early.wanted_mono_ms = now_mono_ms + 5;
    http_deadline_set(deadlines, &early.deadline, early.wanted_mono_ms);
    run_until_count(loop, &come, 1);
    assert_int_equal(early.comings, 1);
    assert_int_equal(late.comings, 0);
    /* From far away to near. */
    late.wanted_mono_ms = now_mono_ms + 10;
    http_deadline_set(deadlines, &late.deadline, late.wanted_mono_ms);
    run_until_count(loop, &come, 2);
    assert_int_equal(late.comings, 1);
    http_deadlines_free(&deadlines);
    loop_free(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_moves),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
