/*
 * retry.c - when to try again, and when to stop
 */
#include "retry.h"

#include "base/clock.h"
#include "base/must.h"

#define JITTER_STEPS 4096

int64_t retry_jitter(int64_t delay_ms, uint64_t random)
{
    int64_t spread_ms = delay_ms / 5;
    int64_t step = (int64_t)(random % (JITTER_STEPS + 1));
    return delay_ms - spread_ms + 2 * spread_ms * step / JITTER_STEPS;
}

static enum status parse_seconds(struct slice text, int64_t *out_delay_ms)
{
    struct slice fraction = text;
    struct slice whole = slice_cut(&fraction, '.');
    bool has_fraction = whole.len < text.len;
    uint64_t seconds = 0;
    if (slice_to_u64(whole, RETRY_AFTER_MAX_S, &seconds) != STATUS_OK) {
        return STATUS_INVALID;
    }
    bool rounds_up = false;
    for (size_t i = 0; i < fraction.len; i++) {
        if (fraction.at[i] < '0' || fraction.at[i] > '9') {
            return STATUS_INVALID;
        }
        rounds_up = rounds_up || fraction.at[i] != '0';
    }
    if (has_fraction && fraction.len == 0) {
        return STATUS_INVALID;
    }
    seconds += rounds_up ? 1 : 0;
    if (seconds > RETRY_AFTER_MAX_S) {
        return STATUS_INVALID;
    }
    *out_delay_ms = (int64_t)seconds * 1000;
    return STATUS_OK;
}

enum status retry_after_parse(struct slice text, int64_t now_at_ms, int64_t *out_delay_ms)
{
    struct slice value = slice_trim(text);
    if (parse_seconds(value, out_delay_ms) == STATUS_OK) {
        return STATUS_OK;
    }
    int64_t at_ms = 0;
    if (clock_parse_http_date(value, &at_ms) != STATUS_OK) {
        return STATUS_INVALID;
    }
    *out_delay_ms = at_ms > now_at_ms ? at_ms - now_at_ms : 0;
    return STATUS_OK;
}

static struct retry_plan plan_snooze(const struct retry_policy *policy,
                                     const struct verdict *verdict, uint32_t snoozes,
                                     int64_t retry_after_ms, uint64_t random)
{
    if (snoozes >= policy->snooze_max) {
        return (struct retry_plan){.outcome = OUTCOME_DEAD, .reason = "snoozes_exhausted"};
    }
    int64_t delay_ms = retry_after_ms < SNOOZE_MIN_MS ? SNOOZE_MIN_MS : retry_after_ms;
    /* Never earlier than asked, but not all who were told the same at the same moment. */
    delay_ms += (int64_t)(random % (uint64_t)(delay_ms / 10 + 1));
    if (delay_ms > policy->snooze_limit_ms) {
        delay_ms = policy->snooze_limit_ms;
    }
    return (struct retry_plan){OUTCOME_SNOOZE, verdict->reason, delay_ms};
}

static struct retry_plan plan_retry(const struct retry_policy *policy,
                                    const struct verdict *verdict, uint32_t attempt,
                                    uint64_t random)
{
    must(attempt > 0);
    if (attempt > policy->schedule->count) {
        return (struct retry_plan){.outcome = OUTCOME_DEAD, .reason = "retries_exhausted"};
    }
    int64_t delay_ms = retry_jitter(policy->schedule->ms[attempt - 1], random);
    return (struct retry_plan){OUTCOME_RETRY, verdict->reason, delay_ms};
}

struct retry_plan retry_plan(const struct retry_policy *policy, const struct verdict *verdict,
                             uint32_t attempt, uint32_t snoozes, int64_t retry_after_ms,
                             uint64_t random)
{
    switch (verdict->outcome) {
    case OUTCOME_SNOOZE:
        return plan_snooze(policy, verdict, snoozes, retry_after_ms, random);
    case OUTCOME_RETRY:
        return plan_retry(policy, verdict, attempt, random);
    case OUTCOME_DELIVERED:
    case OUTCOME_DEAD:
        break;
    case OUTCOME_PARK:
    case OUTCOME_HOLD:
    case OUTCOME_READY:
    case OUTCOME_LATE:
        must(verdict->outcome == OUTCOME_DEAD); /* those four are not about an attempt */
    }
    return (struct retry_plan){.outcome = verdict->outcome, .reason = verdict->reason};
}
