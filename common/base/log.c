/*
 * log.c - see log.h
 *
 * A line is built in place at the end of the lines that wait. One that does not fit is taken back as a whole.
 */
#include "log.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "log_value.h"
#include "must.h"

enum {
    WAITING_MAX = 64 * 1024,
    GATHERED = 32 * 1024 /* a file system takes many lines at once for little more than one */
};

/* What one field may need besides its name: it is reserved at once, and beyond WAITING_MAX, so that the last line that
 * fits finds it too. */
#define FIELD_ROOM (LOG_VALUE_ROOM + 4)
#define LINES_ROOM (WAITING_MAX + FIELD_ROOM + 64)

static struct {
    const char *service;
    enum log_level level;
    enum log_format format;
    int fd;
    bool is_file;
    bool is_urgent;   /* a warning is among the lines */
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

static void look_at_fd(void)
{
    struct stat found;
    logger.is_file = fstat(logger.fd, &found) == 0 && S_ISREG(found.st_mode);
}

void log_set_fd(int fd)
{
    log_flush();
    logger.fd = fd;
    look_at_fd();
}

bool log_is_on(enum log_level level)
{
    return level >= logger.level;
}

void log_and_exit(int code)
{
    log_flush();
    _exit(code);
}

uint64_t log_dropped(void)
{
    return logger.dropped;
}

static char *put(char *out, const char *at, size_t len)
{
    memcpy(out, at, len);
    return out + len;
}

static char *put_slice(char *out, struct slice text)
{
    return put(out, text.at, text.len);
}

static char *put_thousandths(char *out, uint64_t thousandths)
{
    *out++ = (char)('0' + thousandths / 100);
    *out++ = (char)('0' + thousandths / 10 % 10);
    *out++ = (char)('0' + thousandths % 10);
    return out;
}

static uint64_t put_sign(char **out, int64_t number)
{
    if (number >= 0) {
        return (uint64_t)number;
    }
    *(*out)++ = '-';
    return 0 - (uint64_t)number;
}

static char *put_value(char *out, const struct log_field *field, bool is_json)
{
    uint64_t size;
    switch (field->kind) {
    case LOG_FIELD_TEXT:
        return is_json ? log_value_json(out, field->text) : log_value_logfmt(out, field->text);
    case LOG_FIELD_INT:
        size = put_sign(&out, field->number);
        return out + decimal_encode(size, out);
    case LOG_FIELD_MS:
        size = put_sign(&out, field->number);
        out += decimal_encode(size / 1000, out);
        *out++ = '.';
        return put_thousandths(out, size % 1000);
    }
    return out;
}

static void add_field(struct buf *lines, const struct log_field *field)
{
    bool is_json = logger.format == LOG_JSON;
    size_t name_len = strlen(field->name);
    char *start = buf_reserve(lines, name_len + FIELD_ROOM);
    if (start == NULL) {
        return;
    }
    char *out = put_slice(start, is_json ? SLICE(",\"") : SLICE(" "));
    out = put(out, field->name, name_len);
    out = put_slice(out, is_json ? SLICE("\":") : SLICE("="));
    out = put_value(out, field, is_json);
    buf_grew(lines, (size_t)(out - start));
}

/* Lines of the same second differ in the milliseconds alone. */
static char *put_time(char *out)
{
    static int64_t kept_s = -1;
    static char kept[CLOCK_RFC3339_LEN + 1];
    int64_t now_ms = clock_wall_ms();
    if (now_ms / 1000 != kept_s) {
        clock_rfc3339(now_ms, kept);
        kept_s = now_ms / 1000;
    }
    out = put(out, kept, CLOCK_RFC3339_LEN - 4);
    out = put_thousandths(out, (uint64_t)(now_ms % 1000));
    *out++ = 'Z';
    return out;
}

static void add_head(struct buf *lines, enum log_level level)
{
    static const struct slice levels[] = {SLICE("debug"), SLICE("info"), SLICE("warn"),
                                          SLICE("error")};
    bool is_json = logger.format == LOG_JSON;
    char *start = buf_reserve(lines, FIELD_ROOM);
    if (start == NULL) {
        return;
    }
    char *out = put_slice(start, is_json ? SLICE("{\"time\":\"") : SLICE("time="));
    out = put_time(out);
    out = put_slice(out, is_json ? SLICE("\",\"level\":\"") : SLICE(" level="));
    out = put_slice(out, levels[level]);
    out = put_slice(out, is_json ? SLICE("\"") : SLICE(""));
    buf_grew(lines, (size_t)(out - start));
}

static void add_line(struct buf *lines, enum log_level level, const char *event,
                     const struct log_field *fields, size_t count)
{
    const struct log_field first[] = {log_text("service", logger.service), log_text("msg", event)};
    add_head(lines, level);
    add_field(lines, &first[0]);
    add_field(lines, &first[1]);
    for (size_t i = 0; i < count; i++) {
        add_field(lines, &fields[i]);
    }
    buf_add_text(lines, logger.format == LOG_JSON ? "}\n" : "\n");
}

/* False, and nothing added, when the line does not fit behind those that wait. */
static bool try_line(enum log_level level, const char *event, const struct log_field *fields,
                     size_t count)
{
    struct buf *lines = &logger.lines;
    size_t before = lines->len;
    add_line(lines, level, event, fields, count);
    if (!lines->overflow && lines->len <= WAITING_MAX) {
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
        buf_init(&logger.lines, LINES_ROOM);
        must(pthread_atfork(NULL, NULL, forget_in_child) == 0);
        look_at_fd();
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
    logger.is_urgent |= level >= LOG_WARN;
    if (level == LOG_ERROR) {
        log_flush();
    }
}

/* What one write is given: what a pipe takes as one piece, whoever else writes to it, unless a line alone is longer. */
static size_t piece_len(struct slice lines)
{
    const char *end = NULL;
    if (logger.is_file || lines.len <= PIPE_BUF) {
        return lines.len;
    }
    end = memrchr(lines.at, '\n', PIPE_BUF);
    if (end == NULL) {
        end = memchr(lines.at, '\n', lines.len);
    }
    must(end != NULL);
    return (size_t)(end + 1 - lines.at);
}

/* A full disk or a closed pipe are treated as a full pipe: the lines wait, later ones are dropped. */
static void write_waiting(void)
{
    struct buf *lines = &logger.lines;
    size_t written = 0;
    while (written < lines->len) {
        struct slice left = slice_from(buf_slice(lines), written);
        ssize_t len = write(logger.fd, left.at, piece_len(left));
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
    logger.is_urgent &= logger.lines.len > 0;
    errno = kept_errno;
}

bool log_flush_due(void)
{
    if (logger.is_urgent || logger.unreported > 0 || logger.lines.len >= GATHERED) {
        log_flush();
    }
    return logger.lines.len > 0;
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
