#include "rate.h"

#include <stdio.h>
#include <string.h>

struct rate_state rate_read(const struct redis_reply *reply, size_t index)
{
    return (struct rate_state){
        .is_known = true,
        .remaining = redis_reply_int(redis_reply_at(reply, index)),
        .reset_ms = redis_reply_int(redis_reply_at(reply, index + 1)),
        .retry_ms = redis_reply_int(redis_reply_at(reply, index + 2)),
    };
}

static int64_t seconds(int64_t ms)
{
    return (ms + 999) / 1000;
}

int64_t rate_retry_after_s(const struct rate_state states[RATES])
{
    int64_t most = 1;
    for (size_t i = 0; i < RATES; i++)
        if (states[i].is_known && seconds(states[i].retry_ms) > most)
            most = seconds(states[i].retry_ms);
    return most;
}

enum { POLICY, LEFT, LIMIT, REMAINING, RESET };

/* A bucket of burst units that fills in burst / rate seconds. */
static void write_lists(const struct rate_limit *limit, const struct rate_state *state,
                        const char *name, char text[RATE_HEADERS][RATE_TEXT_MAX])
{
    const size_t policy = strlen(text[POLICY]), left = strlen(text[LEFT]);
    const char *comma = policy > 0 ? ", " : "";
    const int64_t window_s = (limit->burst + limit->per_second - 1) / limit->per_second;

    snprintf(text[POLICY] + policy, RATE_TEXT_MAX - policy, "%s\"%s\";q=%lld;w=%lld", comma, name,
             (long long)limit->burst, (long long)window_s);
    snprintf(text[LEFT] + left, RATE_TEXT_MAX - left, "%s\"%s\";r=%lld;t=%lld", comma, name,
             (long long)state->remaining, (long long)seconds(state->reset_ms));
}

size_t rate_headers(const struct rate_limit limits[RATES], const struct rate_state states[RATES],
                    struct http_header out[RATE_HEADERS], char text[RATE_HEADERS][RATE_TEXT_MAX])
{
    static const char *const limiters[RATES] = {[RATE_ORG] = "organization", [RATE_KEY] = "key"};
    static const char *const names[RATE_HEADERS] = {
        [POLICY] = "RateLimit-Policy",         [LEFT] = "RateLimit",
        [LIMIT] = "X-RateLimit-Limit",         [RESET] = "X-RateLimit-Reset",
        [REMAINING] = "X-RateLimit-Remaining",
    };
    size_t least = RATES;

    memset(text, 0, RATE_HEADERS * sizeof text[0]);
    for (size_t i = 0; i < RATES; i++) {
        if (!states[i].is_known)
            continue;
        write_lists(&limits[i], &states[i], limiters[i], text);
        if (least == RATES || states[i].remaining < states[least].remaining)
            least = i;
    }
    if (least == RATES)
        return 0;
    snprintf(text[LIMIT], RATE_TEXT_MAX, "%lld", (long long)limits[least].burst);
    snprintf(text[REMAINING], RATE_TEXT_MAX, "%lld", (long long)states[least].remaining);
    snprintf(text[RESET], RATE_TEXT_MAX, "%lld", (long long)seconds(states[least].reset_ms));
    for (size_t i = 0; i < RATE_HEADERS; i++)
        out[i] = (struct http_header){slice_of(names[i]), slice_of(text[i])};
    return RATE_HEADERS;
}
