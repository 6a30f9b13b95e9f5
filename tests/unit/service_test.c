/*
 * service_test.c - how a service starts, drains and ends
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
#include "io/service.h"
#include "redis_fixture.h"

#define LIMIT_MS 20000

/* Shared with the process of the service. */
static struct shared {
    _Atomic int created, started, drained, destroyed;
    _Atomic int drains_at_once;
    _Atomic int first_key_byte;
} * shared;

static int setup(void **state)
{
    (void)state;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return munmap(shared, sizeof *shared);
}

static void *create(struct service *service)
{
    shared->created++;
    return service;
}

static void start(void *self)
{
    shared->first_key_byte = service_secret_key(self)[0];
    shared->started++;
}

static void drain(void *self)
{
    shared->drained++;
    if (shared->drains_at_once)
        service_drained(self);
}

static void destroy(void *self)
{
    (void)self;
    shared->destroyed++;
}

static size_t checks(void *self, struct service_check *out, size_t max)
{
    (void)self, (void)out, (void)max;
    return 0;
}

static pid_t run_service(int redis_port, const char *drain_grace)
{
    static const struct service_definition definition = {
        .name = "test",
        .summary = "a service of a test",
        .admin_listen = "127.0.0.1:0",
        .settings_size = sizeof(struct service_settings),
        .create = create,
        .start = start,
        .drain = drain,
        .destroy = destroy,
        .checks = checks,
    };
    char url[64];
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", redis_port);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char *argv[] = {(char[]){"test"},          (char[]){"--redis-url"},        url,
                        (char[]){"--drain-grace"}, (char *)(uintptr_t)drain_grace, NULL};
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
        clearenv();
        log_set_fd(-1);
        exit(service_main(5, argv, &definition));
    }
    return pid;
}

static void await(const _Atomic int *count)
{
    int64_t limit_mono_ms = clock_mono_ms() + LIMIT_MS;
    while (*count == 0) {
        assert_true(clock_mono_ms() < limit_mono_ms);
        usleep(1000);
    }
}

/* Told apart by what is freed: a service that ends at once leaves all as it stands. */
enum ending { IN_ORDER, AT_ONCE };

static bool has_ended(pid_t pid, enum ending ending)
{
    int status;
    pid_t got = waitpid(pid, &status, WNOHANG);
    assert_true(got >= 0);
    if (got == 0)
        return false;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(shared->destroyed, ending == IN_ORDER);
    return true;
}

static void assert_ends(pid_t pid, enum ending ending)
{
    int64_t limit_mono_ms = clock_mono_ms() + LIMIT_MS;
    while (!has_ended(pid, ending)) {
        assert_true(clock_mono_ms() < limit_mono_ms);
        usleep(1000);
    }
}

static void drains_when_it_is_told_to_end(void **state)
{
    struct redis_fixture redis;
    (void)state;
    redis_fixture_start(&redis, "");
    shared->drains_at_once = 1;
    pid_t pid = run_service(redis.port, "20s");
    await(&shared->started);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_ends(pid, IN_ORDER);
    assert_int_equal(shared->drained, 1);
    redis_fixture_stop(&redis);
}

/* Ctrl-C and systemd tell a worker and its parent, which passes it on: one request to end. */
static void two_signals_at_once_are_one(void **state)
{
    struct redis_fixture redis;
    (void)state;
    redis_fixture_start(&redis, "");
    pid_t pid = run_service(redis.port, "20s");
    await(&shared->started);
    assert_int_equal(kill(pid, SIGINT), 0);
    await(&shared->drained);
    int64_t start_mono_ms = clock_mono_ms();
    assert_int_equal(kill(pid, SIGTERM), 0);
    do { /* until it obeys: a second of time has passed */
        assert_int_equal(kill(pid, SIGTERM), 0);
        usleep(20000);
    } while (!has_ended(pid, AT_ONCE));
    assert_in_range(clock_mono_ms() - start_mono_ms, 900, 5000);
    redis_fixture_stop(&redis);
}

static void ends_when_the_grace_has_passed(void **state)
{
    struct redis_fixture redis;
    (void)state;
    redis_fixture_start(&redis, "");
    pid_t pid = run_service(redis.port, "300ms");
    await(&shared->started);
    int64_t start_mono_ms = clock_mono_ms();
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_ends(pid, AT_ONCE);
    assert_in_range(clock_mono_ms() - start_mono_ms, 300, 3000);
    assert_int_equal(shared->drained, 1);
    redis_fixture_stop(&redis);
}

static void ends_at_once_while_it_waits_for_redis(void **state)
{
    (void)state;
    pid_t pid = run_service(1, "20s");
    await(&shared->created);
    while (shared->destroyed == 0) { /* the handler may not be there yet */
        kill(pid, SIGTERM);
        usleep(10000);
    }
    assert_ends(pid, IN_ORDER);
    assert_int_equal(shared->started, 0);
    assert_int_equal(shared->drained, 0);
}

/* Without a secret key the first of all processes makes one, and the next finds it. */
static void finds_the_trial_key_again(void **state)
{
    struct redis_fixture redis;
    int first[2];
    (void)state;
    redis_fixture_start(&redis, "");
    shared->drains_at_once = 1;
    redis_fixture_ask(&redis, "HSET mr:meta dev_secret_key nonsense");
    pid_t pid = run_service(redis.port, "20s");
    await(&shared->created);
    while (redis_fixture_ask(&redis, "HGET mr:meta format")[0] == '\0')
        usleep(1000);
    assert_int_equal(shared->started, 0); /* it says so, and asks again */
    redis_fixture_ask(&redis, "HDEL mr:meta dev_secret_key");
    for (int i = 0; i < 2; i++) {
        await(&shared->started);
        first[i] = shared->first_key_byte;
        assert_int_equal(kill(pid, SIGTERM), 0);
        assert_ends(pid, IN_ORDER);
        shared->started = shared->destroyed = 0;
        pid = i == 0 ? run_service(redis.port, "20s") : 0;
    }
    assert_int_equal(first[0], first[1]);
    redis_fixture_stop(&redis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(drains_when_it_is_told_to_end, setup, teardown),
        cmocka_unit_test_setup_teardown(two_signals_at_once_are_one, setup, teardown),
        cmocka_unit_test_setup_teardown(ends_when_the_grace_has_passed, setup, teardown),
        cmocka_unit_test_setup_teardown(ends_at_once_while_it_waits_for_redis, setup, teardown),
        cmocka_unit_test_setup_teardown(finds_the_trial_key_again, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
