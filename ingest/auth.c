#include "auth.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/api_key.h"
#include "route.h"

struct auth {
    struct account_book *book;
    struct rate_spec rate;
    char admin_hash[API_KEY_HASH_LEN + 1]; /* "" when there is no admin token */
};

struct auth *auth_new(struct account_book *book, const struct auth_options *options)
{
    struct auth *auth = xcalloc(1, sizeof *auth);
    auth->book = book;
    auth->rate = options->rate;
    if (options->admin_token[0])
        api_key_hash(slice_of(options->admin_token), auth->admin_hash);
    return auth;
}

void auth_free(struct auth **auth)
{
    free(*auth);
    *auth = NULL;
}

/* Authorization: Bearer …, or X-API-Key. */
static struct slice presented(const struct http_request *http)
{
    struct slice value = http_request_header(http, "authorization");
    if (!value.at)
        return slice_trim(http_request_header(http, "x-api-key"));
    struct slice scheme = slice_cut(&value, ' ');
    return slice_eq_nocase(scheme, SLICE("Bearer")) ? slice_trim(value) : (struct slice){0};
}

/* Hashes are compared, so that neither length nor content of the token shows in the time. */
static bool is_admin(const struct auth *auth, const char *hash)
{
    return secret_equal(slice_of(hash), slice_of(auth->admin_hash));
}

static enum auth_verdict judge_admin(struct call *call)
{
    bool wanted = call->route->admin_too || strcmp(call->route->scope, "admin") == 0;
    call->principal.is_admin = true;
    call->principal.key_id = SLICE("admin");
    call->principal.key_name = SLICE("admin");
    call->principal.scopes = SLICE("admin");
    return wanted ? AUTH_GRANTED : AUTH_NO_SCOPE;
}

static struct slice keep(char **at, struct slice text)
{
    struct slice kept = {*at, text.len};
    if (text.len)
        memcpy(*at, text.at, text.len);
    *at += text.len;
    return kept;
}

static struct rate_limit limit_of(struct slice id, struct rate_spec rate)
{
    return (struct rate_limit){.id = id, .per_second = rate.per_second, .burst = rate.burst};
}

/* Copies: a request that is never answered (its client went away) would hold the records for
 * ever. */
static void remember(const struct auth *auth, struct call *call, const struct key_record *key,
                     const struct organization_record *org)
{
    struct principal *who = &call->principal;
    char *at = http_request_alloc(call->http, org->id.len + org->name.len + key->id.len +
                                                  key->name.len + key->scopes.len);
    who->org = keep(&at, org->id);
    who->org_name = keep(&at, org->name);
    who->key_id = keep(&at, key->id);
    who->key_name = keep(&at, key->name);
    who->scopes = keep(&at, key->scopes);
    who->limits[RATE_ORG] = limit_of(who->org, org->rate.per_second > 0 ? org->rate : auth->rate);
    who->limits[RATE_KEY] = limit_of(who->key_id, key->rate);
}

static bool is_allowed(const char *scope, struct slice scopes)
{
    return strcmp(scope, "admin") != 0 && (scope[0] == '\0' || scopes_allow(scopes, scope));
}

static bool has_expired(const struct key_record *key)
{
    return key->expires_at_ms > 0 && key->expires_at_ms <= clock_coarse_wall_ms();
}

static enum auth_verdict judge_key(struct auth *auth, struct call *call, struct slice hash,
                                   struct cache_value *key_value,
                                   const struct organization_record *org)
{
    const struct key_record *key = cache_value_of(key_value);
    if (has_expired(key))
        return AUTH_BAD_KEY;
    remember(auth, call, key, org);
    if (!is_allowed(call->route->scope, key->scopes))
        return AUTH_NO_SCOPE;
    account_book_used(auth->book, hash, key_value);
    return AUTH_GRANTED;
}

static enum auth_verdict verdict_of(enum status status)
{
    bool is_known = status == STATUS_ABSENT || status == STATUS_INVALID;
    return is_known ? AUTH_BAD_KEY : AUTH_STORE_DOWN;
}

/* Both records, or that one is absent, must be known. */
static enum auth_verdict check_key(struct auth *auth, struct call *call, struct slice hash)
{
    struct cache_value *key = NULL, *org = NULL;
    enum auth_verdict verdict = AUTH_LATER;
    enum status status = account_book_peek(auth->book, ACCOUNT_KEY, hash, &key);
    if (status == STATUS_OK) {
        const struct key_record *record = cache_value_of(key);
        status = account_book_peek(auth->book, ACCOUNT_ORGANIZATION, record->org, &org);
    }
    if (status == STATUS_OK)
        verdict = judge_key(auth, call, hash, key, cache_value_of(org));
    else if (status == STATUS_ABSENT)
        verdict = AUTH_BAD_KEY;
    cache_release(&org);
    cache_release(&key);
    return verdict;
}

enum auth_verdict auth_check(struct auth *auth, struct call *call)
{
    if (!call->route->scope)
        return AUTH_GRANTED;
    struct slice token = presented(call->http);
    if (token.len == 0)
        return AUTH_NO_KEY;
    char hash[API_KEY_HASH_LEN + 1];
    api_key_hash(token, hash);
    if (is_admin(auth, hash))
        return judge_admin(call);
    enum auth_verdict verdict = check_key(auth, call, slice_of(hash));
    /* What is known has been checked; of the rest a bad checksum is refused before any look-up. */
    return verdict == AUTH_LATER && !api_key_is_wellformed(token) ? AUTH_BAD_KEY : verdict;
}

struct wait {
    struct auth *auth;
    struct call *call;
    auth_fn fn;
    struct cache_value *key; /* NULL: not loaded yet */
    char hash[API_KEY_HASH_LEN + 1];
};

static void end_wait(struct wait *wait, enum auth_verdict verdict)
{
    struct call *call = wait->call;
    auth_fn fn = wait->fn;
    cache_release(&wait->key);
    free(wait);
    fn(verdict, call);
}

static void on_organization(enum status status, struct cache_value *value, void *self)
{
    struct wait *wait = self;
    enum auth_verdict verdict = status == STATUS_OK
                                    ? judge_key(wait->auth, wait->call, slice_of(wait->hash),
                                                wait->key, cache_value_of(value))
                                    : verdict_of(status);
    cache_release(&value);
    end_wait(wait, verdict);
}

static void on_key(enum status status, struct cache_value *value, void *self)
{
    struct wait *wait = self;
    if (status != STATUS_OK) {
        end_wait(wait, verdict_of(status));
        return;
    }
    const struct key_record *key = cache_value_of(value);
    wait->key = value;
    account_book_get(wait->auth->book, ACCOUNT_ORGANIZATION, key->org, on_organization, wait);
}

void auth_resolve(struct auth *auth, struct call *call, auth_fn fn)
{
    struct wait *wait = xcalloc(1, sizeof *wait);
    *wait = (struct wait){.auth = auth, .call = call, .fn = fn};
    api_key_hash(presented(call->http), wait->hash);
    account_book_get(auth->book, ACCOUNT_KEY, slice_of(wait->hash), on_key, wait);
}
