/*
 * rate_spec.c - a rate limit as requests, records and answers have it
 */
#include "rate_spec.h"

#include "json_members.h"

static enum status read_number(yyjson_val *value, int64_t *out, struct problem *problem)
{
    uint64_t number;

    if (!yyjson_is_raw(value))
        return problem_set(problem, 422, "wrong_type", "must be a number");
    if (slice_to_u64(json_value_text(value), RATE_SPEC_MAX, &number) != STATUS_OK || number == 0)
        return problem_set(problem, 422, "invalid_value", "must be a whole number from 1 to %d",
                           RATE_SPEC_MAX);
    *out = (int64_t)number;
    return STATUS_OK;
}

static enum status read_per_second(yyjson_val *value, void *self, struct problem *problem)
{
    struct rate_spec *spec = self;
    return read_number(value, &spec->per_second, problem);
}

static enum status read_burst(yyjson_val *value, void *self, struct problem *problem)
{
    struct rate_spec *spec = self;
    return read_number(value, &spec->burst, problem);
}

enum status rate_spec_read(struct yyjson_val *value, struct rate_spec *out, struct problem *problem)
{
    static const struct json_member members[] = {{"per_second", true, read_per_second},
                                                 {"burst", false, read_burst}};
    struct rate_spec spec = {0};

    if (!yyjson_is_null(value) &&
        json_members_read(value, members, 2, "a rate limit", &spec, problem) != STATUS_OK)
        return STATUS_INVALID;
    if (spec.burst == 0)
        spec.burst = spec.per_second;
    *out = spec;
    return STATUS_OK;
}

enum status rate_spec_parse(struct slice per_second, struct slice burst, struct rate_spec *out)
{
    uint64_t numbers[2] = {0};

    if (per_second.len > 0 || burst.len > 0) {
        if (slice_to_u64(per_second, RATE_SPEC_MAX, &numbers[0]) != STATUS_OK ||
            slice_to_u64(burst, RATE_SPEC_MAX, &numbers[1]) != STATUS_OK || numbers[0] == 0 ||
            numbers[1] == 0)
            return STATUS_INVALID;
    }
    *out = (struct rate_spec){(int64_t)numbers[0], (int64_t)numbers[1]};
    return STATUS_OK;
}

void rate_spec_json(struct json_writer *json, const struct rate_spec *spec)
{
    if (spec->per_second == 0) {
        json_put_null(json);
        return;
    }
    json_open(json, '{');
    json_name(json, "per_second");
    json_put_int(json, spec->per_second);
    json_name(json, "burst");
    json_put_int(json, spec->burst);
    json_close(json, '}');
}
