#include "query.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "model/cursor.h"
#include "model/json.h"
#include "route.h"
#include "state.h"

#define CONTEXT_MAX 4096

static enum status refuse(struct call *call, const char *name, const char *code, const char *detail)
{
    char pointer[64];
    snprintf(pointer, sizeof pointer, "?%s", name);
    call_answer_problem(call, 400, code, detail, pointer);
    return STATUS_INVALID;
}

static bool is_taken(const struct route *route, struct slice name)
{
    struct slice taken = slice_of(route->query);
    while (taken.len > 0)
        if (slice_eq(slice_cut(&taken, ' '), name))
            return true;
    return false;
}

enum status query_check(struct call *call)
{
    struct slice rest = call->http->query;
    while (rest.len > 0) {
        struct slice pair = slice_cut(&rest, '&'), value;
        struct slice name = slice_cut(&pair, '=');
        char text[32];
        if (name.len == 0)
            continue;
        if (!is_taken(call->route, name) || slice_to_text(name, text, sizeof text) != STATUS_OK) {
            call_answer_problem(call, 400, "unknown_parameter",
                                "the query has a parameter that this route does not take", NULL);
            return STATUS_INVALID;
        }
        if (http_request_query(call->http, text, &value) != STATUS_OK)
            return refuse(call, text, "malformed_query",
                          "this parameter is there twice, or has a malformed escape");
    }
    return STATUS_OK;
}

struct slice query_text(struct call *call, const char *name)
{
    struct slice value = {0};
    return http_request_query(call->http, name, &value) == STATUS_OK ? value : (struct slice){0};
}

enum status query_time(struct call *call, const char *name, int64_t *out_at_ms)
{
    struct slice text = query_text(call, name);
    if (text.len == 0 || clock_parse_rfc3339(text, out_at_ms) == STATUS_OK)
        return STATUS_OK;
    return refuse(call, name, "invalid_parameter",
                  "must be a time of RFC 3339, such as 2026-01-31T12:00:00Z");
}

enum status query_choice(struct call *call, const char *name, const char *const *choices,
                         size_t *out)
{
    struct slice text = query_text(call, name);
    struct buf detail;
    if (text.len == 0)
        return STATUS_OK;
    for (size_t i = 0; choices[i]; i++) {
        if (slice_is(text, choices[i])) {
            *out = i;
            return STATUS_OK;
        }
    }
    buf_init(&detail, 256);
    buf_add_text(&detail, "must be one of");
    for (size_t i = 0; choices[i]; i++)
        buf_printf(&detail, "%s %s", i > 0 ? "," : "", choices[i]);
    buf_add_char(&detail, '\0');
    enum status status = refuse(call, name, "invalid_parameter", detail.at);
    buf_fini(&detail);
    return status;
}

static bool id_fits(struct slice id, const char *prefix)
{
    struct event_id event;
    char texts[2][OTHER_ID_SIZE + 1];
    if (strcmp(prefix, "evt_") == 0)
        return event_id_parse(id, &event) == STATUS_OK;
    if (strcmp(prefix, "dlv_") == 0)
        return delivery_id_parse(id, texts[0], texts[1]) == STATUS_OK;
    return other_id_is_valid(id, prefix);
}

enum status query_id(struct call *call, const char *name, const char *prefix, struct slice *out)
{
    struct slice id = query_text(call, name);
    char detail[64];
    if (id.len == 0 || id_fits(id, prefix)) {
        *out = id;
        return STATUS_OK;
    }
    snprintf(detail, sizeof detail, "must be an id that begins with %s", prefix);
    return refuse(call, name, "invalid_parameter", detail);
}

/* Whose list of what: the organization, the path, and all that narrows the list. */
static void write_context(struct call *call, const char *org, struct buf *out)
{
    struct slice names = slice_of(call->route->query);
    buf_add_text(out, org);
    buf_add_char(out, ' ');
    buf_add_slice(out, call->http->path);
    while (names.len > 0) {
        char name[32];
        if (slice_to_text(slice_cut(&names, ' '), name, sizeof name) != STATUS_OK ||
            strcmp(name, "limit") == 0 || strcmp(name, "cursor") == 0)
            continue;
        buf_printf(out, " %s=", name);
        buf_add_slice(out, query_text(call, name));
    }
}

static enum status read_cursor(struct call *call, const char *org, struct slice cursor,
                               struct page *page)
{
    struct buf context, position;
    buf_init(&context, CONTEXT_MAX);
    buf_init(&position, POSITION_MAX);
    write_context(call, org, &context);
    enum status status = cursor_open(service_secret_key(call->ingest->service), buf_slice(&context),
                                     cursor, &position);
    if (status == STATUS_OK)
        status = slice_to_text(buf_slice(&position), page->position, sizeof page->position);
    buf_fini(&context);
    buf_fini(&position);
    if (status == STATUS_OK)
        return STATUS_OK;
    return refuse(call, "cursor", "invalid_cursor",
                  "must be the next_cursor of an earlier answer to the same request");
}

enum status query_page(struct call *call, const char *org, struct page *out)
{
    struct slice limit = query_text(call, "limit"), cursor = query_text(call, "cursor");
    uint64_t number = PAGE_LIMIT_DEFAULT;
    if (limit.len > 0 && (slice_to_u64(limit, PAGE_LIMIT_MAX, &number) != STATUS_OK || number == 0))
        return refuse(call, "limit", "invalid_parameter", "must be a whole number from 1 to 250");
    *out = (struct page){.limit = (size_t)number};
    return cursor.len > 0 ? read_cursor(call, org, cursor, out) : STATUS_OK;
}

void page_begin(struct json_writer *json)
{
    json_open(json, '{');
    json_name(json, "data");
    json_open(json, '[');
}

void page_end(struct json_writer *json, struct call *call, const char *org, const char *position)
{
    json_close(json, ']');
    json_name(json, "next_cursor");
    if (position) {
        struct buf context, cursor;
        buf_init(&context, CONTEXT_MAX);
        buf_init(&cursor, CURSOR_MAX);
        write_context(call, org, &context);
        cursor_seal(service_secret_key(call->ingest->service), buf_slice(&context),
                    slice_of(position), &cursor);
        json_put_text(json, buf_slice(&cursor));
        buf_fini(&context);
        buf_fini(&cursor);
    } else {
        json_put_null(json);
    }
    json_close(json, '}');
}
