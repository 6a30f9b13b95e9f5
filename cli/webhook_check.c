/*
 * webhook_check.c - a webhook as it arrived: what it says, and whether its signature is right
 */
#include "webhook_check.h"

#include "model/hook_event.h"
#include "model/json_read.h"
#include "print.h"

#define DATA_SHOWN 400

/* The body's type, decoded; its data as it came. Anything may have been posted. */
static void read_body(struct slice body, struct webhook *out)
{
    struct json_scratch scratch json_scratch_uncleared;
    struct problem problem = {0};
    yyjson_doc *doc = json_read(body, JSON_DEPTH_MAX + 1, &scratch, &problem);
    struct json_span_iter members;
    struct slice name, value;
    yyjson_val *type;

    if (doc == NULL)
        return;
    type = yyjson_obj_get(yyjson_doc_get_root(doc), "type");
    if (yyjson_is_str(type))
        text_keep(out->type, sizeof out->type, json_value_text(type));
    if (yyjson_is_obj(yyjson_doc_get_root(doc)) && json_spans_start(body, &members)) {
        while (json_spans_next(&members, &name, &value)) {
            if (slice_is(name, "data"))
                out->data = value;
            else if (slice_is(name, "cloudevent"))
                out->ce = value;
        }
    }
    json_read_free(&doc);
}

static enum verdict judge(const struct http_request *request, const struct signing_secret *secret,
                          int64_t now_ms)
{
    if (secret == NULL)
        return VERDICT_UNCHECKED;
    return signature_verify(secret, http_request_header(request, "webhook-id"),
                            http_request_header(request, "webhook-timestamp"),
                            http_request_header(request, "webhook-signature"), request->body,
                            now_ms / 1000) == STATUS_OK
               ? VERDICT_RIGHT
               : VERDICT_WRONG;
}

void webhook_check(const struct http_request *request, const struct signing_secret *secret,
                   int64_t now_ms, struct webhook *out)
{
    uint64_t attempt;

    *out = (struct webhook){
        .id = http_request_header(request, "webhook-id"),
        .attempt = -1,
        .received_at_ms = now_ms,
        .body_bytes = request->body.len,
        .verdict = judge(request, secret, now_ms),
    };
    if (slice_to_u64(http_request_header(request, "x-millrace-attempt"), INT32_MAX, &attempt) ==
        STATUS_OK)
        out->attempt = (int64_t)attempt;
    read_body(request->body, out);
}

void webhook_json(const struct webhook *webhook, struct buf *out)
{
    struct json_writer json = {.out = out};

    json_open(&json, '{');
    member_text(&json, "id", webhook->id);
    member_text(&json, "type", slice_of(webhook->type));
    json_name(&json, "attempt");
    if (webhook->attempt >= 0)
        json_put_int(&json, webhook->attempt);
    else
        json_put_null(&json);
    json_name(&json, "verified");
    if (webhook->verdict == VERDICT_UNCHECKED)
        json_put_null(&json);
    else
        json_put_bool(&json, webhook->verdict == VERDICT_RIGHT);
    member_time(&json, "received_at", webhook->received_at_ms);
    member_int(&json, "body_bytes", (int64_t)webhook->body_bytes);
    member_raw(&json, "data", webhook->data);
    member_raw(&json, "cloudevent", webhook->ce);
    json_close(&json, '}');
}

void webhook_words(const struct webhook *webhook, struct buf *out)
{
    print_time(out, webhook->received_at_ms);
    buf_add_text(out, "  ");
    print_safe(out, webhook->type[0] != '\0' ? slice_of(webhook->type) : SLICE("(no type)"), 256);
    buf_add_text(out, "  ");
    print_safe(out, webhook->id.len > 0 ? webhook->id : SLICE("(no webhook-id)"), 128);
    if (webhook->attempt >= 0)
        buf_printf(out, "  attempt %lld", (long long)webhook->attempt);
    buf_printf(out, "  %zu bytes  ", webhook->body_bytes);
    switch (webhook->verdict) {
    case VERDICT_UNCHECKED:
        print_painted(out, PAINT_DOUBTFUL, "signature not checked");
        break;
    case VERDICT_RIGHT:
        print_painted(out, PAINT_GOOD, "signature right");
        break;
    case VERDICT_WRONG:
        print_painted(out, PAINT_BAD, "SIGNATURE WRONG");
        break;
    }
    buf_add_text(out, "  ");
    print_safe(out, webhook->data, DATA_SHOWN);
}
