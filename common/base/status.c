/*
 * status.c - see status.h
 */
#include "status.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "must.h"

static const char *const names[] = {
    [STATUS_OK] = "ok",         [STATUS_INVALID] = "invalid", [STATUS_ABSENT] = "absent",
    [STATUS_DENIED] = "denied", [STATUS_LIMIT] = "limit",     [STATUS_DOWN] = "down",
    [STATUS_UNSURE] = "unsure", [STATUS_FAILED] = "failed",   [STATUS_CANCELLED] = "cancelled",
};

const char *status_name(enum status status)
{
    must((size_t)status < sizeof names / sizeof names[0]);
    return names[status];
}

void error_set(struct error *err, const char *format, ...)
{
    if (err == NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
}
