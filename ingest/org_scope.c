#include "org_scope.h"

#include "account_book.h"
#include "state.h"

struct search {
    struct call *call;
    org_scope_fn fn;
    void (*refused)(void *self);
    void *self;
    char org[OTHER_ID_SIZE];
};

static void refuse(struct search *search, int status, const char *code, const char *detail,
                   const char *pointer)
{
    if (search->refused)
        search->refused(search->self);
    call_answer_problem(search->call, status, code, detail, pointer);
}

static void on_organization(enum status status, struct cache_value *value, void *self)
{
    struct search *search = self;
    cache_release(&value);
    if (status == STATUS_OK)
        search->fn(search->call, search->org, search->self);
    else if (status == STATUS_ABSENT || status == STATUS_INVALID)
        refuse(search, 422, "unknown_organization", "there is no such organization",
               "/organization");
    else
        refuse(search, 503, "store_unavailable", "the store cannot take this now; try again", NULL);
}

static void use_own(struct search *search, struct slice named)
{
    struct call *call = search->call;
    if (named.len > 0 && !slice_eq(named, call->principal.org))
        refuse(search, 422, "unknown_organization", "there is no such organization",
               "/organization");
    else if (slice_to_text(call->principal.org, search->org, sizeof search->org) == STATUS_OK)
        search->fn(call, search->org, search->self);
    else
        refuse(search, 401, "bad_api_key", "this API key is malformed, unknown, revoked or expired",
               NULL);
}

void org_scope_find(struct call *call, const char *named, org_scope_fn fn,
                    void (*refused)(void *self), void *self)
{
    struct search *search = http_request_alloc(call->http, sizeof *search);
    *search = (struct search){.call = call, .fn = fn, .refused = refused, .self = self};
    struct slice org = slice_of(named);
    if (org.len == 0 && http_request_query(call->http, "organization", &org) == STATUS_INVALID) {
        refuse(search, 400, "malformed_query", "the query is malformed", NULL);
        return;
    }
    if (!call->principal.is_admin) {
        use_own(search, org);
    } else if (org.len == 0) {
        refuse(search, 422, "missing_field", "say which organization it is for", "/organization");
    } else if (!other_id_is_valid(org, "org_") ||
               slice_to_text(org, search->org, sizeof search->org) != STATUS_OK) {
        refuse(search, 422, "invalid_value", "must be the id of an organization", "/organization");
    } else {
        account_book_get(call->ingest->accounts, ACCOUNT_ORGANIZATION, org, on_organization,
                         search);
    }
}
