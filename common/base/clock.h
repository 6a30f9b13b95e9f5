/*
 * clock.h - wall time and monotonic time, and their texts
 *
 * Wall times are *_at_ms (ms since 1970, UTC); monotonic ones are *_mono_ms or *_mono_us. The two are never mixed.
 */
#pragma once

#include <stdint.h>

#include "bytes.h"

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* As of the kernel's last tick, mostly 1 to 10 ms ago, at a fifth of the cost: for what counts in seconds. */
int64_t clock_coarse_wall_ms(void);
int64_t clock_coarse_mono_ms(void);

#define CLOCK_RFC3339_LEN 24 /* 2026-01-31T09:30:00.123Z */

/* RFC 3339 UTC with milliseconds; out gets 24 characters and a terminator. A time before 1970 or after
 * 9999, as only what somebody wrote into Redis by hand has, is written as the nearest of these. */
void clock_rfc3339(int64_t at_ms, char out[CLOCK_RFC3339_LEN + 1]);

/* RFC 3339 with any offset and 0 to 9 digits of fraction (cut to ms), years 1970 to 9999. A leap second is the moment after it. */
enum status clock_parse_rfc3339(struct slice text, int64_t *out_at_ms) must_check;

/* IMF-fixdate of RFC 9110 section 5.6.7, e.g. "Sun, 06 Nov 1994 08:49:37 GMT". */
enum status clock_parse_http_date(struct slice text, int64_t *out_at_ms) must_check;

/* A duration such as 250ms, 5s, 5m, 30h, 20d; digits and one unit, no sign. STATUS_LIMIT when it is over max_ms. */
enum status clock_parse_duration(struct slice text, int64_t max_ms, int64_t *out_ms) must_check;
