/*
 * refusal.c - an answer of the API that is no success, as one sentence that says what to do
 */
#include "refusal.h"

#include <stdio.h>

#include "model/hook_event.h"
#include "model/json_read.h"

struct refusal {
    char detail[160];
    char code[48];
    char pointer[64];
    char request_id[64];
};

static const struct {
    int status;
    const char *advice;
} advice[] = {
    {401, "; is MILLRACE_API_KEY the key of this server?"},
    {403, "; the key lacks the scope that this needs (millrace keys ls shows scopes)"},
    {404, "; is the id right, and is MILLRACE_URL the address of its server?"},
    {413, "; the server's max_body bounds an event"},
    {429, "; wait a moment and do it again"},
    {503, "; nothing was done: do it again in a moment (millrace doctor says what is wrong)"},
};

static const char *advice_for(int status, const char *code)
{
    /* This one may have been carried out, and its own words say so. */
    if (slice_is(slice_of(code), "outcome_unknown"))
        return "";
    for (size_t i = 0; i < sizeof advice / sizeof advice[0]; i++) {
        if (advice[i].status == status)
            return advice[i].advice;
    }
    return "";
}

static void keep(yyjson_val *object, const char *name, char *out, size_t size)
{
    yyjson_val *value = yyjson_obj_get(object, name);

    if (yyjson_is_str(value)) {
        struct slice text = json_value_text(value);
        snprintf(out, size, "%.*s", (int)text.len, text.at);
    }
}

static void read_refusal(struct slice body, struct refusal *out)
{
    struct json_scratch scratch json_scratch_uncleared;
    struct problem problem = {0};
    yyjson_doc *doc = json_read(body, JSON_DEPTH_MAX, &scratch, &problem);
    yyjson_val *root = doc != NULL ? yyjson_doc_get_root(doc) : NULL;

    keep(root, "detail", out->detail, sizeof out->detail);
    keep(root, "code", out->code, sizeof out->code);
    keep(root, "request_id", out->request_id, sizeof out->request_id);
    keep(yyjson_arr_get_first(yyjson_obj_get(root, "errors")), "pointer", out->pointer,
         sizeof out->pointer);
    if (doc != NULL)
        json_read_free(&doc);
}

void refusal_explain(int http_status, struct slice body, struct error *out)
{
    struct refusal refusal = {.detail = "without a word of why"};
    const char *code;

    read_refusal(body, &refusal);
    code = refusal.code;
    error_set(out, "refused with %d%s%s: %s%s%s%s%s%s%s", http_status, code[0] != '\0' ? " " : "",
              code, refusal.pointer, refusal.pointer[0] != '\0' ? " " : "", refusal.detail,
              advice_for(http_status, code), refusal.request_id[0] != '\0' ? " (request " : "",
              refusal.request_id, refusal.request_id[0] != '\0' ? ")" : "");
}
