/*
 * inbox_request_fuzz.c - requests of the inbox: what is accepted is within its bounds
 */
#include "base/must.h"
#include "model/inbox_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice body = {.at = (const char *)data, .len = size};
    struct unlease_request unlease;
    struct lease_request lease;
    struct problem problem;

    if (lease_parse_request(body, &lease, &problem) == STATUS_OK) {
        must(lease.lease_seconds >= 1 && lease.lease_seconds <= LEASE_SECONDS_MAX);
        must(lease.limit >= 1 && lease.limit <= LEASE_EVENTS_MAX);
    } else {
        must(problem.http_status == 400 || problem.http_status == 422);
    }
    if (unlease_parse_request(body, 0, &unlease, &problem) == STATUS_OK) {
        must(other_id_is_valid(slice_of(unlease.lease_id), "lse_"));
        must(unlease.count <= LEASE_EVENTS_MAX);
        for (size_t i = 1; i < unlease.count; i++)
            must(stream_id_cmp(unlease.entries[i - 1], unlease.entries[i]) != 0);
    } else {
        must(problem.http_status == 400 || problem.http_status == 422);
    }
    return 0;
}
