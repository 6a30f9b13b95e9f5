/*
 * endpoints_secret.c - GET /api/endpoints/{id}/secret and POST …/secret/rotate
 */
#include "base/clock.h"
#include "model/json.h"
#include "model/old_secrets.h"
#include "model/rotation_request.h"
#include "../content_type.h"
#include "api.h"
#include "endpoint_change.h"
#include "endpoint_find.h"
#include "endpoint_secret.h"

#define BODY_MAX 4096

struct rotation {
    struct call *call;
    struct signing_secret secret; /* the new one */
    int64_t grace_ms;
    size_t old_count;
    int64_t old_expire_at_ms[OLD_SECRETS_MAX];
};

static void answer(struct call *call, const struct signing_secret *secret,
                   const int64_t *old_expire_at_ms, size_t old_count)
{
    char text[SIGNING_SECRET_TEXT_MAX];
    struct buf body;
    buf_init(&body, BODY_MAX);
    struct json_writer json = {.out = &body};
    signing_secret_format(secret, text);
    json_open(&json, '{');
    json_name(&json, "secret");
    json_put_text(&json, slice_of(text));
    json_name(&json, "old");
    json_open(&json, '[');
    for (size_t i = 0; i < old_count; i++) {
        json_open(&json, '{');
        json_name(&json, "expires_at");
        json_put_rfc3339(&json, old_expire_at_ms[i]);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
    call_answer_json(call, 200, buf_slice(&body));
    buf_fini(&body);
}

/* Those that still sign. */
static struct old_secrets old_of(const struct endpoint *endpoint, int64_t now_at_ms)
{
    struct old_secrets old = {.count = 0};
    if (old_secrets_read(endpoint->old_secrets, &old) == STATUS_OK)
        old_secrets_expire(&old, now_at_ms);
    return old;
}

static size_t ends_of(const struct old_secrets *old, int64_t out[OLD_SECRETS_MAX])
{
    for (size_t i = 0; i < old->count; i++)
        out[i] = old->at[i].expires_at_ms;
    return old->count;
}

static void show_secret(struct call *call, const struct endpoint *endpoint,
                        int64_t failing_since_ms, void *self)
{
    struct signing_secret secret;
    int64_t ends[OLD_SECRETS_MAX];
    struct old_secrets old = old_of(endpoint, clock_wall_ms());
    size_t count = ends_of(&old, ends);
    (void)failing_since_ms;
    (void)self;
    if (endpoint_secret_open(call, endpoint, &secret) == STATUS_OK)
        answer(call, &secret, ends, count);
    else
        call_answer_store_failed(call, STATUS_FAILED);
}

void api_endpoint_secret_get(struct call *call)
{
    endpoint_find(call, show_secret, NULL, NULL);
}

static void on_written(enum status status, void *self)
{
    struct rotation *rotation = self;
    if (status == STATUS_OK)
        answer(rotation->call, &rotation->secret, rotation->old_expire_at_ms, rotation->old_count);
    else
        endpoint_change_failed(rotation->call, status);
}

static void write_rotation(struct rotation *rotation, const struct endpoint *endpoint,
                           const struct old_secrets *old)
{
    struct endpoint_fields fields;
    endpoint_fields_init(&fields);
    endpoint_fields_add(&fields, "secret", endpoint->sealed_secret); /* what is replaced */
    struct buf *sealed = endpoint_fields_text(&fields);
    endpoint_secret_seal(rotation->call, endpoint, &rotation->secret, sealed);
    endpoint_fields_add(&fields, "secret", buf_slice(sealed));
    struct buf *text = endpoint_fields_text(&fields);
    old_secrets_write(old, text);
    endpoint_fields_add(&fields, "old_secrets", buf_slice(text));
    endpoint_change(rotation->call, endpoint, CONFIGURE_SWAP, "endpoint.secret_rotated",
                    (struct slice){0}, &fields, on_written, rotation);
    endpoint_fields_fini(&fields);
}

static void rotate(struct call *call, const struct endpoint *endpoint, int64_t failing_since_ms,
                   void *self)
{
    struct rotation *rotation = self;
    int64_t now_at_ms = clock_wall_ms();
    struct old_secrets old = old_of(endpoint, now_at_ms);
    (void)failing_since_ms;
    if (rotation->grace_ms > 0 && old.count == OLD_SECRETS_MAX) {
        call_answer_problem(call, 422, "limit_reached",
                            "ten replaced secrets sign still; wait until the first of them ends, "
                            "or rotate without grace",
                            "/grace");
        return;
    }
    if (rotation->grace_ms > 0)
        old_secrets_add(&old, endpoint->sealed_secret, now_at_ms + rotation->grace_ms);
    rotation->old_count = ends_of(&old, rotation->old_expire_at_ms);
    write_rotation(rotation, endpoint, &old);
}

void api_endpoint_secret_rotate(struct call *call)
{
    static const char *const types[] = {"application/json", NULL};
    struct slice type;
    struct problem problem;
    struct rotation *rotation = http_request_alloc(call->http, sizeof *rotation);
    *rotation = (struct rotation){.call = call};
    if (content_type_expect(call, types, &type) != STATUS_OK)
        return;
    if (rotation_parse_request(call->http->body, &rotation->secret, &rotation->grace_ms,
                               &problem) != STATUS_OK) {
        call_answer_refused(call, &problem);
        return;
    }
    if (rotation->secret.len == 0)
        endpoint_secret_make(&rotation->secret);
    endpoint_find(call, rotate, NULL, rotation);
}
