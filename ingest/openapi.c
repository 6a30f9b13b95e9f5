#include "openapi.h"

#include <string.h>

#include "base/must.h"
#include "files.h"
#include "millrace_version.h"
#include "model/json.h"
#include "openapi_operation.h"
#include "routes.h"

#define DOCUMENT_MAX (1024 * 1024)
#define NAME_MAX 128

static const char description[] =
    "Millrace takes events in, keeps each, and delivers it, signed, to every endpoint that wants "
    "it.\n\n"
    "- Send an API key as `Authorization: Bearer mr_live_…` or in `X-API-Key`.\n"
    "- Every answer has `X-Request-Id`; a request may bring its own. `traceparent` is passed on to "
    "webhooks.\n"
    "- CloudEvents 1.0 are events, too, in all modes. Webhooks have their data as `data` and their "
    "attributes as `cloudevent`.\n"
    "- Errors are RFC 9457 problems with a stable `code`, and pointers to the fields that are "
    "wrong.\n"
    "- Lists are newest first. Give `next_cursor` of an answer as `cursor` to go on; it is null at "
    "the end.\n"
    "- Where no body is described, `{}` is as good as none.\n"
    "- Where GET is answered, so is HEAD.\n"
    "- Times are RFC 3339 in UTC; durations are a number and one of `ms`, `s`, `m`, `h`, `d`.";

static void put_member(struct json_writer *json, const char *name, const char *text)
{
    json_name(json, name);
    json_put_text(json, slice_of(text));
}

static void put_members(struct json_writer *json, struct slice object)
{
    struct json_span_iter members;
    struct slice name, value;
    char text[NAME_MAX];
    must(json_spans_start(object, &members));
    while (json_spans_next(&members, &name, &value)) {
        must(slice_to_text(name, text, sizeof text) == STATUS_OK);
        json_name(json, text);
        json_put_raw(json, value);
    }
}

/* All methods of the path of that route, unless an earlier route has the same path. */
static void put_path(struct json_writer *json, size_t first)
{
    const char *path = routes_at(first)->path;
    for (size_t i = 0; i < first; i++)
        if (strcmp(routes_at(i)->path, path) == 0)
            return;
    json_name(json, path);
    json_open(json, '{');
    for (size_t i = first; i < routes_count(); i++)
        if (strcmp(routes_at(i)->path, path) == 0)
            openapi_operation_put(json, routes_at(i));
    json_close(json, '}');
}

static void put_info(struct json_writer *json)
{
    put_member(json, "openapi", "3.1.0");
    json_name(json, "info");
    json_open(json, '{');
    put_member(json, "title", "Millrace");
    put_member(json, "version", MILLRACE_VERSION);
    put_member(json, "description", description);
    json_close(json, '}');
}

void openapi_write(struct buf *out)
{
    buf_init(out, DOCUMENT_MAX);
    struct json_writer json = {.out = out};
    json_open(&json, '{');
    put_info(&json);
    put_members(&json, files_bytes("document.json"));
    json_name(&json, "paths");
    json_open(&json, '{');
    for (size_t i = 0; i < routes_count(); i++)
        if (routes_at(i)->tag)
            put_path(&json, i);
    json_close(&json, '}');
    json_name(&json, "components");
    json_open(&json, '{');
    put_members(&json, files_bytes("components.json"));
    json_name(&json, "schemas");
    json_put_raw(&json, files_bytes("schemas.json"));
    json_close(&json, '}');
    json_close(&json, '}');
    must(!out->overflow);
}
