/*
 * auth.h - who asks: the admin token or an API key, and what it may do
 *
 * A key's shape and checksum are checked before any look-up; records are cached by the key's
 * SHA-256 (single flight, bust by the configuration feed). Keys themselves are never stored, logged
 * or compared.
 */
#pragma once

#include "io/config_feed.h"
#include "io/store.h"
#include "call.h"

struct auth_options {
    const char *admin_token; /* "": the admin's routes are closed */
    size_t keys_max;
    int64_t ttl_ms, negative_ttl_ms;
};

struct auth;
struct auth *auth_new(struct loop *loop, struct store *store, const struct auth_options *options);
void auth_free(struct auth **auth);

enum auth_verdict {
    AUTH_GRANTED,
    AUTH_LATER,      /* the record must be loaded: auth_resolve */
    AUTH_NO_KEY,     /* 401 */
    AUTH_BAD_KEY,    /* 401: malformed, unknown, expired */
    AUTH_NO_SCOPE,   /* 403 */
    AUTH_STORE_DOWN, /* 503 */
};

/* At once, from the request's headers and what is cached. Fills call->principal. */
enum auth_verdict auth_check(struct auth *auth, struct call *call);

/* After AUTH_LATER: fn once with any other verdict, never before this returns. */
typedef void (*auth_fn)(enum auth_verdict verdict, struct call *call);
void auth_resolve(struct auth *auth, struct call *call, auth_fn fn);

void auth_apply(struct auth *auth, const struct config_change *change);
