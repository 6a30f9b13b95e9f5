/*
 * fields.c - records of Redis as lists: name value name value …
 */
#include "fields.h"

#include "../base/must.h"

static bool find(const struct slice *fields, size_t count, size_t guess, const char *name,
                 size_t *out_at)
{
    if (guess < count && slice_is(fields[guess], name)) {
        *out_at = guess;
        return true;
    }
    for (size_t at = 0; at < count; at += 2) {
        if (slice_is(fields[at], name)) {
            *out_at = at;
            return true;
        }
    }
    return false;
}

static enum status pick(const struct slice *fields, size_t count, const char *const *names,
                        size_t names_count, bool all, struct slice *out_values)
{
    size_t guess = 0;

    if (count % 2 != 0)
        return STATUS_INVALID;
    for (size_t i = 0; i < names_count; i++) {
        size_t at;

        if (find(fields, count, guess, names[i], &at)) {
            out_values[i] = fields[at + 1];
            guess = at + 2;
        } else if (all) {
            return STATUS_INVALID;
        } else {
            out_values[i] = (struct slice){0};
        }
    }
    return STATUS_OK;
}

enum status fields_pick(const struct slice *fields, size_t count, const char *const *names,
                        size_t names_count, struct slice *out_values)
{
    return pick(fields, count, names, names_count, true, out_values);
}

enum status fields_pick_some(const struct slice *fields, size_t count, const char *const *names,
                             size_t names_count, struct slice *out_values)
{
    return pick(fields, count, names, names_count, false, out_values);
}

void fields_add(struct fields *fields, const char *name, struct slice value)
{
    must(fields->count < 2 * FIELDS_MAX);
    fields->at[fields->count++] = slice_of(name);
    fields->at[fields->count++] = value;
}

void fields_add_number(struct fields *fields, const char *name, int64_t number)
{
    must(fields->count < 2 * FIELDS_MAX);
    char *digits = fields->digits[fields->count / 2];
    const size_t len = number > 0 ? decimal_encode((uint64_t)number, digits) : 0;
    fields_add(fields, name, (struct slice){digits, len});
}
