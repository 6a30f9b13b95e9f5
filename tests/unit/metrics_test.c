/*
 * metrics_test.c - the text that Prometheus reads, and counts that survive the worker that counted
 */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/metrics.h"

enum { EVENTS, ATTEMPTS, IN_FLIGHT, WAITING, SIZES, SECONDS, LOOKUPS, METRICS };

static const char *const classes[] = {"2xx", "a\\b \"c\"\nd", NULL};
static const char *const routes[] = {"/api/events", "/metrics", NULL};
static const double sizes[] = {0.5, 10, 1e6, 0};

static const struct metric table[METRICS] = {
    [EVENTS] = {"t_events_total", METRIC_COUNTER, "Events", NULL, NULL, NULL, NULL, NULL},
    [ATTEMPTS] = {"t_attempts_total", METRIC_COUNTER, "By \"class\",\nand \\", "class", classes,
                  NULL, NULL, NULL},
    [IN_FLIGHT] = {"t_in_flight", METRIC_GAUGE, "In flight", NULL, NULL, NULL, NULL, NULL},
    [WAITING] = {"t_waiting", METRIC_GAUGE, "Waiting", "route", routes, NULL, NULL, NULL},
    [SIZES] = {.name = "t_sizes", .kind = METRIC_HISTOGRAM, .help = "Sizes", .buckets = sizes},
    [SECONDS] = {"t_seconds", METRIC_HISTOGRAM, "Seconds", "route", routes, NULL, NULL, NULL},
    [LOOKUPS] = {.name = "t_lookups_total",
                 .kind = METRIC_COUNTER,
                 .help = "Look-ups",
                 .label = "route",
                 .values = routes,
                 .label2 = "class",
                 .values2 = classes},
};

static int start(void **state)
{
    (void)state;
    metrics_init(table, METRICS, 3);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    metrics_fini();
    return 0;
}

static char *render(void)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    metrics_render(&out);
    assert_false(out.overflow);
    buf_add_char(&out, '\0');
    return out.at;
}

static void assert_rendered(const char *expected)
{
    char *text = render();
    if (strstr(text, expected) == NULL) {
        fail_msg("expected:\n%s\nin:\n%s", expected, text);
    }
    free(text);
}

static void renders_zeros_from_the_start(void **state)
{
    (void)state;
    char *text = render();
    static const char expected[] = "# HELP t_events_total Events\n"
                                   "# TYPE t_events_total counter\n"
                                   "t_events_total 0\n"
                                   "# HELP t_attempts_total By \"class\",\\nand \\\\\n"
                                   "# TYPE t_attempts_total counter\n"
                                   "t_attempts_total{class=\"2xx\"} 0\n"
                                   "t_attempts_total{class=\"a\\\\b \\\"c\\\"\\nd\"} 0\n"
                                   "# HELP t_in_flight In flight\n"
                                   "# TYPE t_in_flight gauge\n"
                                   "t_in_flight 0\n"
                                   "# HELP t_waiting Waiting\n"
                                   "# TYPE t_waiting gauge\n"
                                   "t_waiting{route=\"/api/events\"} 0\n"
                                   "t_waiting{route=\"/metrics\"} 0\n"
                                   "# HELP t_sizes Sizes\n"
                                   "# TYPE t_sizes histogram\n"
                                   "t_sizes_bucket{le=\"0.5\"} 0\n"
                                   "t_sizes_bucket{le=\"10\"} 0\n"
                                   "t_sizes_bucket{le=\"1000000\"} 0\n"
                                   "t_sizes_bucket{le=\"+Inf\"} 0\n"
                                   "t_sizes_sum 0\n"
                                   "t_sizes_count 0\n"
                                   "# HELP t_seconds Seconds\n"
                                   "# TYPE t_seconds histogram\n"
                                   "t_seconds_bucket{route=\"/api/events\",le=\"0.0005\"} 0\n";
    text[sizeof expected - 1] = '\0';
    assert_string_equal(text, expected);
    free(text);
}

static void counts_each_series(void **state)
{
    (void)state;
    metric_add(EVENTS, 0, 1);
    metric_add(EVENTS, 0, UINT64_MAX - 1);
    metric_add(ATTEMPTS, 1, 7);
    assert_true(metric_counter(EVENTS, 0) == UINT64_MAX);
    assert_true(metric_counter(ATTEMPTS, 0) == 0);
    assert_true(metric_counter(ATTEMPTS, 1) == 7);
    assert_rendered("\nt_events_total 18446744073709551615\n");
    assert_rendered("{class=\"2xx\"} 0\nt_attempts_total{class=\"a\\\\b \\\"c\\\"\\nd\"} 7\n");
}

