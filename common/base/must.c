/*
 * must.c - see must.h
 */
#include "must.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"

void must_fail(const char *cond, const char *file, int line)
{
    static bool is_failing; /* writing the log may fail, too */

    fprintf(stderr, "%s:%d: must(%s) does not hold\n", file, line, cond);
    if (!is_failing) {
        is_failing = true;
        log_flush();
    }
    abort();
}
