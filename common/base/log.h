/*
 * log.h - one line per fact: an event name and fields, logfmt or JSON, on standard error
 *
 *   log_event(LOG_INFO, "delivery.retry", log_slice("event", id), log_int("attempt", 3));
 *
 * Each line starts with time, level, service and msg, the event's name. Control characters, quotes and invalid UTF-8 in values are escaped; values are cut
 * at 512 bytes and end in "…" then. Lines are gathered: an error is written at once, a warning at the end of the loop's turn, with all that
 * wait; others when 32 KiB wait, or LOG_LINGER_MS later. When the other end does not take them, 64 KiB wait; more lines are dropped and
 * counted, and the count is logged (log.dropped) when it takes lines again. Whole lines, 4 KiB at most unless one alone is
 * longer, are written to a pipe or a socket at once: those of several processes do not mix. A child forgets lines that wait at the fork: the parent writes them.
 * Never a payload, never a secret.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };
enum { LOG_LINGER_MS = 50 };

struct log_field {
    const char *name;
    enum { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_MS } kind;
    struct slice text;
    int64_t number; /* LOG_FIELD_MS: microseconds, printed as milliseconds with three decimals */
};

struct log_field log_slice(const char *name, struct slice text);
struct log_field log_text(const char *name, const char *text);
struct log_field log_int(const char *name, int64_t number);
struct log_field log_us_as_ms(const char *name, int64_t us);

/* service is kept by reference. The process starts with level INFO, logfmt, service "millrace". */
void log_init(const char *service, enum log_level level, enum log_format format);
void log_set_fd(int fd); /* default 2 */
bool log_is_on(enum log_level level);
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count);
void log_flush(void);
/* At the end of a turn. True: lines were left to wait for more, and log_flush is due within LOG_LINGER_MS. */
bool log_flush_due(void);

/* Writes what is gathered and ends the process as it stands: nothing is freed, no exit handlers run. */
_Noreturn void log_and_exit(int code);
uint64_t log_dropped(void);

#define log_event(level, event, ...)                                                               \
    do {                                                                                           \
        if (log_is_on(level)) {                                                                    \
            const struct log_field fields_[] = {__VA_ARGS__};                                      \
            log_write((level), (event), fields_, sizeof fields_ / sizeof fields_[0]);              \
        }                                                                                          \
    } while (0)

/* For failures that repeat: at most one line per interval. True when this one may be logged; *out_suppressed says
 * how many were held back since the last. Zero-initialize. */
struct log_limit {
    int64_t last_mono_ms;
    uint64_t suppressed;
};
bool log_limit_allows(struct log_limit *limit, int64_t interval_ms, uint64_t *out_suppressed);
