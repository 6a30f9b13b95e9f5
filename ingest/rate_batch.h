/*
 * rate_batch.h - the rate limiters of the requests of one call of publish.lua or limit.lua, each once
 *
 * A request has RATES limits, of which those with per_second 0 do not apply.
 */
#pragma once

#include "rate.h"

struct rate_batch {
    size_t count, room;
    struct rate_limit *at; /* owned; the ids are the requests' */
};

void rate_batch_gather(struct rate_batch *batch, const struct rate_limit limits[RATES]);
void rate_batch_fini(struct rate_batch *batch);

void rate_batch_add_keys(const struct rate_batch *batch, uint32_t partition,
                         struct redis_command *command);
void rate_batch_add_arguments(const struct rate_batch *batch,
                              struct redis_command *command); /* how many, then each */
void rate_batch_add_numbers(const struct rate_batch *batch, const struct rate_limit limits[RATES],
                            struct redis_command *command); /* which are the request's */

/* first: index of the first number in the answer. */
void rate_batch_tell(const struct rate_batch *batch, const struct redis_reply *reply, size_t first,
                     const struct rate_limit limits[RATES], struct rate_state out[RATES]);