static void two_labels_count_each_pair(void **state)
{
    (void)state;
    metric_add(LOOKUPS, 1 * 2 + 0, 3);
    assert_rendered("t_lookups_total{route=\"/api/events\",class=\"2xx\"} 0\n");
    assert_rendered("t_lookups_total{route=\"/metrics\",class=\"2xx\"} 3\n");
    assert_rendered("t_lookups_total{route=\"/metrics\",class=\"a\\\\b \\\"c\\\"\\nd\"} 0\n");
}

static void writes_gauges_so_that_they_read_back(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "1"},
        {-2.5, "-2.5"},
        {0.1, "0.1"},
        {1e15, "1e+15"},
        {123456789, "123456789"},
        {0.1 + 0.2, "0.30000000000000004"},
        {HUGE_VAL, "+Inf"},
        {-HUGE_VAL, "-Inf"},
        {(double)NAN, "NaN"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[64];
        metric_set(IN_FLIGHT, 0, cases[i].value);
        snprintf(expected, sizeof expected, "\nt_in_flight %s\n", cases[i].text);
        assert_rendered(expected);
    }
}

static void histograms_are_cumulative(void **state)
{
    (void)state;
    static const double observed[] = {-1, 0, 0.5, 0.5000001, 10, 10.5, 1e6, 1e6 + 1, 2e6};
    for (size_t i = 0; i < sizeof observed / sizeof observed[0]; i++) {
        metric_observe(SIZES, 0, observed[i]);
    }
    assert_rendered("t_sizes_bucket{le=\"0.5\"} 3\n"
                    "t_sizes_bucket{le=\"10\"} 5\n"
                    "t_sizes_bucket{le=\"1000000\"} 7\n"
                    "t_sizes_bucket{le=\"+Inf\"} 9\n"
                    "t_sizes_sum 4000021.5000001\n"
                    "t_sizes_count 9\n");
    metric_observe(SECONDS, 1, 0.003);
    metric_observe(SECONDS, 1, 61);
    assert_rendered("t_seconds_count{route=\"/api/events\"} 0\n");
    assert_rendered("t_seconds_bucket{route=\"/metrics\",le=\"0.0025\"} 0\n"
                    "t_seconds_bucket{route=\"/metrics\",le=\"0.005\"} 1\n");
    assert_rendered("t_seconds_bucket{route=\"/metrics\",le=\"60\"} 1\n"
                    "t_seconds_bucket{route=\"/metrics\",le=\"+Inf\"} 2\n"
                    "t_seconds_sum{route=\"/metrics\"} 61.003\n"
                    "t_seconds_count{route=\"/metrics\"} 2\n");
}

static void work_as(size_t worker)
{
    metrics_set_worker(worker);
    for (int i = 0; i < 100000; i++) {
        metric_add(EVENTS, 0, 1);
        metric_observe(SIZES, 0, 1);
    }
    metric_set(IN_FLIGHT, 0, 1.5 + (double)worker);
    metric_set(WAITING, 1, 10);
}

static void wait_for(pid_t child)
{
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void workers_count_together(void **state)
{
    (void)state;
    pid_t children[3];
    metric_add(EVENTS, 0, 5);
    for (size_t worker = 0; worker < 3; worker++) {
        children[worker] = fork();
        assert_true(children[worker] >= 0);
        if (children[worker] == 0) {
            work_as(worker);
            _exit(0);
        }
    }
    for (size_t worker = 0; worker < 3; worker++) {
        wait_for(children[worker]);
    }
    assert_true(metric_counter(EVENTS, 0) == 300005);
    assert_rendered("t_sizes_bucket{le=\"0.5\"} 0\n"
                    "t_sizes_bucket{le=\"10\"} 300000\n"
                    "t_sizes_bucket{le=\"1000000\"} 300000\n"
                    "t_sizes_bucket{le=\"+Inf\"} 300000\n"
                    "t_sizes_sum 300000\n"
                    "t_sizes_count 300000\n");
    assert_rendered("\nt_in_flight 7.5\n");
    assert_rendered("t_waiting{route=\"/api/events\"} 0\nt_waiting{route=\"/metrics\"} 30\n");
}

static void a_shared_gauge_is_not_summed(void **state)
{
    (void)state;
    for (size_t worker = 0; worker < 3; worker++) {
        metrics_set_worker(worker);
        metric_set_shared(WAITING, 1, 10 + (double)worker);
        metric_set(IN_FLIGHT, 0, 1);
    }
    assert_rendered("t_waiting{route=\"/api/events\"} 0\nt_waiting{route=\"/metrics\"} 12\n");
    assert_rendered("\nt_in_flight 3\n");
}

/* Two processes of one worker, as when the old one drains beside the new one: nothing is lost between them. */
static void one_slot_takes_two_writers(void **state)
{
    (void)state;
    pid_t children[2];
    for (size_t i = 0; i < 2; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            work_as(1);
            _exit(0);
        }
    }
    wait_for(children[0]);
    wait_for(children[1]);
    assert_true(metric_counter(EVENTS, 0) == 200000);
    assert_rendered("t_sizes_sum 200000\nt_sizes_count 200000\n");
}

