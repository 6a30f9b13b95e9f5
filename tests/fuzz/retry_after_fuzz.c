/*
 * retry_after_fuzz.c - whatever a receiver writes there is ignored or a delay within bounds
 */
#include "base/must.h"
#include "dispatcher/retry.h"

#define NOW_MS 1769851800000LL
#define YEAR_10000_MS 253402300800000LL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct durations schedule = {.count = 1, .ms = {1000}};
    static const struct retry_policy policy = {&schedule, 20, 86400000};
    static const struct verdict verdict = {OUTCOME_SNOOZE, "unavailable", CLASS_5XX};
    int64_t delay_ms = -1;
    enum status status =
        retry_after_parse((struct slice){(const char *)data, size}, NOW_MS, &delay_ms);
    if (status != STATUS_OK) {
        must(status == STATUS_INVALID && delay_ms == -1);
        return 0;
    }
    must(delay_ms >= 0 && delay_ms < YEAR_10000_MS && delay_ms % 1000 == 0);
    struct retry_plan plan = retry_plan(&policy, &verdict, 1, 0, delay_ms, size * 7919);
    must(plan.outcome == OUTCOME_SNOOZE);
    must(plan.delay_ms >= SNOOZE_MIN_MS && plan.delay_ms <= policy.snooze_limit_ms);
    must(plan.delay_ms >= delay_ms || plan.delay_ms == policy.snooze_limit_ms);
    return 0;
}
