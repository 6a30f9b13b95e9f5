#include "auth.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "model/api_key.h"
#include "model/fields.h"
#include "model/keys.h"
#include "metrics.h"
#include "route.h"

struct auth {
    struct store *store;
    struct cache *cache;
    char admin_hash[API_KEY_HASH_LEN + 1]; /* "" when there is no admin token */
    struct redis_command command;
};

/* A record of mr:key:<sha256>; the texts follow. */
struct key_record {
    struct slice id, org, scopes;
    int64_t expires_at_ms; /* 0: never */
    char text[];
};

enum { ID, ORG, SCOPES, EXPIRES_AT, FIELDS };
static const char *const field_names[FIELDS] = {"id", "org", "scopes", "expires_at"};

static struct slice keep(char **at, struct slice text)
{
    struct slice kept = {*at, text.len};
    if (text.len)
        memcpy(*at, text.at, text.len);
    *at += text.len;
    return kept;
}

static struct key_record *record_new(const struct slice values[FIELDS])
{
    uint64_t expires_at_ms = 0;
    if (values[EXPIRES_AT].len &&
        slice_to_u64(values[EXPIRES_AT], INT64_MAX, &expires_at_ms) != STATUS_OK)
        return NULL;
    struct key_record *record =
        xmalloc(sizeof *record + values[ID].len + values[ORG].len + values[SCOPES].len);
    char *at = record->text;
    record->id = keep(&at, values[ID]);
    record->org = keep(&at, values[ORG]);
    record->scopes = keep(&at, values[SCOPES]);
    record->expires_at_ms = (int64_t)expires_at_ms;
    return record;
}

struct load {
    struct auth *auth;
    void *ticket;
};

#define SLICES_MAX 32
#define FORGERIES 10 /* for so many known keys one that is not is remembered */

static void on_record(enum status status, const struct redis_reply *reply, void *self)
{
    struct load load = *(struct load *)self;
    free(self);
    struct slice fields[SLICES_MAX], values[FIELDS];
    struct key_record *record = NULL;
    if (status == STATUS_CANCELLED)
        status = STATUS_DOWN;
    if (status == STATUS_OK) {
        size_t count = redis_reply_slices(reply, fields, SLICES_MAX);
        if (count == 0)
            status = STATUS_ABSENT;
        else if (fields_pick(fields, count, field_names, FIELDS, values) != STATUS_OK)
            status = STATUS_INVALID;
        else if (!(record = record_new(values)))
            status = STATUS_INVALID;
    }
    cache_loaded(load.auth->cache, load.ticket, status, record);
}

static void start_load(struct slice hash, void *ticket, void *self)
{
    struct auth *auth = self;
    struct load *load = xmalloc(sizeof *load);
    *load = (struct load){auth, ticket};
    struct key key = key_api_key(hash);
    redis_command_start(&auth->command);
    redis_command_text(&auth->command, "HGETALL");
    redis_command_arg(&auth->command, key_slice(&key));
    redis_send(store_redis(auth->store), &auth->command, on_record, load);
}

static void on_cache_result(enum cache_result result, void *self)
{
    (void)self;
    metric_add(METRIC_CACHE, result, 1);
}

struct auth *auth_new(struct loop *loop, struct store *store, const struct auth_options *options)
{
    struct auth *auth = xcalloc(1, sizeof *auth);
    auth->store = store;
    if (options->admin_token[0])
        api_key_hash(slice_of(options->admin_token), auth->admin_hash);
    redis_command_init(&auth->command);
    struct cache_options cache = {
        .max = options->keys_max,
        .negative_max = options->keys_max / FORGERIES + 1,
        .ttl_ms = options->ttl_ms,
        .negative_ttl_ms = options->negative_ttl_ms,
        .load = start_load,
        .free_value = free,
        .on_result = on_cache_result,
        .self = auth,
    };
    auth->cache = cache_new(loop, &cache);
    return auth;
}

void auth_free(struct auth **auth_at)
{
    struct auth *auth = *auth_at;
    *auth_at = NULL;
    if (!auth)
        return;
    cache_free(&auth->cache);
    redis_command_fini(&auth->command);
    free(auth);
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
    return wanted ? AUTH_GRANTED : AUTH_NO_SCOPE;
}

/* Copies: a request that is never answered (its client went away) would hold the record for
 * ever. */
static void remember(struct call *call, const struct key_record *record)
{
    char *at =
        http_request_alloc(call->http, record->org.len + record->id.len + record->scopes.len);
    call->principal.org = keep(&at, record->org);
    call->principal.key_id = keep(&at, record->id);
    call->principal.scopes = keep(&at, record->scopes);
}

/* Releases the value. */
static enum auth_verdict judge_key(struct call *call, struct cache_value *value)
{
    const struct key_record *record = cache_value_of(value);
    enum auth_verdict verdict = AUTH_BAD_KEY;
    if (record->expires_at_ms == 0 || record->expires_at_ms > clock_wall_ms()) {
        const char *scope = call->route->scope;
        bool allowed = strcmp(scope, "admin") != 0 &&
                       (scope[0] == '\0' || scopes_allow(record->scopes, scope));
        verdict = allowed ? AUTH_GRANTED : AUTH_NO_SCOPE;
        remember(call, record);
    }
    cache_release(&value);
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
    if (!api_key_is_wellformed(token))
        return AUTH_BAD_KEY;
    struct cache_value *value = NULL;
    enum status status = cache_peek(auth->cache, slice_of(hash), &value);
    if (status == STATUS_OK)
        return judge_key(call, value);
    return status == STATUS_ABSENT ? AUTH_BAD_KEY : AUTH_LATER;
}

struct wait {
    struct call *call;
    auth_fn fn;
};

static void on_key(enum status status, struct cache_value *value, void *self)
{
    struct wait wait = *(struct wait *)self;
    free(self);
    enum auth_verdict verdict = AUTH_STORE_DOWN;
    if (status == STATUS_OK)
        verdict = judge_key(wait.call, value);
    else if (status == STATUS_ABSENT || status == STATUS_INVALID)
        verdict = AUTH_BAD_KEY;
    wait.fn(verdict, wait.call);
}

void auth_resolve(struct auth *auth, struct call *call, auth_fn fn)
{
    char hash[API_KEY_HASH_LEN + 1];
    api_key_hash(presented(call->http), hash);
    struct wait *wait = xmalloc(sizeof *wait);
    *wait = (struct wait){call, fn};
    cache_get(auth->cache, slice_of(hash), on_key, wait);
}

void auth_apply(struct auth *auth, const struct config_change *change)
{
    if (change->flush)
        cache_flush(auth->cache);
    else if (slice_is(change->kind, "key"))
        cache_bust(auth->cache, change->id);
}
