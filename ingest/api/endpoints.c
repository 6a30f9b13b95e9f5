/*
 * endpoints.c - POST /api/endpoints
 */
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "model/endpoint.h"
#include "model/json.h"
#include "model/secret_box.h"
#include "../configure.h"
#include "../content_type.h"
#include "../state.h"
#include "../org_scope.h"
#include "api.h"

#define TEXT_MAX (64 * 1024)
#define SECRET_BYTES                                                                               \
    24 /* a multiple of three: no padding in its text, which some receivers' libraries trip over */

struct creation {
    struct call *call;
    struct endpoint *endpoint; /* freed with the answer */
    struct signing_secret secret;
    int64_t created_at_ms;
};

static void put_optional(struct json_writer *json, const struct endpoint *endpoint)
{
    if (endpoint->max_in_flight > 0) {
        json_name(json, "max_in_flight");
        json_put_int(json, endpoint->max_in_flight);
    }
    if (endpoint->timeout_ms > 0) {
        struct buf text;
        buf_init(&text, 32);
        buf_printf(&text, "%lldms", (long long)endpoint->timeout_ms);
        json_name(json, "timeout");
        json_put_text(json, buf_slice(&text));
        buf_fini(&text);
    }
    if (endpoint->retry_schedule.count == 0)
        return;
    json_name(json, "retry_schedule");
    json_open(json, '[');
    for (size_t i = 0; i < endpoint->retry_schedule.count; i++) {
        struct buf text;
        buf_init(&text, 32);
        buf_printf(&text, "%lldms", (long long)endpoint->retry_schedule.ms[i]);
        json_put_text(json, buf_slice(&text));
        buf_fini(&text);
    }
    json_close(json, ']');
}

static void put_endpoint(struct json_writer *json, const struct creation *creation)
{
    const struct endpoint *endpoint = creation->endpoint;
    struct buf text;
    char secret[SIGNING_SECRET_TEXT_MAX];
    buf_init(&text, TEXT_MAX);
    json_open(json, '{');
    json_name(json, "id");
    json_put_text(json, slice_of(endpoint->id));
    json_name(json, "organization");
    json_put_text(json, slice_of(endpoint->org));
    json_name(json, "url");
    json_put_text(json, endpoint->url);
    json_name(json, "event_types");
    endpoint_patterns_json(endpoint, &text);
    json_put_raw(json, buf_slice(&text));
    buf_clear(&text);
    if (endpoint->filter.len > 0) {
        json_name(json, "filter");
        json_put_raw(json, endpoint->filter);
    }
    json_name(json, "headers");
    endpoint_headers_json(endpoint, &text);
    json_put_raw(json, buf_slice(&text));
    json_name(json, "description");
    json_put_text(json, endpoint->description);
    json_name(json, "disabled");
    json_put_bool(json, endpoint->disabled);
    put_optional(json, endpoint);
    json_name(json, "secret");
    signing_secret_format(&creation->secret, secret);
    json_put_text(json, slice_of(secret));
    json_name(json, "created_at");
    json_put_rfc3339(json, creation->created_at_ms);
    json_close(json, '}');
    buf_fini(&text);
}

static void on_written(enum status status, void *self)
{
    struct creation *creation = self;
    struct endpoint *endpoint = creation->endpoint; /* the creation goes with the answer */
    if (status != STATUS_OK) {
        call_answer_store_failed(creation->call, status);
    } else {
        struct buf body;
        buf_init(&body, 4 * TEXT_MAX);
        struct json_writer json = {.out = &body};
        put_endpoint(&json, creation);
        call_answer_json(creation->call, 201, buf_slice(&body));
        buf_fini(&body);
    }
    endpoint_free(&endpoint);
}

static void seal(const struct creation *creation, struct buf *out)
{
    char plain[SIGNING_SECRET_TEXT_MAX];
    uint8_t nonce[12];
    struct buf context;
    buf_init(&context, 256);
    buf_printf(&context, "%s|%s|secret", creation->endpoint->org, creation->endpoint->id);
    random_bytes(nonce, sizeof nonce);
    signing_secret_format(&creation->secret, plain);
    secret_box_seal(service_secret_key(creation->call->ingest->service), nonce, buf_slice(&context),
                    slice_of(plain), out);
    buf_fini(&context);
}

/* The texts of the record that are not in the endpoint as they are. */
struct texts {
    struct buf types, headers, schedule, secret, in_flight, timeout, created_at;
};

