/*
 * endpoint_request.c - the requests that make an endpoint and change one
 */
#include "endpoint.h"

#include "../base/clock.h"
#include "endpoint_draft.h"
#include "filter_parse.h"
#include "json_members.h"
#include "url.h"
#include "utf8.h"

struct request {
    struct endpoint_draft draft;
    struct signing_secret secret;
    struct buf filter; /* behind the endpoint's */
};

static enum status refuse_type(struct problem *problem, const char *detail)
{
    return problem_set(problem, 422, "wrong_type", "%s", detail);
}

static enum status refuse_value(struct problem *problem, const char *detail)
{
    return problem_set(problem, 422, "invalid_value", "%s", detail);
}

static enum status read_url(yyjson_val *value, void *self, struct problem *problem)
{
    struct request *request = self;
    const char *why;

    if (!yyjson_is_str(value))
        return refuse_type(problem, "must be a text");
    request->draft.endpoint.url = json_value_text(value);
    return url_is_acceptable(request->draft.endpoint.url, &why) ? STATUS_OK
                                                                : refuse_value(problem, why);
}

static enum status read_event_types(yyjson_val *value, void *self, struct problem *problem)
{
    struct request *request = self;
    return endpoint_draft_patterns(&request->draft, value, problem);
}

static enum status read_filter(yyjson_val *value, void *self, struct problem *problem)
{
    struct request *request = self;
    struct filter *filter = filter_parse(value, problem);

    if (filter == NULL)
        return STATUS_INVALID;
    filter_free(&filter);
    if (filter_write(value, &request->filter, problem) != STATUS_OK)
        return STATUS_INVALID;
    request->draft.endpoint.filter = buf_slice(&request->filter);
    return STATUS_OK;
}

static enum status read_headers(yyjson_val *value, void *self, struct problem *problem)
{
    struct request *request = self;
    return endpoint_draft_headers(&request->draft, value, problem);
}

static enum status read_description(yyjson_val *value, void *self, struct problem *problem)
{
    struct request *request = self;
    struct slice *description = &request->draft.endpoint.description;

    if (!yyjson_is_str(value))
        return refuse_type(problem, "must be a text");
    *description = json_value_text(value);
    _Static_assert(ENDPOINT_DESCRIPTION_MAX == 1024, "the text below says 1024");
    if (description->len > ENDPOINT_DESCRIPTION_MAX || utf8_has_control(*description))
        return refuse_value(problem, "must be at most 1024 bytes without control characters");
    return STATUS_OK;
}

static enum status read_max_in_flight(yyjson_val *value, void *self, struct problem *problem)
{
    struct request *request = self;
    uint64_t number;

    if (!yyjson_is_raw(value))
        return refuse_type(problem, "must be a number");
    _Static_assert(ENDPOINT_IN_FLIGHT_MAX == 10000, "the text below says 10000");
    if (slice_to_u64(json_value_text(value), ENDPOINT_IN_FLIGHT_MAX, &number) != STATUS_OK ||
        number == 0)
        return refuse_value(problem, "must be a whole number from 1 to 10000");
    request->draft.endpoint.max_in_flight = (int64_t)number;
    return STATUS_OK;
}

static enum status read_rate_limit(yyjson_val *value, void *self, struct problem *problem)
{
    struct request *request = self;
    return rate_spec_read(value, &request->draft.endpoint.rate, problem);
}

static enum status read_delay(struct request *request, size_t index, yyjson_val *value,
                              struct problem *problem)
{
    struct durations *schedule = &request->draft.endpoint.retry_schedule;
    int64_t ms = 0;

    if (!yyjson_is_str(value))
        refuse_type(problem, "must be a text");
    else if (clock_parse_duration(json_value_text(value), ENDPOINT_RETRY_MAX_MS, &ms) !=
                 STATUS_OK ||
             ms < ENDPOINT_RETRY_MIN_MS)
        refuse_value(problem, "must be a duration such as 5s, 5m or 2h, from 1ms to 30d");
    else
        schedule->ms[schedule->count++] = ms;
    return schedule->count > index ? STATUS_OK : problem_within_index(problem, index);
}

static enum status read_retry_schedule(yyjson_val *value, void *self, struct problem *problem)
{
    struct request *request = self;
    const size_t count = yyjson_arr_size(value);
    yyjson_arr_iter items;

    if (!yyjson_arr_iter_init(value, &items))
        return refuse_type(problem, "must be an array of durations");
    _Static_assert(DURATIONS_MAX == 32, "the text below says 32");
    if (count == 0 || count > DURATIONS_MAX)
        return refuse_value(problem, "must have 1 to 32 durations");
    for (size_t i = 0; i < count; i++)
        if (read_delay(request, i, yyjson_arr_iter_next(&items), problem) != STATUS_OK)
            return STATUS_INVALID;
    return STATUS_OK;
}

static enum status read_timeout(yyjson_val *value, void *self, struct problem *problem)
{
    struct request *request = self;
    int64_t *timeout_ms = &request->draft.endpoint.timeout_ms;

