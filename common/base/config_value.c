/*
 * config_value.c - the text of a setting as a value
 */
#include "config_parts.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "must.h"

/* Into *out when it is in range, else the sentence. A value too large to hold is NULL. */
static enum status take_number(enum setting_type type, struct slice text, const int64_t *value,
                               const int64_t range[2], int64_t *out, struct error *err)
{
    if (value != NULL && *value >= range[0] && *value <= range[1]) {
        *out = *value;
        return STATUS_OK;
    }
    struct buf ends;
    buf_init(&ends, 64);
    config_add_number(&ends, type, range[0]);
    buf_add_text(&ends, " to ");
    config_add_number(&ends, type, range[1]);
    error_set(err, "%s is outside %.*s", config_quote(text).text, (int)ends.len, ends.at);
    buf_fini(&ends);
    return STATUS_LIMIT;
}

static bool is_number(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return false;
        }
    }
    return text.len > 0;
}

static enum status read_int(struct slice text, const int64_t range[2], int64_t *out,
                            struct error *err)
{
    bool is_negative = slice_starts(text, "-");
    struct slice digits = is_negative ? slice_from(text, 1) : text;
    if (!is_number(digits)) {
        error_set(err, "%s is not a whole number", config_quote(text).text);
        return STATUS_INVALID;
    }
    uint64_t size = 0;
    bool fits = slice_to_u64(digits, INT64_MAX, &size) == STATUS_OK;
    int64_t value = is_negative ? -(int64_t)size : (int64_t)size;
    return take_number(SETTING_INT, text, fits ? &value : NULL, range, out, err);
}

static enum status read_duration(struct slice text, const int64_t range[2], int64_t *out,
                                 struct error *err)
{
    int64_t value = 0;
    enum status status = STATUS_OK;
    if (!slice_is(text, "0")) {
        status = clock_parse_duration(text, INT64_MAX, &value);
    }
    if (status == STATUS_INVALID) {
        error_set(err, "%s %s 250ms, 30s, 5m, 2h or 1d", config_quote(text).text,
                  is_number(text) ? "has no unit; write it such as" : "is not a duration such as");
        return status;
    }
    bool fits = status == STATUS_OK;
    return take_number(SETTING_DURATION, text, fits ? &value : NULL, range, out, err);
}

static enum status read_size(struct slice text, const int64_t range[2], int64_t *out,
                             struct error *err)
{
    const struct config_unit *unit = config_size_units;
    while (unit->size > 1 && (text.len == 0 || text.at[text.len - 1] != unit->name[0])) {
        unit++;
    }
    struct slice digits = {.at = text.at, .len = text.len - strlen(unit->name)};
    if (!is_number(digits)) {
        error_set(err, "%s is not a size such as 65536, 64k, 1m or 2g", config_quote(text).text);
        return STATUS_INVALID;
    }
    uint64_t count = 0;
    bool fits = slice_to_u64(digits, (uint64_t)(INT64_MAX / unit->size), &count) == STATUS_OK;
    int64_t value = (int64_t)count * unit->size;
    return take_number(SETTING_SIZE, text, fits ? &value : NULL, range, out, err);
}

enum status config_parse_durations(struct slice text, int64_t min_ms, int64_t max_ms,
                                   struct durations *out, struct error *err)
{
    struct durations read = {0};
    const int64_t range[2] = {min_ms, max_ms};
    if (slice_trim(text).len == 0) {
        error_set(err, "no duration is given");
        return STATUS_INVALID;
    }
    bool is_last = false;
    while (!is_last) {
        is_last = text.len == 0 || memchr(text.at, ',', text.len) == NULL;
        struct slice item = slice_trim(slice_cut(&text, ','));
        if (read.count == DURATIONS_MAX) {
            error_set(err, "more than %d durations", DURATIONS_MAX);
            return STATUS_LIMIT;
        }
        enum status status = read_duration(item, range, &read.ms[read.count], err);
        if (status != STATUS_OK) {
            return status;
        }
        read.count++;
    }
    *out = read;
    return STATUS_OK;
}

static enum status read_bool(struct slice text, bool *out, struct error *err)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (slice_is(text, words[i])) {
            *out = i % 2 == 1;
            return STATUS_OK;
        }
    }
    error_set(err, "%s is neither true nor false", config_quote(text).text);
    return STATUS_INVALID;
}

static enum status read_choice(struct slice text, const char *const *choices, int *out,
                               struct error *err)
{
    struct buf list;
    buf_init(&list, 200);
    int i = 0;
    for (; choices[i] != NULL && !slice_is(text, choices[i]); i++) {
        buf_add_text(&list, i > 0 ? ", " : "");
        buf_add_text(&list, choices[i]);
    }
    bool is_found = choices[i] != NULL;
    if (is_found) {
        *out = i;
    } else {
        error_set(err, "%s is not one of %.*s", config_quote(text).text, (int)list.len, list.at);
    }
    buf_fini(&list);
    return is_found ? STATUS_OK : STATUS_INVALID;
}

static enum status read_text(const struct setting *row, struct slice text, char **out,
                             struct error *err)
{
    if (row->max > 0 && text.len > (uint64_t)row->max) {
        error_set(err, "%zu characters are given, and %lld allowed", text.len, (long long)row->max);
        return STATUS_LIMIT;
    }
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f) {
            error_set(err, "character %zu is a control character", i + 1);
            return STATUS_INVALID;
        }
    }
    free(*out);
    *out = xslicedup(text);
    return STATUS_OK;
}

enum status config_value_set(const struct setting *row, struct slice text, void *settings,
                             struct error *err)
{
    void *field = (char *)settings + row->offset;
    const int64_t range[2] = {row->min, row->max};
    switch (row->type) {
    case SETTING_TEXT:
    case SETTING_SECRET:
        return read_text(row, text, field, err);
    case SETTING_BOOL:
        return read_bool(text, field, err);
    case SETTING_INT:
        return read_int(text, range, field, err);
    case SETTING_DURATION:
        return read_duration(text, range, field, err);
    case SETTING_DURATIONS:
        return config_parse_durations(text, row->min, row->max, field, err);
    case SETTING_SIZE:
        return read_size(text, range, field, err);
    case SETTING_CHOICE:
        return read_choice(text, row->choices, field, err);
    }
    must_fail("a setting has one of these types", __FILE__, __LINE__);
}