static void a_worker_in_place_of_a_dead_one_keeps_counters_and_clears_gauges(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        work_as(2);
        _exit(0);
    }
    wait_for(child);
    metric_set(IN_FLIGHT, 0, 1);
    assert_rendered("\nt_in_flight 4.5\n");
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        metrics_set_worker(2);
        _exit(0);
    }
    wait_for(child);
    assert_rendered("\nt_in_flight 1\n");
    assert_rendered("t_waiting{route=\"/metrics\"} 0\n");
    assert_true(metric_counter(EVENTS, 0) == 100000);
}

static double value_of(const char *name)
{
    char line[128];
    snprintf(line, sizeof line, "\n%s ", name);
    char *text = render();
    const char *at = strstr(text, line);
    assert_non_null(at);
    assert_null(strstr(at + 1, line));
    double value = strtod(at + strlen(line), NULL);
    free(text);
    return value;
}

static void tells_of_the_process(void **state)
{
    (void)state;
    assert_rendered("\n# TYPE process_cpu_seconds_total counter\n");
    assert_rendered("\n# TYPE process_open_fds gauge\n");
    double cpu_s = value_of("process_cpu_seconds_total");
    while (value_of("process_cpu_seconds_total") <= cpu_s) {
    }
    size_t open_fds = 0;
    for (int fd = 0; fd < 4096; fd++) {
        open_fds += fcntl(fd, F_GETFD) >= 0;
    }
    double fds = value_of("process_open_fds");
    assert_int_equal((size_t)fds, open_fds);
    int fd = open("/dev/null", O_RDONLY);
    assert_true(value_of("process_open_fds") - fds > 0.5);
    assert_true(value_of("process_open_fds") - fds < 1.5);
    close(fd);
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(value_of("process_max_fds") - (double)limit.rlim_cur == 0);
    double resident = value_of("process_resident_memory_bytes");
    char *memory = test_malloc(32 << 20);
    memset(memory, 1, 32 << 20);
    assert_true(value_of("process_resident_memory_bytes") - resident > 24 << 20);
    test_free(memory);
    assert_true(value_of("process_virtual_memory_bytes") > resident);
    double start_s = value_of("process_start_time_seconds");
    assert_true(start_s > (double)time(NULL) - 300 && start_s < (double)time(NULL) + 2);
}

static void a_bug_ends_the_process(void **state)
{
    (void)state;
    for (int bug = 0; bug < 5; bug++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            close(STDERR_FILENO);
            switch (bug) {
            case 0:
                metric_add(METRICS, 0, 1);
                break;
            case 1:
                metric_add(ATTEMPTS, 2, 1);
                break;
            case 2:
                metric_add(IN_FLIGHT, 0, 1);
                break;
            case 3:
                metrics_set_worker(3);
                break;
            default:
                metric_observe(SIZES, 0, (double)NAN);
            }
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

#define WITH_METRICS(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_METRICS(renders_zeros_from_the_start),
        WITH_METRICS(counts_each_series),
        WITH_METRICS(two_labels_count_each_pair),
        WITH_METRICS(writes_gauges_so_that_they_read_back),
        WITH_METRICS(histograms_are_cumulative),
        WITH_METRICS(workers_count_together),
        WITH_METRICS(a_shared_gauge_is_not_summed),
        WITH_METRICS(one_slot_takes_two_writers),
        WITH_METRICS(a_worker_in_place_of_a_dead_one_keeps_counters_and_clears_gauges),
        WITH_METRICS(tells_of_the_process),
        WITH_METRICS(a_bug_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
