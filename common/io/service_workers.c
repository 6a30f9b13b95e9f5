/*
 * service_workers.c - the parent of --workers N: starts, restarts with backoff, passes signals on
 *
 * The parent does nothing else. Workers end with it (PDEATHSIG), also when it is killed.
 */
#include "service_private.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/log.h"

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000
#define STEADY_MS 10000 /* a worker that lived this long starts again with the least backoff */

struct worker {
    pid_t pid; /* 0: not running */
    int64_t started_mono_ms, start_at_mono_ms, backoff_ms;
};

struct family {
    struct worker *workers;
    size_t count;
    worker_fn fn;
    void *self;
    sigset_t signals, inherited;
    bool ending;
    int exit_code;
};

static void start(struct family *family, size_t index)
{
    struct worker *worker = &family->workers[index];
    pid_t parent = getpid();
    log_flush();
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            _exit(EXIT_SUCCESS);
        sigprocmask(SIG_SETMASK, &family->inherited, NULL);
        exit(family->fn(index, family->self));
    }
    worker->started_mono_ms = clock_mono_ms();
    worker->pid = pid > 0 ? pid : 0;
    if (pid < 0) {
        worker->start_at_mono_ms = clock_mono_ms() + BACKOFF_MAX_MS;
        log_event(LOG_ERROR, "worker.not_started", log_int("worker", (int64_t)index),
                  log_text("error", strerror(errno)));
    }
}

static void end_all(struct family *family)
{
    family->ending = true;
    for (size_t i = 0; i < family->count; i++)
        if (family->workers[i].pid > 0)
            kill(family->workers[i].pid, SIGTERM);
}

static void on_worker_end(struct family *family, pid_t pid, int wait_status)
{
    for (size_t i = 0; i < family->count; i++) {
        struct worker *worker = &family->workers[i];
        if (worker->pid != pid)
            continue;
        int64_t now_mono_ms = clock_mono_ms();
        bool steady = now_mono_ms - worker->started_mono_ms >= STEADY_MS;
        worker->pid = 0;
        worker->backoff_ms =
            steady || worker->backoff_ms == 0 ? BACKOFF_MIN_MS : worker->backoff_ms * 2;
        if (worker->backoff_ms > BACKOFF_MAX_MS)
            worker->backoff_ms = BACKOFF_MAX_MS;
        worker->start_at_mono_ms = now_mono_ms + worker->backoff_ms;
        bool refused = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == EXIT_CONFIG;
        if (refused && !family->ending) {
            family->exit_code = EXIT_CONFIG;
            end_all(family);
        } else if (!family->ending) {
            log_event(LOG_ERROR, "worker.died", log_int("worker", (int64_t)i), log_int("pid", pid),
                      log_int("signal", WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0),
                      log_int("restart_ms", worker->backoff_ms));
        }
    }
}

/* Starts who is due; returns how long to wait for the next, at most a second. */
static int64_t start_due(struct family *family)
{
    int64_t now_mono_ms = clock_mono_ms(), wait_ms = 1000;
    for (size_t i = 0; i < family->count && !family->ending; i++) {
        struct worker *worker = &family->workers[i];
        int64_t left_ms = worker->start_at_mono_ms - now_mono_ms;
        if (worker->pid == 0 && left_ms <= 0)
            start(family, i);
        else if (worker->pid == 0 && left_ms < wait_ms)
            wait_ms = left_ms;
    }
    return wait_ms;
}

static bool any_left(const struct family *family)
{
    for (size_t i = 0; i < family->count; i++)
        if (family->workers[i].pid > 0)
            return true;
    return false;
}

int service_run_workers(size_t count, worker_fn fn, void *self)
{
    struct family family = {.count = count, .fn = fn, .self = self, .exit_code = EXIT_SUCCESS};
    family.workers = xcalloc(count, sizeof *family.workers);
    sigemptyset(&family.signals);
    sigaddset(&family.signals, SIGCHLD);
    sigaddset(&family.signals, SIGTERM);
    sigaddset(&family.signals, SIGINT);
    sigprocmask(SIG_BLOCK, &family.signals, &family.inherited);
    while (!family.ending || any_left(&family)) {
        int64_t wait_ms = start_due(&family);
        struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
        int signal_number = sigtimedwait(&family.signals, NULL, &wait);
        if (signal_number == SIGTERM || signal_number == SIGINT)
            end_all(&family);
        int wait_status;
        for (pid_t pid; (pid = waitpid(-1, &wait_status, WNOHANG)) > 0;)
            on_worker_end(&family, pid, wait_status);
        log_flush();
    }
    free(family.workers);
    return family.exit_code;
}