static void write_texts(const struct creation *creation, struct texts *texts)
{
    struct buf *all[] = {&texts->types,     &texts->headers, &texts->schedule,  &texts->secret,
                         &texts->in_flight, &texts->timeout, &texts->created_at};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buf_init(all[i], TEXT_MAX);
    endpoint_patterns_json(creation->endpoint, &texts->types);
    endpoint_headers_json(creation->endpoint, &texts->headers);
    endpoint_schedule_text(creation->endpoint, &texts->schedule);
    seal(creation, &texts->secret);
    if (creation->endpoint->max_in_flight > 0)
        buf_add_i64(&texts->in_flight, creation->endpoint->max_in_flight);
    if (creation->endpoint->timeout_ms > 0)
        buf_add_i64(&texts->timeout, creation->endpoint->timeout_ms);
    buf_add_i64(&texts->created_at, creation->created_at_ms);
}

static void free_texts(struct texts *texts)
{
    struct buf *all[] = {&texts->types,     &texts->headers, &texts->schedule,  &texts->secret,
                         &texts->in_flight, &texts->timeout, &texts->created_at};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buf_fini(all[i]);
}

static void write_endpoint(struct call *call, const char *org, void *self)
{
    struct creation *creation = self;
    struct endpoint *endpoint = creation->endpoint;
    struct store *store = service_store(call->ingest->service);
    uint32_t partition = partition_of(slice_of(org), store_partitions(store));
    other_id_format("ep_", creation->created_at_ms, random_u64(), endpoint->id);
    memcpy(endpoint->org, org, sizeof endpoint->org);
    struct texts texts;
    write_texts(creation, &texts);
    const struct slice fields[] = {SLICE("id"),
                                   slice_of(endpoint->id),
                                   SLICE("org"),
                                   slice_of(org),
                                   SLICE("url"),
                                   endpoint->url,
                                   SLICE("event_types"),
                                   buf_slice(&texts.types),
                                   SLICE("filter"),
                                   endpoint->filter,
                                   SLICE("headers"),
                                   buf_slice(&texts.headers),
                                   SLICE("description"),
                                   endpoint->description,
                                   SLICE("secret"),
                                   buf_slice(&texts.secret),
                                   SLICE("disabled"),
                                   endpoint->disabled ? SLICE("1") : SLICE("0"),
                                   SLICE("disabled_reason"),
                                   endpoint->disabled ? SLICE("created_disabled")
                                                      : (struct slice){0},
                                   SLICE("max_in_flight"),
                                   buf_slice(&texts.in_flight),
                                   SLICE("retry_schedule"),
                                   buf_slice(&texts.schedule),
                                   SLICE("timeout_ms"),
                                   buf_slice(&texts.timeout),
                                   SLICE("created_at"),
                                   buf_slice(&texts.created_at),
                                   SLICE("updated_at"),
                                   buf_slice(&texts.created_at)};
    struct key index = key_of_id(partition, KEY_ORG_ENDPOINTS, slice_of(org));
    struct configure_change change = {
        .record = key_of_id(partition, KEY_ENDPOINT, slice_of(endpoint->id)),
        .index = &index,
        .member = slice_of(endpoint->id),
        .rule = CONFIGURE_CREATE,
        .kind = "endpoint",
        .id = slice_of(endpoint->id),
        .org = slice_of(org),
        .action = "endpoint.created",
        .target = slice_of(endpoint->id),
        .call = call,
    };
    configure_write(call->ingest->configurer, &change, fields, sizeof fields / sizeof fields[0],
                    on_written, creation);
    free_texts(&texts);
}

static void on_refused(void *self)
{
    struct creation *creation = self;
    endpoint_free(&creation->endpoint);
}

void api_endpoints_post(struct call *call)
{
    static const char *const types[] = {"application/json", NULL};
    struct slice type;
    struct problem problem;
    struct creation *creation = http_request_alloc(call->http, sizeof *creation);
    *creation = (struct creation){.call = call, .created_at_ms = clock_wall_ms()};
    if (content_type_expect(call, types, &type) != STATUS_OK)
        return;
    if (endpoint_parse_request(call->http->body, &creation->endpoint, &creation->secret,
                               &problem) != STATUS_OK) {
        call_answer_refused(call, &problem);
        return;
    }
    if (creation->secret.len == 0) {
        creation->secret.len = SECRET_BYTES;
        random_bytes(creation->secret.bytes, SECRET_BYTES);
    }
    org_scope_find(call, creation->endpoint->org, write_endpoint, on_refused, creation);
}
