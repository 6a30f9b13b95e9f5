/*
 * endpoint_request_fuzz.c - requests that make an endpoint or change one: what is accepted can be stored and read back, and a change is held to
 * the same rules
 */
#include <string.h>

#include "base/must.h"
#include "model/endpoint.h"
#include "model/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_headers(const struct endpoint *endpoint)
{
    must(endpoint->headers_count <= ENDPOINT_HEADERS_MAX);
    for (size_t i = 0; i < endpoint->headers_count; i++) {
        const struct header *header = &endpoint->headers[i];

        must(header->name.len > 0 && header->value.len > 0);
        must(memchr(header->name.at, ':', header->name.len) == NULL);
        must(!utf8_has_control(header->name) &&
             memchr(header->value.at, '\r', header->value.len) == NULL);
        must(memchr(header->value.at, '\n', header->value.len) == NULL);
        must(memchr(header->value.at, '\0', header->value.len) == NULL);
        must(!slice_eq_nocase(header->name, SLICE("host")));
    }
}

/* As the record in Redis has it. */
static void check_record(const struct endpoint *endpoint)
{
    struct endpoint *again = NULL;
    struct buf types, headers, schedule, in_flight, timeout, per_second, burst;

    buf_init(&types, 100000);
    buf_init(&headers, 100000);
    buf_init(&schedule, 10000);
    buf_init(&in_flight, 100);
    buf_init(&timeout, 100);
    buf_init(&per_second, 100);
    buf_init(&burst, 100);
    endpoint_patterns_json(endpoint, &types);
    endpoint_headers_json(endpoint, &headers);
    endpoint_schedule_text(endpoint, &schedule);
    if (endpoint->max_in_flight > 0)
        buf_add_i64(&in_flight, endpoint->max_in_flight);
    if (endpoint->timeout_ms > 0)
        buf_add_i64(&timeout, endpoint->timeout_ms);
    if (endpoint->rate.per_second > 0) {
        buf_add_i64(&per_second, endpoint->rate.per_second);
        buf_add_i64(&burst, endpoint->rate.burst);
    }
    const struct slice fields[] = {
        SLICE("id"),
        SLICE("ep_00000000000000000000"),
        SLICE("org"),
        SLICE("org_00000000000000000000"),
        SLICE("url"),
        endpoint->url,
        SLICE("event_types"),
        buf_slice(&types),
        SLICE("filter"),
        endpoint->filter,
        SLICE("headers"),
        buf_slice(&headers),
        SLICE("description"),
        endpoint->description,
        SLICE("secret"),
        SLICE("v1:"),
        SLICE("old_secrets"),
        SLICE(""),
        SLICE("disabled"),
        endpoint->disabled ? SLICE("1") : SLICE("0"),
        SLICE("disabled_reason"),
        SLICE(""),
        SLICE("paused"),
        SLICE("0"),
        SLICE("created_at"),
        SLICE("1"),
        SLICE("updated_at"),
        SLICE("1"),
        SLICE("max_in_flight"),
        buf_slice(&in_flight),
        SLICE("retry_schedule"),
        buf_slice(&schedule),
        SLICE("rate_per_second"),
        buf_slice(&per_second),
        SLICE("rate_burst"),
        buf_slice(&burst),
        SLICE("ordered"),
        endpoint->ordered ? SLICE("1") : SLICE("0"),
        SLICE("timeout_ms"),
        buf_slice(&timeout),
    };
    must(endpoint_from_fields(fields, sizeof fields / sizeof fields[0], &again) == STATUS_OK);
    must(slice_eq(again->url, endpoint->url));
    must(slice_eq(again->filter, endpoint->filter));
    must(again->patterns_count == endpoint->patterns_count);
    must(again->headers_count == endpoint->headers_count);
    must(again->retry_schedule.count == endpoint->retry_schedule.count);
    must(again->ordered == endpoint->ordered && again->rate.burst == endpoint->rate.burst);
    endpoint_free(&again);
    buf_fini(&types);
    buf_fini(&headers);
    buf_fini(&schedule);
    buf_fini(&in_flight);
    buf_fini(&timeout);
    buf_fini(&per_second);
    buf_fini(&burst);
}

static void check_problem(const struct problem *problem)
{
    must(problem->http_status == 400 || problem->http_status == 422);
    must(utf8_is_valid(slice_of(problem->pointer)) && problem->detail[0] != '\0');
}

/* What makes an endpoint changes one, too, unless it says whose it is or what its secret is. */
static void check_patch(struct slice body, const struct endpoint *made, bool has_more)
{
    struct endpoint *changed = NULL;
    struct problem problem;
    unsigned given;

    if (endpoint_parse_patch(body, &changed, &given, &problem) != STATUS_OK) {
        check_problem(&problem);
        must(made == NULL || has_more);
        return;
    }
    must(given < 1U << ENDPOINT_MEMBERS);
    check_headers(changed);
    if ((given & 1U << ENDPOINT_URL) != 0)
        check_record(changed);
    else
        must(made == NULL && changed->url.len == 0);
    must(made == NULL || slice_eq(made->url, changed->url));
    endpoint_free(&changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice body = {(const char *)data, size};
    struct endpoint *endpoint = NULL;
    struct signing_secret secret = {.len = 0};
    struct problem problem;

    if (endpoint_parse_request(body, &endpoint, &secret, &problem) != STATUS_OK) {
        check_problem(&problem);
        check_patch(body, NULL, false);
        return 0;
    }
    check_headers(endpoint);
    check_record(endpoint);
    check_patch(body, endpoint, secret.len > 0 || endpoint->org[0] != '\0');
    endpoint_free(&endpoint);
    return 0;
}
