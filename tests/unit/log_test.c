/*
 * log_test.c - lines that stay one line, whatever is in them, and a reader that does not read
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/log_value.h"
#include "base/must.h"

enum { WAITING_MAX = 64 * 1024, GATHERED = 32 * 1024 };

static int ends[2]; /* of the pipe that the log is written to, not blocking */

static int open_pipe(void **state)
{
    (void)state;
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) {
        return -1;
    }
    log_init("test", LOG_DEBUG, LOG_LOGFMT);
    log_set_fd(ends[1]);
    return 0;
}

/* What was written since the last call, terminated; to be freed. */
static char *read_all(void)
{
    struct buf text;
    buf_init(&text, 1 << 22);
    char part[4096];
    ssize_t len;
    while ((len = read(ends[0], part, sizeof part)) > 0) {
        buf_add(&text, part, (size_t)len);
    }
    buf_add_char(&text, '\0');
    return text.at;
}

static int close_pipe(void **state)
{
    (void)state;
    log_flush();
    free(read_all());
    log_flush();
    free(read_all());
    log_set_fd(2);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

static void assert_logged(const char *expected_after_time)
{
    log_flush();
    char *line = read_all();
    const char *rest = strstr(line, expected_after_time);
    if (rest == NULL || strcmp(rest, expected_after_time) != 0) {
        fail_msg("expected: %s\nlogged:   %s", expected_after_time, line);
    }
    free(line);
}

static void starts_with_time_level_and_service(void **state)
{
    (void)state;
    int64_t before_ms = clock_wall_ms();
    log_event(LOG_WARN, "delivery.retry", log_text("event", "evt_1"), log_int("attempt", 3));
    log_flush();
    char *line = read_all();
    int64_t at_ms = 0;
    assert_memory_equal(line, "time=", 5);
    struct slice time = {.at = line + 5, .len = CLOCK_RFC3339_LEN};
    assert_int_equal(clock_parse_rfc3339(time, &at_ms), STATUS_OK);
    assert_true(at_ms >= before_ms && at_ms <= clock_wall_ms());
    assert_string_equal(line + 5 + CLOCK_RFC3339_LEN,
                        " level=warn service=test msg=delivery.retry event=evt_1 attempt=3\n");
    free(line);
    log_init("test", LOG_DEBUG, LOG_JSON);
    log_event(LOG_DEBUG, "delivery.retry", log_text("event", "evt_1"), log_int("attempt", -3));
    log_flush();
    line = read_all();
    assert_memory_equal(line, "{\"time\":\"20", 11);
    assert_string_equal(line + 9 + CLOCK_RFC3339_LEN,
                        "\",\"level\":\"debug\",\"service\":\"test\",\"msg\":\"delivery.retry\","
                        "\"event\":\"evt_1\",\"attempt\":-3}\n");
    free(line);
}

static void writes_numbers(void **state)
{
    (void)state;
    log_event(LOG_INFO, "n", log_int("least", INT64_MIN), log_int("most", INT64_MAX));
    assert_logged("msg=n least=-9223372036854775808 most=9223372036854775807\n");
    log_event(LOG_INFO, "ms", log_us_as_ms("a", 0), log_us_as_ms("b", 1), log_us_as_ms("c", 999),
              log_us_as_ms("d", 1000), log_us_as_ms("e", 12345678), log_us_as_ms("f", -1050));
    assert_logged("msg=ms a=0.000 b=0.001 c=0.999 d=1.000 e=12345.678 f=-1.050\n");
    log_event(LOG_INFO, "ms", log_us_as_ms("least", INT64_MIN));
    assert_logged("msg=ms least=-9223372036854775.808\n");
}

static void levels_below_are_not_evaluated(void **state)
{
    (void)state;
    int evaluated = 0;
    log_init("test", LOG_WARN, LOG_LOGFMT);
    assert_false(log_is_on(LOG_INFO));
    assert_true(log_is_on(LOG_WARN));
    log_event(LOG_INFO, "no", log_int("n", ++evaluated));
    log_write(LOG_DEBUG, "no", NULL, 0);
    assert_int_equal(evaluated, 0);
    log_event(LOG_WARN, "yes", log_int("n", ++evaluated));
    assert_logged("msg=yes n=1\n");
}

static void escapes_what_is_not_text(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        const char *logfmt, *json; /* json between its quotes */
    } cases[] = {
        {{0}, "\"\"", ""},
        {SLICE("plain-1.2/x:y"), "plain-1.2/x:y", "plain-1.2/x:y"},
        {SLICE("two words"), "\"two words\"", "two words"},
        {SLICE("a=b"), "\"a=b\"", "a=b"},
        {SLICE("say \"hi\""), "\"say \\\"hi\\\"\"", "say \\\"hi\\\""},
        {SLICE("\""), "\"\\\"\"", "\\\""},
        {SLICE("back\\slash"), "\"back\\\\slash\"", "back\\\\slash"},
        {SLICE("a\r\nlevel=error"), "\"a\\r\\nlevel=error\"", "a\\r\\nlevel=error"},
        {SLICE("\t"), "\"\\t\"", "\\t"},
        {SLICE("a\0b"), "\"a\\x00b\"", "a\\u0000b"},
        {SLICE("\x1b[31m"), "\"\\x1b[31m\"", "\\u001b[31m"},
        {SLICE("\x7f"), "\"\\x7f\"", "\\u007f"},
        {SLICE("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"", "gr\xc3\xbc\xc3\x9f"},
        {SLICE("\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xe2\x82\xac\xf0\x9f\x98\x80\"",
         "\xe2\x82\xac\xf0\x9f\x98\x80"},
        /* hidden: C1 (CSI), line separator, right-to-left override, byte order mark */
        {SLICE("\xc2\x9b"), "\"\\u009b\"", "\\u009b"},
        {SLICE("\xc2\xa0"), "\"\xc2\xa0\"", "\xc2\xa0"},
        {SLICE("\xe2\x80\xa8"), "\"\\u2028\"", "\\u2028"},
        {SLICE("a\xe2\x80\xae"
               "b"),
         "\"a\\u202eb\"", "a\\u202eb"},
        {SLICE("\xef\xbb\xbf"), "\"\\ufeff\"", "\\ufeff"},
        /* not UTF-8: lone and missing continuations, overlong forms, surrogates, past U+10FFFF */
        {SLICE("\x80"), "\"\\x80\"", "\\ufffd"},
        {SLICE("a\xff"
               "b"),
         "\"a\\xffb\"", "a\\ufffdb"},
        {SLICE("\xc3"), "\"\\xc3\"", "\\ufffd"},
        {SLICE("\xc3("), "\"\\xc3(\"", "\\ufffd("},
        {SLICE("\xe2\x82"), "\"\\xe2\\x82\"", "\\ufffd\\ufffd"},
        {SLICE("\xc0\x80"), "\"\\xc0\\x80\"", "\\ufffd\\ufffd"},
        {SLICE("\xc1\xbf"), "\"\\xc1\\xbf\"", "\\ufffd\\ufffd"},
        {SLICE("\xe0\x9f\xbf"), "\"\\xe0\\x9f\\xbf\"", "\\ufffd\\ufffd\\ufffd"},
        {SLICE("\xe0\xa0\x80"), "\"\xe0\xa0\x80\"", "\xe0\xa0\x80"},
        {SLICE("\xed\x9f\xbf"), "\"\xed\x9f\xbf\"", "\xed\x9f\xbf"},
        {SLICE("\xed\xa0\x80"), "\"\\xed\\xa0\\x80\"", "\\ufffd\\ufffd\\ufffd"},
        {SLICE("\xf0\x8f\xbf\xbf"), "\"\\xf0\\x8f\\xbf\\xbf\"", "\\ufffd\\ufffd\\ufffd\\ufffd"},
        {SLICE("\xf4\x8f\xbf\xbf"), "\"\xf4\x8f\xbf\xbf\"", "\xf4\x8f\xbf\xbf"},
        {SLICE("\xf4\x90\x80\x80"), "\"\\xf4\\x90\\x80\\x80\"", "\\ufffd\\ufffd\\ufffd\\ufffd"},
        {SLICE("\xf5\x80\x80\x80"), "\"\\xf5\\x80\\x80\\x80\"", "\\ufffd\\ufffd\\ufffd\\ufffd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[128];
        log_init("test", LOG_DEBUG, LOG_LOGFMT);
        log_event(LOG_INFO, "e", log_slice("v", cases[i].text));
        snprintf(expected, sizeof expected, "msg=e v=%s\n", cases[i].logfmt);
        assert_logged(expected);
        log_init("test", LOG_DEBUG, LOG_JSON);
        log_event(LOG_INFO, "e", log_slice("v", cases[i].text));
        snprintf(expected, sizeof expected, "\"msg\":\"e\",\"v\":\"%s\"}\n", cases[i].json);
        assert_logged(expected);
    }
}

/* Every byte, alone and between others: one line, no byte of a control, and JSON keeps to ASCII here. */
static void every_byte_stays_on_one_line(void **state)
{
    (void)state;
    for (int format = LOG_LOGFMT; format <= LOG_JSON; format++) {
        log_init("test", LOG_DEBUG, (enum log_format)format);
        for (int byte = 0; byte < 256; byte++) {
            const char text[] = {'a', (char)byte, 'b'};
            log_event(LOG_INFO, "e", log_slice("v", (struct slice){text, sizeof text}));
            log_flush();
            char *line = read_all();
            size_t len = strlen(line);
            assert_int_equal(line[len - 1], '\n');
            for (size_t i = 0; i + 1 < len; i++) {
                assert_true(line[i] >= ' ' && line[i] < 0x7f);
            }
            free(line);
        }
    }
}

static void cuts_long_values_between_characters(void **state)
{
    (void)state;
    static const struct {
        size_t fill, kept; /* letters before the characters that follow; bytes kept of all */
        const char *then;
    } cases[] = {
        {511, 511, ""},
        {512, 512, ""},
        {513, 512, ""},
        {511, 511, "\xc3\xbc"},
        {510, 512, "\xc3\xbc"},
        {510, 512,
         "\xc3\xbc"
         "a"},
        {509, 509, "\xf0\x9f\x98\x80"},
        {508, 512,
         "\xf0\x9f\x98\x80"
         "a"},
        {100000, 512, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t len = cases[i].fill + strlen(cases[i].then);
        char *text = test_malloc(len + 1);
        memset(text, 'x', cases[i].fill);
        memcpy(text + cases[i].fill, cases[i].then, strlen(cases[i].then) + 1);
        log_init("test", LOG_DEBUG, LOG_JSON);
        log_event(LOG_INFO, "e", log_slice("v", (struct slice){text, len}));
        struct buf expected;
        buf_init(&expected, 4096);
        buf_printf(&expected, "\"msg\":\"e\",\"v\":\"%.*s%s\"}\n%c", (int)cases[i].kept, text,
                   cases[i].kept < len ? "…" : "", '\0');
        assert_logged(expected.at);
        buf_fini(&expected);
        test_free(text);
    }
    /* Bytes that only look like the middle of a character are no reason to go back further. */
    char junk[600];
    memset(junk, 0x80, sizeof junk);
    log_init("test", LOG_DEBUG, LOG_LOGFMT);
    log_event(LOG_INFO, "e", log_slice("v", (struct slice){junk, sizeof junk}));
    log_flush();
    char *line = read_all();
    assert_int_equal(strlen(strstr(line, "\"\\x80")), 512 * 4 + strlen("\"…\"\n"));
    free(line);
}

static void a_value_needs_no_more_than_its_room(void **state)
{
    (void)state;
    char junk[LOG_VALUE_MAX + 88];
    memset(junk, 0x80, sizeof junk);
    char *out = test_malloc(LOG_VALUE_ROOM);
    char *end = log_value_json(out, (struct slice){junk, sizeof junk});
    assert_int_equal(end - out, LOG_VALUE_ROOM);
    end = log_value_logfmt(out, (struct slice){junk, sizeof junk});
    assert_int_equal(end - out, 4 * LOG_VALUE_MAX + strlen("\"…\""));
    test_free(out);
}

/* Some lines before and after a second begins. */
static void the_time_of_a_line_is_its_own(void **state)
{
    (void)state;
    int64_t first_ms = clock_wall_ms();
    int64_t before_ms;
    do {
        before_ms = clock_wall_ms();
        log_event(LOG_INFO, "tick", log_int("n", 1));
        log_flush();
        char *line = read_all();
        int64_t at_ms = 0;
        struct slice time = {.at = line + 5, .len = CLOCK_RFC3339_LEN};
        assert_int_equal(clock_parse_rfc3339(time, &at_ms), STATUS_OK);
        assert_in_range(at_ms, before_ms, clock_wall_ms());
        free(line);
    } while (before_ms / 1000 == first_ms / 1000);
}

static void gathers_lines_but_errors_go_at_once(void **state)
{
    (void)state;
    log_event(LOG_WARN, "one", log_int("n", 1));
    char *text = read_all();
    assert_string_equal(text, "");
    free(text);
    log_event(LOG_ERROR, "two", log_int("n", 2));
    text = read_all();
    assert_non_null(strstr(text, "msg=one n=1\n"));
    assert_non_null(strstr(text, "msg=two n=2\n"));
    free(text);
}

static void log_line_of(size_t len)
{
    static const char rest[] = " level=info service=test msg=f v=\n";
    char text[LOG_VALUE_MAX];
    size_t value_len = len - strlen("time=") - CLOCK_RFC3339_LEN - strlen(rest);
    assert_in_range(value_len, 1, sizeof text);
    memset(text, 'x', value_len);
    log_event(LOG_INFO, "f", log_slice("v", (struct slice){text, value_len}));
}

static void assert_written(bool wanted)
{
    char *text = read_all();
    assert_int_equal(*text != '\0', wanted);
    free(text);
}

static void the_end_of_a_turn_leaves_what_can_wait(void **state)
{
    (void)state;
    assert_false(log_flush_due());
    log_event(LOG_INFO, "one", log_int("n", 1));
    assert_true(log_flush_due());
    assert_written(false);
    log_event(LOG_WARN, "two", log_int("n", 2));
    assert_false(log_flush_due());
    assert_written(true);
    size_t waits = 0;
    for (; waits + 400 < GATHERED; waits += 400) {
        log_line_of(400);
        assert_true(log_flush_due());
    }
    assert_written(false);
    log_line_of(400);
    assert_false(log_flush_due());
    assert_written(true);
    log_event(LOG_INFO, "three", log_int("n", 3)); /* the warning is past */
    assert_true(log_flush_due());
}

/* A socket that keeps what was written at once apart shows what could mix with the lines of another process. */
static void whole_lines_are_written_at_once(void **state)
{
    (void)state;
    int pair[2];
    char text[16384];
    char bells[512];
    struct log_field fields[4];
    ssize_t len;
    size_t total = 0, over = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
    log_set_fd(pair[1]);
    memset(bells, '\a', sizeof bells);
    for (size_t i = 0; i < 4; i++) {
        fields[i] = log_slice("v", (struct slice){bells, sizeof bells});
    }
    for (size_t i = 0; i < 100; i++) {
        log_line_of(100 + i);
        if (i == 50) {
            log_write(LOG_INFO, "long", fields, 4); /* four bytes for each */
        }
    }
    log_flush();
    while ((len = recv(pair[0], text, sizeof text, 0)) > 0) {
        assert_memory_equal(text, "time=", 5);
        assert_int_equal(text[len - 1], '\n');
        assert_true(len <= PIPE_BUF || memchr(text, '\n', (size_t)len) == text + len - 1);
        over += len > PIPE_BUF;
        total += (size_t)len;
    }
    assert_int_equal(over, 1);
    assert_in_range(total, (100 + 199) * 50 + 4 * 4 * 512, (100 + 199) * 50 + 4 * 4 * 512 + 200);
    log_set_fd(ends[1]);
    close(pair[0]);
    close(pair[1]);
}

static size_t count_lines(const char *text, size_t *out_last)
{
    size_t lines = 0;
    for (const char *end = strchr(text, '\n'); end != NULL; end = strchr(text, '\n')) {
        const char *number = strstr(text, "msg=fill n=");
        if (number != NULL && number < end) {
            size_t n = strtoul(number + 11, NULL, 10);
            assert_int_equal(n, lines);
            *out_last = n;
            lines++;
        }
        text = end + 1;
    }
    return lines;
}

static void keeps_64k_then_drops_counts_and_tells(void **state)
{
    (void)state;
    uint64_t dropped_before = log_dropped();
    size_t written = 0;
    errno = EDOM;
    while (log_dropped() < dropped_before + 5) {
        log_event(LOG_INFO, "fill", log_int("n", (int64_t)written));
        log_flush();
        written++;
    }
    assert_int_equal(errno, EDOM);
    int room = fcntl(ends[1], F_GETPIPE_SZ);
    struct buf all;
    buf_init(&all, 1 << 22);
    for (int i = 0; i < 100; i++) { /* one buffer of the pipe after the other */
        char *text = read_all();
        buf_add_text(&all, text);
        free(text);
        log_flush();
    }
    assert_false(all.overflow);
    buf_add_char(&all, '\0');
    size_t last = 0;
    assert_int_equal(count_lines(all.at, &last), written - 5);
    assert_int_equal(last, written - 6);
    assert_in_range(all.len, (size_t)room + WAITING_MAX - 1000, (size_t)room + WAITING_MAX + 1000);
    char *told = strstr(all.at, "level=warn service=test msg=log.dropped count=5\n");
    assert_non_null(told);
    assert_null(strstr(strchr(told, '\n'), "log.dropped"));
    buf_fini(&all);
    log_event(LOG_INFO, "after", log_int("n", 1));
    assert_logged("msg=after n=1\n");
    assert_true(log_dropped() == dropped_before + 5);
}

/* The whole of 64 KiB waits, and not a byte more. */
static void the_last_byte_is_used(void **state)
{
    (void)state;
    /* Pieces of whole lines do not fill each page of a pipe. */
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) >= 1 << 20);
    for (size_t over = 0; over < 2; over++) {
        uint64_t dropped_before = log_dropped();
        log_set_fd(-1);
        size_t left = WAITING_MAX;
        for (; left > 800; left -= 400) {
            log_line_of(400);
        }
        log_line_of(left / 2);
        log_line_of(left - left / 2 + over);
        assert_true(log_dropped() == dropped_before + over);
        log_set_fd(ends[1]);
        log_flush();
        char *text = read_all();
        if (over == 0) {
            assert_int_equal(strlen(text), WAITING_MAX);
        } else {
            assert_non_null(strstr(text, "msg=log.dropped count=1\n"));
        }
        free(text);
    }
}

static void more_than_64k_in_a_turn_is_written(void **state)
{
    (void)state;
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) >= 1 << 20);
    uint64_t dropped_before = log_dropped();
    for (size_t i = 0; i < 5000; i++) {
        log_event(LOG_INFO, "fill", log_int("n", (int64_t)i));
    }
    log_flush();
    char *text = read_all();
    size_t last = 0;
    assert_int_equal(count_lines(text, &last), 5000);
    assert_true(log_dropped() == dropped_before);
    free(text);
}

static void a_line_too_long_to_wait_is_dropped_whole(void **state)
{
    (void)state;
    uint64_t dropped_before = log_dropped();
    char bells[512];
    memset(bells, '\a', sizeof bells);
    struct log_field fields[40];
    for (size_t i = 0; i < 40; i++) {
        fields[i] = log_slice("v", (struct slice){bells, sizeof bells});
    }
    log_write(LOG_INFO, "long", fields, 40);
    assert_true(log_dropped() == dropped_before + 1);
    assert_logged("msg=log.dropped count=1\n");
}

static void a_closed_end_is_survived(void **state)
{
    (void)state;
    int other[2];
    assert_int_equal(pipe(other), 0);
    log_set_fd(other[1]);
    close(other[0]);
    close(other[1]);
    log_event(LOG_ERROR, "lost.for.now", log_int("n", 1)); /* EBADF */
    log_set_fd(ends[1]);
    assert_logged("msg=lost.for.now n=1\n");
}

static void a_child_does_not_write_lines_of_its_parent(void **state)
{
    (void)state;
    log_event(LOG_INFO, "parent", log_int("n", 1));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        log_event(LOG_INFO, "child", log_int("n", 2));
        log_flush();
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    char *text = read_all();
    assert_null(strstr(text, "parent"));
    assert_non_null(strstr(text, "msg=child n=2\n"));
    free(text);
    assert_logged("msg=parent n=1\n");
}

static void a_bug_leaves_the_lines_before_it(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL); /* cmocka's would tell of a failed test */
        close(STDERR_FILENO);
        log_event(LOG_INFO, "before", log_int("n", 1));
        must(errno == -1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    char *text = read_all();
    assert_non_null(strstr(text, "msg=before n=1\n"));
    free(text);
}

static void limits_repeated_lines(void **state)
{
    (void)state;
    struct log_limit limit = {0};
    uint64_t suppressed = 99;
    assert_true(log_limit_allows(&limit, 3600000, &suppressed));
    assert_true(suppressed == 0);
    suppressed = 99;
    for (int i = 0; i < 3; i++) {
        assert_false(log_limit_allows(&limit, 3600000, &suppressed));
        assert_true(suppressed == 99);
    }
    limit.last_mono_ms -= 3600000;
    assert_true(log_limit_allows(&limit, 3600000, &suppressed));
    assert_true(suppressed == 3);
    limit.last_mono_ms -= 3590000;
    assert_false(log_limit_allows(&limit, 3600000, &suppressed));
    assert_true(log_limit_allows(&limit, 0, &suppressed));
    assert_true(suppressed == 1);
}

#define WITH_PIPE(test) cmocka_unit_test_setup_teardown(test, open_pipe, close_pipe)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PIPE(starts_with_time_level_and_service),
        WITH_PIPE(writes_numbers),
        WITH_PIPE(levels_below_are_not_evaluated),
        WITH_PIPE(escapes_what_is_not_text),
        WITH_PIPE(every_byte_stays_on_one_line),
        WITH_PIPE(cuts_long_values_between_characters),
        WITH_PIPE(a_value_needs_no_more_than_its_room),
        WITH_PIPE(the_time_of_a_line_is_its_own),
        WITH_PIPE(gathers_lines_but_errors_go_at_once),
        WITH_PIPE(the_end_of_a_turn_leaves_what_can_wait),
        WITH_PIPE(whole_lines_are_written_at_once),
        WITH_PIPE(keeps_64k_then_drops_counts_and_tells),
        WITH_PIPE(the_last_byte_is_used),
        WITH_PIPE(more_than_64k_in_a_turn_is_written),
        WITH_PIPE(a_line_too_long_to_wait_is_dropped_whole),
        WITH_PIPE(a_closed_end_is_survived),
        WITH_PIPE(a_child_does_not_write_lines_of_its_parent),
        WITH_PIPE(a_bug_leaves_the_lines_before_it),
        cmocka_unit_test(limits_repeated_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
