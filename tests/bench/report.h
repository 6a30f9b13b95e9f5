/*
 * report.h - a report as a file that appears whole, and numbers out of bodies
 */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

/* Written beside the path, then renamed. Ends the program when it cannot. */
void report_write(const char *path, const struct buf *text);

/* The number after the first marker, such as "seq, past what JSON, also JSON within JSON, has between: quotes,
 * backslashes, colon, spaces. STATUS_ABSENT when there is none. */
enum status report_find_number(struct slice body, struct slice marker, uint64_t *out) must_check;

/* CPU time of this process so far. */
int64_t report_cpu_us(void);
