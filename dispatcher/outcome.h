/*
 * outcome.h - the one table that says what an answer, or the lack of one, means for a delivery
 *
 * A final status is what counts: a receiver that said 2xx has the webhook, whatever becomes of the rest of its answer.
 * How often and when to try again is retry.h's.
 */
#pragma once

#include <stdbool.h>

#include "model/delivery.h"

/* Why an attempt ended without a whole answer. */
enum failure {
    FAILURE_NONE,
    FAILURE_CONNECT_TIMEOUT,
    FAILURE_RESPONSE_TIMEOUT,
    FAILURE_TOTAL_TIMEOUT,
    FAILURE_DNS,
    FAILURE_CONNECTION_REFUSED,
    FAILURE_CONNECTION_FAILED,
    FAILURE_CONNECTION_RESET,
    FAILURE_TLS,
    FAILURE_DESTINATION,
    FAILURE_HTTPS_REQUIRED,
    FAILURE_HEADERS_TOO_LARGE,
    FAILURE_BAD_RESPONSE,
    FAILURE_BAD_URL,
    FAILURES_COUNT
};

/* Label values of millrace_attempts_total. */
enum attempt_class {
    CLASS_2XX,
    CLASS_3XX,
    CLASS_4XX,
    CLASS_5XX,
    CLASS_TIMEOUT,
    CLASS_CONNECT,
    CLASS_TLS,
    CLASS_DNS,
    CLASS_REFUSED_DESTINATION,
    CLASS_OTHER,
    CLASSES_COUNT
};
extern const char *const attempt_classes[]; /* NULL-terminated */

struct verdict {
    enum outcome outcome; /* DELIVERED, RETRY, SNOOZE or DEAD */
    const char *reason;   /* one word, static; "" when delivered */
    enum attempt_class class;
};

/* status: of a complete header block, else 0. has_retry_after: a valid one came with it. */
struct verdict outcome_of(int status, enum failure failure, bool has_retry_after);

/* The endpoint asked to be left alone for good: it is to be disabled. */
bool outcome_is_gone(int status);
