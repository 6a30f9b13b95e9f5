/*
 * log.c - see log.h
 *
 * A line is built in place at the end of the lines that wait. One that does not fit is taken back as a whole.
 */
#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "clock.h"
#include "log_value.h"
#include "must.h"

enum { WAITING_MAX = 64 * 1024 };

static struct {
    const char *service;
    enum log_level level;
    enum log_format format;
    int fd;
    struct buf lines; /* whole lines, but for the first: a part of it may be written */
    uint64_t dropped;
    uint64_t unreported; /* of the dropped, those that no line has told of yet */
} logger = {.service = "millrace", .level = LOG_INFO, .format = LOG_LOGFMT, .fd = STDERR_FILENO};

struct log_field log_slice(const char *name, struct slice text)
{
    return (struct log_field){.name = name, .kind = LOG_FIELD_TEXT, .text = text};
}

struct log_field log_text(const char *name, const char *text)
{
    return log_slice(name, slice_of(text));
}

struct log_field log_int(const char *name, int64_t number)
{
    return (struct log_field){.name = name, .kind = LOG_FIELD_INT, .number = number};
}

struct log_field log_us_as_ms(const char *name, int64_t us)
{
    return (struct log_field){.name = name, .kind = LOG_FIELD_MS, .number = us};
}

void log_init(const char *service, enum log_level level, enum log_format format)
{
    logger.service = service;
    logger.level = level;
    logger.format = format;
}

void log_set_fd(int fd)
{
    log_flush();
    logger.fd = fd;
}

bool log_is_on(enum log_level level)
{
    return level >= logger.level;
}

uint64_t log_dropped(void)
{
    return logger.dropped;
}

static void add_ms(struct buf *out, int64_t us)
{
    uint64_t size = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    uint64_t thousandths = size % 1000;
    buf_add_text(out, us < 0 ? "-" : "");
    buf_add_u64(out, size / 1000);
    const char fraction[] = {'.', (char)('0' + thousandths / 100),
                             (char)('0' + thousandths / 10 % 10), (char)('0' + thousandths % 10)};
    buf_add(out, fraction, sizeof fraction);
}

static void add_field(struct buf *out, const struct log_field *field)
{
    bool is_json = logger.format == LOG_JSON;
    buf_add_text(out, is_json ? ",\"" : " ");
    buf_add_text(out, field->name);
    buf_add_text(out, is_json ? "\":" : "=");
    switch (field->kind) {
    case LOG_FIELD_TEXT:
        if (is_json) {
            log_value_json(out, field->text);
        } else {
            log_value_logfmt(out, field->text);
        }
        break;
    case LOG_FIELD_INT:
        buf_add_i64(out, field->number);
        break;
    case LOG_FIELD_MS:
        add_ms(out, field->number);
        break;
    }
}

static void add_line(struct buf *out, enum log_level level, const char *event,
                     const struct log_field *fields, size_t count)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    bool is_json = logger.format == LOG_JSON;
    char time[CLOCK_RFC3339_LEN + 1];
    clock_rfc3339(clock_wall_ms(), time);
    buf_add_text(out, is_json ? "{\"time\":\"" : "time=");
    buf_add(out, time, CLOCK_RFC3339_LEN);
    buf_add_text(out, is_json ? "\",\"level\":\"" : " level=");
    buf_add_text(out, levels[level]);
    buf_add_text(out, is_json ? "\"" : "");
    const struct log_field first[] = {log_text("service", logger.service), log_text("msg", event)};
    add_field(out, &first[0]);
    add_field(out, &first[1]);
    for (size_t i = 0; i < count; i++) {
        add_field(out, &fields[i]);
    }
    buf_add_text(out, is_json ? "}\n" : "\n");
}

/* False, and nothing added, when the line does not fit behind those that wait. */
static bool try_line(enum log_level level, const char *event, const struct log_field *fields,
                     size_t count)
{
    struct buf *lines = &logger.lines;
    size_t before = lines->len;
    add_line(lines, level, event, fields, count);
    if (!lines->overflow) {
        return true;
    }
    lines->len = before;
    lines->overflow = false;
    return false;
}

/* What waits was logged by the parent, which writes it. */
static void forget_in_child(void)
{
    buf_clear(&logger.lines);
    logger.unreported = 0;
}

static void prepare(void)
{
    if (logger.lines.max == 0) {
        buf_init(&logger.lines, WAITING_MAX);
        must(pthread_atfork(NULL, NULL, forget_in_child) == 0);
    }
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count)
{
    if (!log_is_on(level)) {
        return;
    }
    prepare();
    if (!try_line(level, event, fields, count)) {
        log_flush();
        if (!try_line(level, event, fields, count)) {
            logger.dropped++;
            logger.unreported++;
        }
    }
    if (level == LOG_ERROR) {
        log_flush();
    }
}

/* A full disk or a closed pipe are treated as a full pipe: the lines wait, later ones are dropped. */
static void write_waiting(void)
{
    struct buf *lines = &logger.lines;
    size_t written = 0;
    while (written < lines->len) {
        ssize_t len = write(logger.fd, lines->at + written, lines->len - written);
        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len <= 0) {
            break;
        }
        written += (size_t)len;
    }
    buf_drop_front(lines, written);
}

void log_flush(void)
{
    int kept_errno = errno;
    write_waiting();
    if (logger.unreported > 0 && logger.lines.len == 0) {
        struct log_field count = log_int("count", (int64_t)logger.unreported);
        if (try_line(LOG_WARN, "log.dropped", &count, 1)) {
            logger.unreported = 0;
            write_waiting();
        }
    }
    errno = kept_errno;
}

bool log_limit_allows(struct log_limit *limit, int64_t interval_ms, uint64_t *out_suppressed)
{
    int64_t now_mono_ms = clock_mono_ms();
    if (limit->last_mono_ms != 0 && now_mono_ms - limit->last_mono_ms < interval_ms) {
        limit->suppressed++;
        return false;
    }
    limit->last_mono_ms = now_mono_ms;
    *out_suppressed = limit->suppressed;
    limit->suppressed = 0;
    return true;
}
