/*
 * rate_spec.h - a rate limit as requests, records and answers have it: so many per second, so many at
 * once
 */
#pragma once

#include <stdint.h>

#include "json.h"
#include "problem.h"

#define RATE_SPEC_MAX 1000000

struct rate_spec {
    int64_t per_second; /* 0: no limit */
    int64_t burst;      /* at least 1 when there is one */
};

/* {"per_second","burst"?}, whole numbers from 1 to RATE_SPEC_MAX; burst is per_second unless given.
 * null: none. */
struct yyjson_val;
enum status rate_spec_read(struct yyjson_val *value, struct rate_spec *out,
                           struct problem *problem) must_check;

/* The texts of a record; both empty: none. */
enum status rate_spec_parse(struct slice per_second, struct slice burst,
                            struct rate_spec *out) must_check;

void rate_spec_json(struct json_writer *json, const struct rate_spec *spec); /* or null */
