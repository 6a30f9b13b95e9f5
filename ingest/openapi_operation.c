/*
 * openapi_operation.c - one operation: its parameters, its bodies, its answers, and who may ask for it
 */
#include "openapi_operation.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "content_type.h"
#include "files.h"
#include "io/http_server.h"
#include "model/json.h"
#include "route.h"

#define NAME_MAX 128

/* Bodies that are something else than one JSON text, or may be. */
static const struct {
    const char *schema, *media;
} medias[] = {
    {"Page", "text/html"},
    {"EventBatch", "application/json"},
    {"EventLines", "application/x-ndjson"},
    {"EventPack", "application/msgpack"},
    {"CloudEvent", CLOUDEVENT_TYPE},
    {"CloudEventBatch", CLOUDEVENT_BATCH_TYPE},
    {"CloudEventData", "*/*"},
};

/* The same body in other forms. */
static const struct {
    const char *schema, *other;
} forms[] = {{"EventBatch", "EventLines"},      {"EventBatch", "EventPack"},
             {"EventBatch", "CloudEventBatch"}, {"Event", "CloudEvent"},
             {"Event", "CloudEventBatch"},      {"Event", "CloudEventData"}};

/* That a single event may come with. */
static const char *const event_headers[] = {"Idempotency-Key", "ce-specversion", "ce-id",
                                            "ce-source",       "ce-type",        "ce-subject",
                                            "ce-time",         "ce-dataschema"};

static void put_member(struct json_writer *json, const char *name, const char *text)
{
    json_name(json, name);
    json_put_text(json, slice_of(text));
}

static void put_ref(struct json_writer *json, const char *kind, const char *name)
{
    char text[NAME_MAX];
    snprintf(text, sizeof text, "#/components/%s/%s", kind, name);
    json_open(json, '{');
    put_member(json, "$ref", text);
    json_close(json, '}');
}

/* The value of a member, empty when there is none. */
static struct slice member_of(struct slice object, const char *wanted)
{
    struct json_span_iter members;
    struct slice name, value;
    must(json_spans_start(object, &members));
    while (json_spans_next(&members, &name, &value))
        if (slice_is(name, wanted))
            return value;
    return (struct slice){0};
}

static void put_parameter(struct json_writer *json, const struct route *route, struct slice name)
{
    struct slice known = member_of(files_bytes("components.json"), "parameters");
    char text[NAME_MAX];
    int prefix = snprintf(text, sizeof text, "%s.", route->tag);
    snprintf(text + prefix, sizeof text - (size_t)prefix, "%.*s", (int)name.len, name.at);
    put_ref(json, "parameters", member_of(known, text).len > 0 ? text : text + prefix);
}

static bool has_id(const struct route *route)
{
    return strstr(route->path, "{id}") != NULL;
}

static void put_parameters(struct json_writer *json, const struct route *route)
{
    struct slice query = slice_of(route->query);
    bool is_event = route->request && strcmp(route->request, "Event") == 0;
    json_name(json, "parameters");
    json_open(json, '[');
    if (has_id(route))
        put_parameter(json, route, SLICE("id"));
    while (query.len > 0)
        put_parameter(json, route, slice_cut(&query, ' '));
    for (size_t i = 0; is_event && i < sizeof event_headers / sizeof event_headers[0]; i++)
        put_parameter(json, route, slice_of(event_headers[i]));
    json_close(json, ']');
}

static void put_media(struct json_writer *json, const char *schema)
{
    const char *media = "application/json";
    for (size_t i = 0; i < sizeof medias / sizeof medias[0]; i++)
        if (strcmp(schema, medias[i].schema) == 0)
            media = medias[i].media;
    json_name(json, media);
    json_open(json, '{');
    json_name(json, "schema");
    put_ref(json, "schemas", schema);
    json_close(json, '}');
}

static void put_content(struct json_writer *json, const char *schema)
{
    json_name(json, "content");
    json_open(json, '{');
    put_media(json, schema);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(schema, forms[i].schema) == 0)
            put_media(json, forms[i].other);
    json_close(json, '}');
}

/* A body none of whose members are needed need not be sent at all. */
static bool needs_body(const char *schema)
{
    struct slice said = member_of(files_bytes("schemas.json"), schema);
    return member_of(said, "properties").len == 0 || member_of(said, "minProperties").len > 0 ||
           !slice_is(member_of(said, "required"), "[]");
}

static void put_request(struct json_writer *json, const struct route *route)
{
    if (!route->request)
        return;
    json_name(json, "requestBody");
    json_open(json, '{');
    json_name(json, "required");
    json_put_bool(json, needs_body(route->request));
    put_content(json, route->request);
    json_close(json, '}');
}

