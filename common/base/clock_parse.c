/*
 * clock_parse.c - times and durations from text, see clock.h
 */
#include "clock.h"

#include "clock_units.h"

/* A parser takes its text from the front; once something did not match, ok stays false. */
struct parser {
    struct slice rest;
    bool ok;
};

static int64_t take_digits(struct parser *parser, size_t width)
{
    struct slice digits = {.at = parser->rest.at, .len = width};
    uint64_t value = 0;
    if (parser->rest.len < width || slice_to_u64(digits, UINT32_MAX, &value) != STATUS_OK) {
        parser->ok = false;
        return 0;
    }
    parser->rest = slice_from(parser->rest, width);
    return (int64_t)value;
}

static bool try_char(struct parser *parser, char c)
{
    if (parser->rest.len == 0 || parser->rest.at[0] != c) {
        return false;
    }
    parser->rest = slice_from(parser->rest, 1);
    return true;
}

static void take_text(struct parser *parser, const char *text)
{
    if (!slice_starts(parser->rest, text)) {
        parser->ok = false;
        return;
    }
    parser->rest = slice_from(parser->rest, slice_of(text).len);
}

/* Index of the three-letter name, of those that stand in names one after the other. */
static int64_t take_name(struct parser *parser, const char *names)
{
    for (int64_t i = 0; parser->rest.len >= 3 && names[3 * i] != '\0'; i++) {
        struct slice name = {.at = names + 3 * i, .len = 3};
        if (slice_eq(name, (struct slice){.at = parser->rest.at, .len = 3})) {
            parser->rest = slice_from(parser->rest, 3);
            return i;
        }
    }
    parser->ok = false;
    return 0;
}

/* hh:mm:ss as ms of the day. A leap second, 60, is the first moment of the next minute. */
static int64_t take_time(struct parser *parser)
{
    int64_t hour = take_digits(parser, 2);
    take_text(parser, ":");
    int64_t minute = take_digits(parser, 2);
    take_text(parser, ":");
    int64_t second = take_digits(parser, 2);
    parser->ok = parser->ok && hour <= 23 && minute <= 59 && second <= 60;
    return hour * MS_PER_H + minute * MS_PER_MIN + second * MS_PER_S;
}

static int64_t take_fraction_ms(struct parser *parser)
{
    static const int64_t scale[] = {100, 10, 1};
    int64_t ms = 0;
    size_t digits = 0;
    while (parser->rest.len > 0 && parser->rest.at[0] >= '0' && parser->rest.at[0] <= '9') {
        if (digits < 3) {
            ms += scale[digits] * (parser->rest.at[0] - '0');
        }
        digits++;
        parser->rest = slice_from(parser->rest, 1);
    }
    parser->ok = parser->ok && digits >= 1 && digits <= 9;
    return ms;
}

static int64_t take_offset_ms(struct parser *parser)
{
    if (try_char(parser, 'Z') || try_char(parser, 'z')) {
        return 0;
    }
    int64_t sign = try_char(parser, '-') ? -1 : 1;
    if (sign > 0) {
        take_text(parser, "+");
    }
    int64_t hours = take_digits(parser, 2);
    take_text(parser, ":");
    int64_t minutes = take_digits(parser, 2);
    parser->ok = parser->ok && hours <= 23 && minutes <= 59;
    return sign * (hours * MS_PER_H + minutes * MS_PER_MIN);
}

static int64_t days_of_date(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year + 400) / 400 - 1; /* year is -1 at the least */
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

static bool is_date(int64_t year, int64_t month, int64_t day)
{
    static const int64_t longest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month >= 1 && month <= 12 && day >= 1 && day <= longest[month - 1] &&
           (month != 2 || day <= 28 || is_leap);
}

enum status clock_parse_rfc3339(struct slice text, int64_t *out_at_ms)
{
    struct parser parser = {.rest = text, .ok = true};
    int64_t year = take_digits(&parser, 4);
    take_text(&parser, "-");
    int64_t month = take_digits(&parser, 2);
    take_text(&parser, "-");
    int64_t day = take_digits(&parser, 2);
    if (!try_char(&parser, 'T')) {
        take_text(&parser, "t");
    }
    bool is_leap_second = parser.rest.len >= 8 && parser.rest.at[6] == '6';
    int64_t at_ms = take_time(&parser);
    int64_t fraction_ms = try_char(&parser, '.') ? take_fraction_ms(&parser) : 0;
    at_ms -= take_offset_ms(&parser);
    if (!parser.ok || parser.rest.len > 0 || !is_date(year, month, day)) {
        return STATUS_INVALID;
    }
    at_ms += days_of_date(year, month, day) * MS_PER_DAY;
    if (is_leap_second && at_ms % MS_PER_DAY != 0) {
        return STATUS_INVALID; /* they are only put in at midnight UTC */
    }
    at_ms += fraction_ms;
    if (at_ms < 0 || at_ms >= AT_MS_END) {
        return STATUS_INVALID;
    }
    *out_at_ms = at_ms;
    return STATUS_OK;
}

enum status clock_parse_http_date(struct slice text, int64_t *out_at_ms)
{
    struct parser parser = {.rest = text, .ok = true};
    int64_t weekday = take_name(&parser, "ThuFriSatSunMonTueWed"); /* day 0 was a Thursday */
    take_text(&parser, ", ");
    int64_t day = take_digits(&parser, 2);
    take_text(&parser, " ");
    int64_t month = take_name(&parser, "JanFebMarAprMayJunJulAugSepOctNovDec") + 1;
    take_text(&parser, " ");
    int64_t year = take_digits(&parser, 4);
    take_text(&parser, " ");
    int64_t of_day = take_time(&parser);
    take_text(&parser, " GMT");
    if (!parser.ok || parser.rest.len > 0 || year < 1970 || !is_date(year, month, day)) {
        return STATUS_INVALID;
    }
    int64_t days = days_of_date(year, month, day);
    if (days % 7 != weekday || days * MS_PER_DAY + of_day >= AT_MS_END) {
        return STATUS_INVALID;
    }
    *out_at_ms = days * MS_PER_DAY + of_day;
    return STATUS_OK;
}

enum status clock_parse_duration(struct slice text, int64_t max_ms, int64_t *out_ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", MS_PER_S}, {"m", MS_PER_MIN}, {"h", MS_PER_H}, {"d", MS_PER_DAY}};
    size_t digits = 0;
    while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9') {
        digits++;
    }
    for (size_t i = 0; digits > 0 && i < sizeof units / sizeof units[0]; i++) {
        if (!slice_is(slice_from(text, digits), units[i].name)) {
            continue;
        }
        uint64_t count = 0;
        struct slice number = {.at = text.at, .len = digits};
        uint64_t most = max_ms < 0 ? 0 : (uint64_t)(max_ms / units[i].ms);
        if (slice_to_u64(number, most, &count) != STATUS_OK) {
            return STATUS_LIMIT;
        }
        *out_ms = (int64_t)count * units[i].ms;
        return STATUS_OK;
    }
    return STATUS_INVALID;
}
