/*
 * service_workers_test.c - a parent that keeps its workers running, and ends with them
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "io/service_private.h"

#define LIMIT_MS 20000
#define STARTS_MAX 32

/* Shared by all processes of a test. */
struct shared {
    _Atomic int starts[2];
    _Atomic int64_t at_mono_ms[2][STARTS_MAX];
    _Atomic pid_t pids[2];
    _Atomic int terminated;
    _Atomic int deaths;    /* worker 0 dies so many times */
    _Atomic int exit_code; /* of worker 1 at its start; -1: it stays */
};

static struct shared *shared;

static int setup(void **state)
{
    (void)state;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    shared->exit_code = -1;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return munmap(shared, sizeof *shared);
}

/* It has started when a signal finds it waiting, and what a test asks of it is there. */
static int run_worker(size_t worker, void *self)
{
    sigset_t signals;
    (void)self;
    int start = shared->starts[worker];
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    if (start < STARTS_MAX)
        shared->at_mono_ms[worker][start] = clock_mono_ms();
    shared->pids[worker] = getpid();
    shared->starts[worker]++;
    if (worker == 0 && start < shared->deaths)
        _exit(1);
    if (worker == 1 && shared->exit_code >= 0)
        _exit(shared->exit_code);
    struct timespec limit = {.tv_sec = LIMIT_MS / 1000};
    shared->terminated += sigtimedwait(&signals, NULL, &limit) == SIGTERM;
    _exit(0);
}

static pid_t start_parent(void)
{
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
        log_set_fd(-1);
        _exit(service_run_workers(2, run_worker, NULL));
    }
    return pid;
}

static void await(const _Atomic int *count, int wanted)
{
    int64_t limit_mono_ms = clock_mono_ms() + LIMIT_MS;
    while (*count < wanted) {
        assert_true(clock_mono_ms() < limit_mono_ms);
        usleep(1000);
    }
}

static int exit_code_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_signal_is_passed_on(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT};
    (void)state;
    for (int i = 0; i < 2; i++) {
        pid_t parent = start_parent();
        await(&shared->starts[0], i + 1);
        await(&shared->starts[1], i + 1);
        assert_int_equal(kill(parent, signals[i]), 0);
        assert_int_equal(exit_code_of(parent), 0);
        assert_int_equal(shared->terminated, 2 * (i + 1));
    }
}

static void the_dead_start_again_later_and_later(void **state)
{
    (void)state;
    shared->deaths = 4;
    pid_t parent = start_parent();
    await(&shared->starts[0], 5);
    for (int i = 1; i < 5; i++) {
        int64_t pause_ms = shared->at_mono_ms[0][i] - shared->at_mono_ms[0][i - 1];
        assert_in_range(pause_ms, 100 << (i - 1), (100 << (i - 1)) + 1500);
    }
    assert_int_equal(shared->starts[1], 1); /* the other is left alone */
    assert_int_equal(kill(shared->pids[1], SIGKILL), 0);
    await(&shared->starts[1], 2);
    assert_int_equal(kill(parent, SIGTERM), 0);
    assert_int_equal(exit_code_of(parent), 0);
    assert_int_equal(shared->terminated, 2);
}

static void settings_that_cannot_work_end_all(void **state)
{
    (void)state;
    shared->exit_code = EXIT_CONFIG;
    assert_int_equal(exit_code_of(start_parent()), EXIT_CONFIG);
    assert_int_equal(shared->starts[1], 1);
    assert_int_equal(shared->terminated, shared->starts[0]);
}

static void any_other_end_is_a_death(void **state)
{
    (void)state;
    shared->exit_code = 0;
    pid_t parent = start_parent();
    await(&shared->starts[1], 2);
    assert_int_equal(kill(parent, SIGTERM), 0);
    assert_int_equal(exit_code_of(parent), 0);
}

static void workers_end_with_a_parent_that_is_killed(void **state)
{
    (void)state;
    pid_t parent = start_parent();
    await(&shared->starts[0], 1);
    await(&shared->starts[1], 1);
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    await(&shared->terminated, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_signal_is_passed_on, setup, teardown),
        cmocka_unit_test_setup_teardown(the_dead_start_again_later_and_later, setup, teardown),
        cmocka_unit_test_setup_teardown(settings_that_cannot_work_end_all, setup, teardown),
        cmocka_unit_test_setup_teardown(any_other_end_is_a_death, setup, teardown),
        cmocka_unit_test_setup_teardown(workers_end_with_a_parent_that_is_killed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