/* Whether it is listed among the problems; out_schema: what it names, else empty. */
static bool is_listed(const struct route *route, int status, struct slice *out_schema)
{
    struct slice list = slice_of(route->problems);
    char text[8];
    snprintf(text, sizeof text, "%d", status);
    while (list.len > 0) {
        struct slice schema = slice_cut(&list, ' ');
        if (slice_is(slice_cut(&schema, '='), text)) {
            *out_schema = schema;
            return true;
        }
    }
    return false;
}

static bool is_limited(const struct route *route)
{
    return route->scope && strcmp(route->scope, "admin") != 0;
}

/* Whether the columns say that such a problem may come; some may come of any request at all. */
static bool follows(const struct route *route, int status)
{
    bool has_body = route->body != BODY_NONE;
    switch (status) {
    case 400:
    case 408:
    case 413:
    case 417:
    case 431:
        return true;
    case 401:
        return route->scope != NULL;
    case 403:
        return route->scope && (route->scope[0] || !route->admin_too);
    case 404:
        return has_id(route);
    case 415:
        return has_body;
    case 422:
        return has_body || strstr(route->query, "organization") != NULL;
    case 429:
        return is_limited(route);
    case 503:
        return route->scope != NULL || has_body;
    default:
        return false;
    }
}

static void put_answer_headers(struct json_writer *json, const struct route *route)
{
    static const char *const names[] = {
        "X-Request-Id",      "RateLimit-Policy",      "RateLimit",
        "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"};
    size_t count = is_limited(route) ? sizeof names / sizeof names[0] : 1;
    json_name(json, "headers");
    json_open(json, '{');
    for (size_t i = 0; i < count; i++) {
        json_name(json, names[i]);
        put_ref(json, "headers", names[i]);
    }
    json_close(json, '}');
}

static void put_response(struct json_writer *json, const struct route *route, int status,
                         const char *schema)
{
    json_open(json, '{');
    put_member(json, "description", http_status_title(status));
    put_answer_headers(json, route);
    if (schema && status != 204)
        put_content(json, schema);
    json_close(json, '}');
}

static void put_responses(struct json_writer *json, const struct route *route)
{
    json_name(json, "responses");
    json_open(json, '{');
    for (int status = 200; status < 600; status++) {
        struct slice named = {0};
        char text[8], schema[NAME_MAX];
        bool listed = is_listed(route, status, &named);
        if (status != route->status && !listed && !follows(route, status))
            continue;
        must(slice_to_text(named, schema, sizeof schema) == STATUS_OK);
        snprintf(text, sizeof text, "%d", status);
        json_name(json, text);
        if (named.len > 0)
            put_response(json, route, status, schema);
        else if (status < 400)
            put_response(json, route, status, route->response);
        else
            put_ref(json, "responses", text);
    }
    json_close(json, '}');
}

static void put_requirement(struct json_writer *json, const char *scheme, const char *scope)
{
    json_open(json, '{');
    json_name(json, scheme);
    json_open(json, '[');
    if (scope[0])
        json_put_text(json, slice_of(scope));
    json_close(json, ']');
    json_close(json, '}');
}

/* A list of alternatives; an empty one: open to all. */
static void put_security(struct json_writer *json, const struct route *route)
{
    json_name(json, "security");
    json_open(json, '[');
    if (is_limited(route)) {
        put_requirement(json, "apiKey", route->scope);
        put_requirement(json, "apiKeyHeader", route->scope);
    }
    if (route->scope && (route->admin_too || !is_limited(route)))
        put_requirement(json, "adminToken", "");
    json_close(json, ']');
}

/* "POST /api/events/batch" is post_events_batch. */
static void put_operation_id(struct json_writer *json, const struct route *route)
{
    const char *path = route->path + (strncmp(route->path, "/api/", 5) == 0 ? 4 : 0);
    char text[NAME_MAX];
    size_t len = 0;
    for (const char *at = route->method; *at; at++)
        text[len++] = (char)tolower((unsigned char)*at);
    for (const char *at = path; *at && len < sizeof text; at++)
        if (*at != '{' && *at != '}')
            text[len++] = *at == '/' || *at == '.' ? '_' : *at;
    json_name(json, "operationId");
    json_put_text(json, (struct slice){text, len});
}

void openapi_operation_put(struct json_writer *json, const struct route *route)
{
    char method[8];
    size_t len = 0;
    for (const char *at = route->method; *at; at++)
        method[len++] = (char)tolower((unsigned char)*at);
    method[len] = '\0';
    json_name(json, method);
    json_open(json, '{');
    put_operation_id(json, route);
    put_member(json, "summary", route->summary);
    json_name(json, "tags");
    json_open(json, '[');
    json_put_text(json, slice_of(route->tag));
    json_close(json, ']');
    put_security(json, route);
    put_parameters(json, route);
    put_request(json, route);
    put_responses(json, route);
    json_close(json, '}');
}
