/*
 * docs.c - GET /api/openapi.json, and the page that shows it
 *
 * Swagger UI sets styles through the DOM, which the policy allows; it needs neither inline scripts nor inline styles.
 */
#include "../files.h"
#include "../state.h"
#include "api.h"

static const struct {
    const char *name; /* a file of ingest/page, or one of Swagger UI's */
    const char *type;
} assets[] = {
    {"index.html", "text/html; charset=utf-8"},
    {"page.js", "text/javascript; charset=utf-8"},
    {"page.css", "text/css; charset=utf-8"},
    {"icon.svg", "image/svg+xml"},
    {"swagger-ui-bundle.js", "text/javascript; charset=utf-8"},
    {"swagger-ui.css", "text/css; charset=utf-8"},
};

/* Whether Accept-Encoding names gzip, or whatever there is, and not with weight 0. */
static bool accepts_gzip(const struct call *call)
{
    struct slice list = http_request_header(call->http, "accept-encoding");
    bool accepts_any = false;
    while (list.len > 0) {
        struct slice weight = slice_cut(&list, ',');
        struct slice name = slice_trim(slice_cut(&weight, ';'));
        weight = slice_trim(weight);
        bool is_accepted = !slice_is(weight, "q=0") && !slice_starts(weight, "q=0.0");
        if (slice_eq_nocase(name, SLICE("gzip")))
            return is_accepted;
        if (slice_is(name, "*"))
            accepts_any = is_accepted;
    }
    return accepts_any;
}

static void answer_asset(struct call *call, size_t index)
{
    const struct file *file = files_find(slice_of(assets[index].name));
    bool is_gzip = file->gzip.len > 0 && accepts_gzip(call);
    call_answer_file(call, slice_of(assets[index].type), is_gzip ? file->gzip : file->bytes,
                     is_gzip);
}

void api_docs_get(struct call *call)
{
    answer_asset(call, 0);
}

void api_docs_asset_get(struct call *call)
{
    for (size_t i = 1; i < sizeof assets / sizeof assets[0]; i++) {
        if (slice_is(call->path_id, assets[i].name)) {
            answer_asset(call, i);
            return;
        }
    }
    call_answer_not_found(call);
}

void api_openapi_get(struct call *call)
{
    call_answer_file(call, SLICE("application/json"), buf_slice(&call->ingest->openapi), false);
}