    if (!yyjson_is_str(value))
        return refuse_type(problem, "must be a text");
    if (clock_parse_duration(json_value_text(value), ENDPOINT_TIMEOUT_MAX_MS, timeout_ms) !=
            STATUS_OK ||
        *timeout_ms < ENDPOINT_TIMEOUT_MIN_MS)
        return refuse_value(problem, "must be a duration from 100ms to 5m");
    return STATUS_OK;
}

static enum status read_bool(yyjson_val *value, bool *out, struct problem *problem)
{
    if (!yyjson_is_bool(value))
        return refuse_type(problem, "must be true or false");
    *out = yyjson_get_bool(value);
    return STATUS_OK;
}

static enum status read_ordered(yyjson_val *value, void *self, struct problem *problem)
{
    struct request *request = self;
    return read_bool(value, &request->draft.endpoint.ordered, problem);
}

static enum status read_disabled(yyjson_val *value, void *self, struct problem *problem)
{
    struct request *request = self;
    return read_bool(value, &request->draft.endpoint.disabled, problem);
}

static enum status read_secret(yyjson_val *value, void *self, struct problem *problem)
{
    struct request *request = self;
    if (!yyjson_is_str(value))
        return refuse_type(problem, "must be a text");
    if (signing_secret_parse(json_value_text(value), &request->secret) != STATUS_OK)
        return refuse_value(problem, "must be whsec_ and the base64 of 24 to 64 bytes");
    return STATUS_OK;
}

static enum status read_organization(yyjson_val *value, void *self, struct problem *problem)
{
    struct request *request = self;
    struct endpoint *endpoint = &request->draft.endpoint;

    if (!yyjson_is_str(value))
        return refuse_type(problem, "must be a text");
    if (!other_id_is_valid(json_value_text(value), "org_") ||
        slice_to_text(json_value_text(value), endpoint->org, sizeof endpoint->org) != STATUS_OK)
        return refuse_value(problem, "must be the id of an organization");
    return STATUS_OK;
}

/* The first of them are those that a request may change. */
static const struct json_member members[] = {
    [ENDPOINT_URL] = {"url", true, read_url},
    [ENDPOINT_EVENT_TYPES] = {"event_types", false, read_event_types},
    [ENDPOINT_FILTER] = {"filter", false, read_filter},
    [ENDPOINT_HEADERS] = {"headers", false, read_headers},
    [ENDPOINT_DESCRIPTION] = {"description", false, read_description},
    [ENDPOINT_RATE_LIMIT] = {"rate_limit", false, read_rate_limit},
    [ENDPOINT_MAX_IN_FLIGHT] = {"max_in_flight", false, read_max_in_flight},
    [ENDPOINT_ORDERED] = {"ordered", false, read_ordered},
    [ENDPOINT_RETRY_SCHEDULE] = {"retry_schedule", false, read_retry_schedule},
    [ENDPOINT_TIMEOUT] = {"timeout", false, read_timeout},
    [ENDPOINT_DISABLED] = {"disabled", false, read_disabled},
    [ENDPOINT_MEMBERS] = {"secret", false, read_secret},
    {"organization", false, read_organization},
};

static void init(struct request *request)
{
    *request = (struct request){0};
    endpoint_draft_init(&request->draft);
    buf_init(&request->filter, FILTER_TEXT_MAX);
    request->draft.patterns[0] = SLICE("*");
    request->draft.endpoint.patterns_count = 1;
}

enum status endpoint_parse_request(struct slice body, struct endpoint **out,
                                   struct signing_secret *out_secret, struct problem *problem)
{
    struct json_scratch scratch json_scratch_uncleared;
    struct request request;
    yyjson_doc *doc = json_read(body, JSON_DEPTH_MAX, &scratch, problem);
    enum status status;

    if (doc == NULL)
        return STATUS_INVALID;
    init(&request);
    status =
        json_members_read(yyjson_doc_get_root(doc), members, sizeof members / sizeof members[0],
                          "an endpoint", &request, problem);
    if (status == STATUS_OK) {
        *out = endpoint_copy(&request.draft.endpoint);
        *out_secret = request.secret;
    }
    buf_fini(&request.filter);
    json_read_free(&doc);
    return status;
}

enum status endpoint_parse_patch(struct slice body, struct endpoint **out, unsigned *out_given,
                                 struct problem *problem)
{
    struct json_scratch scratch json_scratch_uncleared;
    struct request request;
    yyjson_doc *doc = json_read(body, JSON_DEPTH_MAX, &scratch, problem);
    enum status status;

    if (doc == NULL)
        return STATUS_INVALID;
    init(&request);
    status = json_members_patch(yyjson_doc_get_root(doc), members, ENDPOINT_MEMBERS,
                                "a change of an endpoint", &request, out_given, problem);
    if (status == STATUS_OK)
        *out = endpoint_copy(&request.draft.endpoint);
    buf_fini(&request.filter);
    json_read_free(&doc);
    return status;
}
