#include "publish_limits.h"

#include <stdlib.h>

#include "model/keys.h"

/* 0: not limited. From the newest on: neighbours are mostly of the same client. */
static size_t number_of(const struct publish_limits *limits, const struct rate_limit *limit)
{
    if (limit->per_second == 0)
        return 0;
    for (size_t i = limits->count; i > 0; i--)
        if (slice_eq(limits->at[i - 1].id, limit->id))
            return i;
    return 0;
}

void publish_limits_gather(struct publish_limits *limits, const struct publish_item *item)
{
    for (size_t i = 0; i < RATES; i++) {
        const struct rate_limit *limit = &item->limits[i];
        if (limit->per_second == 0 || number_of(limits, limit) > 0)
            continue;
        if (limits->count == limits->room) {
            limits->room = limits->room ? 2 * limits->room : 4;
            limits->at = xrealloc(limits->at, limits->room * sizeof *limits->at);
        }
        limits->at[limits->count++] = *limit;
    }
}

void publish_limits_fini(struct publish_limits *limits)
{
    free(limits->at);
    *limits = (struct publish_limits){0};
}

void publish_limits_add_keys(const struct publish_limits *limits, uint32_t partition,
                             struct redis_command *command)
{
    for (size_t i = 0; i < limits->count; i++) {
        struct key key = key_of_id(partition, KEY_RATE, limits->at[i].id);
        redis_command_arg(command, key_slice(&key));
    }
}

void publish_limits_add_arguments(const struct publish_limits *limits,
                                  struct redis_command *command)
{
    redis_command_int(command, (int64_t)limits->count);
    for (size_t i = 0; i < limits->count; i++)
        rate_add_arguments(command, &limits->at[i]);
}

void publish_limits_add_numbers(const struct publish_limits *limits,
                                const struct publish_item *item, struct redis_command *command)
{
    for (size_t i = 0; i < RATES; i++)
        redis_command_int(command, (int64_t)number_of(limits, &item->limits[i]));
}

void publish_limits_tell(const struct publish_limits *limits, const struct redis_reply *reply,
                         size_t first, struct publish_item *item)
{
    for (size_t i = 0; i < RATES; i++) {
        const size_t number = number_of(limits, &item->limits[i]);
        item->rates[i] = number == 0 ? (struct rate_state){0}
                                     : rate_read(reply, first + RATE_NUMBERS * (number - 1));
    }
}
