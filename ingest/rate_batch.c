#include "rate_batch.h"

#include <stdlib.h>

#include "model/keys.h"

/* 0: not limited. From the newest on: neighbours are mostly of the same client. */
static size_t number_of(const struct rate_batch *batch, const struct rate_limit *limit)
{
    if (limit->per_second == 0)
        return 0;
    for (size_t i = batch->count; i > 0; i--)
        if (slice_eq(batch->at[i - 1].id, limit->id))
            return i;
    return 0;
}

void rate_batch_gather(struct rate_batch *batch, const struct rate_limit limits[RATES])
{
    for (size_t i = 0; i < RATES; i++) {
        if (limits[i].per_second == 0 || number_of(batch, &limits[i]) > 0)
            continue;
        if (batch->count == batch->room) {
            batch->room = batch->room ? 2 * batch->room : 4;
            batch->at = xrealloc(batch->at, batch->room * sizeof *batch->at);
        }
        batch->at[batch->count++] = limits[i];
    }
}

void rate_batch_fini(struct rate_batch *batch)
{
    free(batch->at);
    *batch = (struct rate_batch){0};
}

void rate_batch_add_keys(const struct rate_batch *batch, uint32_t partition,
                         struct redis_command *command)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct key key = key_of_id(partition, KEY_RATE, batch->at[i].id);
        redis_command_arg(command, key_slice(&key));
    }
}

void rate_batch_add_arguments(const struct rate_batch *batch, struct redis_command *command)
{
    redis_command_int(command, (int64_t)batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        redis_command_int(command, batch->at[i].per_second);
        redis_command_int(command, batch->at[i].burst);
    }
}

void rate_batch_add_numbers(const struct rate_batch *batch, const struct rate_limit limits[RATES],
                            struct redis_command *command)
{
    for (size_t i = 0; i < RATES; i++)
        redis_command_int(command, (int64_t)number_of(batch, &limits[i]));
}

void rate_batch_tell(const struct rate_batch *batch, const struct redis_reply *reply, size_t first,
                     const struct rate_limit limits[RATES], struct rate_state out[RATES])
{
    for (size_t i = 0; i < RATES; i++) {
        const size_t number = number_of(batch, &limits[i]);
        out[i] = number == 0 ? (struct rate_state){0}
                             : rate_read(reply, first + RATE_NUMBERS * (number - 1));
    }
}
