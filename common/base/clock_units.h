/*
 * clock_units.h - what clock.c and clock_parse.c count with
 *
 * The calendar is counted from 1 March of year 0, in eras of 400 years: the leap day is then the last day of its year,
 * and the months begin on day (153 * month + 2) / 5 of it. 1970-01-01 is day 719468 of that count.
 */
#pragma once

#include <stdint.h>

enum {
    MS_PER_S = 1000,
    MS_PER_MIN = 60 * MS_PER_S,
    MS_PER_H = 60 * MS_PER_MIN,
    MS_PER_DAY = 24 * MS_PER_H
};
enum { DAYS_PER_ERA = 146097, DAYS_TO_1970 = 719468 };

#define AT_MS_END INT64_C(253402300800000) /* the year 10000 */
