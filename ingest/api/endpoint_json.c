#include "endpoint_json.h"

static void put_duration(struct json_writer *json, int64_t ms)
{
    struct buf text;
    buf_init(&text, 32);
    buf_add_i64(&text, ms);
    buf_add_text(&text, "ms");
    json_put_text(json, buf_slice(&text));
    buf_fini(&text);
}

static void put_schedule(struct json_writer *json, const struct durations *schedule)
{
    json_open(json, '[');
    for (size_t i = 0; i < schedule->count; i++)
        put_duration(json, schedule->ms[i]);
    json_close(json, ']');
}

static void put_matching(struct json_writer *json, const struct endpoint *endpoint)
{
    struct buf text;
    buf_init(&text, ENDPOINT_JSON_MAX);
    json_name(json, "event_types");
    endpoint_patterns_json(endpoint, &text);
    json_put_raw(json, buf_slice(&text));
    json_name(json, "filter");
    if (endpoint->filter.len > 0)
        json_put_raw(json, endpoint->filter);
    else
        json_put_null(json);
    buf_clear(&text);
    json_name(json, "headers");
    endpoint_headers_json(endpoint, &text);
    json_put_raw(json, buf_slice(&text));
    buf_fini(&text);
}

static void put_state(struct json_writer *json, const struct endpoint *endpoint,
                      int64_t failing_since_ms)
{
    json_name(json, "disabled");
    json_put_bool(json, endpoint->disabled);
    json_name(json, "disabled_reason");
    if (endpoint->disabled)
        json_put_text(json, endpoint->disabled_reason);
    else
        json_put_null(json);
    json_name(json, "paused");
    json_put_bool(json, endpoint->paused);
    json_name(json, "failing_since");
    if (failing_since_ms > 0)
        json_put_rfc3339(json, failing_since_ms);
    else
        json_put_null(json);
}

/* null: none, or the dispatcher's default. */
static void put_policy(struct json_writer *json, const struct endpoint *endpoint)
{
    json_name(json, "rate_limit");
    rate_spec_json(json, &endpoint->rate);
    json_name(json, "ordered");
    json_put_bool(json, endpoint->ordered);
    json_name(json, "max_in_flight");
    if (endpoint->max_in_flight > 0)
        json_put_int(json, endpoint->max_in_flight);
    else
        json_put_null(json);
    json_name(json, "timeout");
    if (endpoint->timeout_ms > 0)
        put_duration(json, endpoint->timeout_ms);
    else
        json_put_null(json);
    json_name(json, "retry_schedule");
    if (endpoint->retry_schedule.count > 0)
        put_schedule(json, &endpoint->retry_schedule);
    else
        json_put_null(json);
}

void endpoint_put(struct json_writer *json, const struct endpoint *endpoint,
                  int64_t failing_since_ms, const struct signing_secret *secret)
{
    json_open(json, '{');
    json_name(json, "id");
    json_put_text(json, slice_of(endpoint->id));
    json_name(json, "organization");
    json_put_text(json, slice_of(endpoint->org));
    json_name(json, "url");
    json_put_text(json, endpoint->url);
    put_matching(json, endpoint);
    json_name(json, "description");
    json_put_text(json, endpoint->description);
    put_state(json, endpoint, failing_since_ms);
    put_policy(json, endpoint);
    if (secret) {
        char text[SIGNING_SECRET_TEXT_MAX];
        signing_secret_format(secret, text);
        json_name(json, "secret");
        json_put_text(json, slice_of(text));
    }
    json_name(json, "created_at");
    json_put_rfc3339(json, endpoint->created_at_ms);
    json_name(json, "updated_at");
    json_put_rfc3339(json, endpoint->updated_at_ms);
    json_close(json, '}');
}

void endpoint_answer(struct call *call, int status, const struct endpoint *endpoint,
                     int64_t failing_since_ms, const struct signing_secret *secret)
{
    struct buf body;
    buf_init(&body, ENDPOINT_JSON_MAX);
    struct json_writer json = {.out = &body};
    endpoint_put(&json, endpoint, failing_since_ms, secret);
    call_answer_json(call, status, buf_slice(&body));
    buf_fini(&body);
}
