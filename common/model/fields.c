/*
 * fields.c - records of Redis as lists: name value name value …
 */
#include "fields.h"

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

enum status fields_pick(const struct slice *fields, size_t count, const char *const *names,
                        size_t names_count, struct slice *out_values)
{
    size_t guess = 0;

    if (count % 2 != 0)
        return STATUS_INVALID;
    for (size_t i = 0; i < names_count; i++) {
        size_t at;

        if (!find(fields, count, guess, names[i], &at))
            return STATUS_INVALID;
        out_values[i] = fields[at + 1];
        guess = at + 2;
    }
    return STATUS_OK;
}
