/*
 * clock.c - the clocks, and a time as text, see clock.h
 */
#include "clock.h"

#include <time.h>

#include "clock_units.h"
#include "must.h"

static int64_t read_us(clockid_t clock)
{
    struct timespec now;
    must(clock_gettime(clock, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_mono_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t clock_coarse_wall_ms(void)
{
    return read_us(CLOCK_REALTIME_COARSE) / 1000;
}

int64_t clock_coarse_mono_ms(void)
{
    return read_us(CLOCK_MONOTONIC_COARSE) / 1000;
}

struct date {
    int64_t year, month, day;
};

/* For days of 1970 and later. */
static struct date date_of_days(int64_t days)
{
    days += DAYS_TO_1970;
    int64_t era = days / DAYS_PER_ERA;
    int64_t day = days % DAYS_PER_ERA;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
    int64_t from_march = (5 * day_of_year + 2) / 153;
    struct date date = {.year = year + era * 400,
                        .month = from_march < 10 ? from_march + 3 : from_march - 9,
                        .day = day_of_year - (153 * from_march + 2) / 5 + 1};
    date.year += date.month <= 2;
    return date;
}

static char *put_digits(char *out, int64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return out + width;
}

void clock_rfc3339(int64_t at_ms, char out[CLOCK_RFC3339_LEN + 1])
{
    at_ms = at_ms < 0 ? 0 : at_ms < AT_MS_END ? at_ms : AT_MS_END - 1;
    struct date date = date_of_days(at_ms / MS_PER_DAY);
    int64_t of_day = at_ms % MS_PER_DAY;
    char *at = put_digits(out, date.year, 4);
    *at++ = '-';
    at = put_digits(at, date.month, 2);
    *at++ = '-';
    at = put_digits(at, date.day, 2);
    *at++ = 'T';
    at = put_digits(at, of_day / MS_PER_H, 2);
    *at++ = ':';
    at = put_digits(at, of_day / MS_PER_MIN % 60, 2);
    *at++ = ':';
    at = put_digits(at, of_day / MS_PER_S % 60, 2);
    *at++ = '.';
    at = put_digits(at, of_day % MS_PER_S, 3);
    *at++ = 'Z';
    *at = '\0';
}
