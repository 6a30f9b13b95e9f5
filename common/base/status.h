/*
 * status.h - how an operation on the world ended
 *
 * A status is always checked; struct error carries the sentence where a person will read it.
 */
#pragma once

enum status {
    STATUS_OK,
    STATUS_INVALID,   /* the input breaks a rule; trying again cannot help */
    STATUS_ABSENT,    /* there is no such thing */
    STATUS_DENIED,    /* credentials or permissions */
    STATUS_LIMIT,     /* a configured bound was reached */
    STATUS_DOWN,      /* not done: not connected, or the server cannot do it now; later may help */
    STATUS_UNSURE,    /* sent, and no answer came: it may have been done */
    STATUS_FAILED,    /* the other side answered with an error that is not a passing state */
    STATUS_CANCELLED, /* we asked it to end early */
};

/* The lower-case word for a status, for logs. Static storage. */
const char *status_name(enum status status);

struct error {
    char text[320];
};

/* Formats the sentence, cut at the size of the text. err may be NULL. */
void error_set(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define must_check __attribute__((warn_unused_result))
