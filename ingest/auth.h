/*
 * auth.h - who asks: the admin token or an API key, and what it may do
 *
 * A key's shape and checksum are checked before any look-up. It counts while its record and its
 * organization's are there and its time has not come (account_book.h). Keys themselves are never
 * stored, logged or compared.
 */
#pragma once

#include "account_book.h"
#include "call.h"

struct auth_options {
    const char *admin_token; /* "": the admin's routes are closed */
    struct rate_spec rate;   /* of organizations without their own */
};

struct auth;
struct auth *auth_new(struct account_book *book, const struct auth_options *options);

/* After the book, which tells those who wait that it is over. */
void auth_free(struct auth **auth);

enum auth_verdict {
    AUTH_GRANTED,
    AUTH_LATER,      /* a record must be loaded: auth_resolve */
    AUTH_NO_KEY,     /* 401 */
    AUTH_BAD_KEY,    /* 401: malformed, unknown, expired, of no organization any more */
    AUTH_NO_SCOPE,   /* 403 */
    AUTH_STORE_DOWN, /* 503 */
};

/* At once, from the request's headers and what is cached. Fills call->principal. */
enum auth_verdict auth_check(struct auth *auth, struct call *call);

/* After AUTH_LATER: fn once with any other verdict, never before this returns. */
typedef void (*auth_fn)(enum auth_verdict verdict, struct call *call);
void auth_resolve(struct auth *auth, struct call *call, auth_fn fn);
