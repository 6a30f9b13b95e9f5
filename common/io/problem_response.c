/*
 * problem_response.c - problem+json of RFC 9457
 */
#include "problem_response.h"

#include "../model/json.h"

static void put(struct json_writer *json, const char *name, const char *text)
{
    json_name(json, name);
    json_put_text(json, slice_of(text));
}

void problem_body(struct buf *out, int status, const char *code, const char *detail,
                  struct slice request_id, const char *pointer)
{
    struct json_writer json = {.out = out};

    json_open(&json, '{');
    put(&json, "type", "about:blank");
    put(&json, "title", http_status_title(status));
    json_name(&json, "status");
    json_put_int(&json, status);
    put(&json, "detail", detail);
    put(&json, "code", code);
    json_name(&json, "request_id");
    json_put_text(&json, request_id);
    if (pointer != NULL) {
        json_name(&json, "errors");
        json_open(&json, '[');
        json_open(&json, '{');
        put(&json, "pointer", pointer);
        put(&json, "detail", detail);
        json_close(&json, '}');
        json_close(&json, ']');
    }
    json_close(&json, '}');
    buf_add_char(out, '\n');
}
