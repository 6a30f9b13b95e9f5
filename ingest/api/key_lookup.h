/*
 * key_lookup.h - the API key that a path names, of an organization
 */
#pragma once

#include "model/account_record.h"
#include "model/api_key.h"
#include "../call.h"

struct found_key {
    char member[OTHER_ID_SIZE + API_KEY_HASH_LEN + 1]; /* of KEY_ORG_KEYS: "<id>:<hash>" */
    struct slice hash;                                 /* within it */
    struct key_record record;                          /* texts in the request's memory */
};

/* Where the hash of a key stands in a member of KEY_ORG_KEYS; empty: it is none. */
struct slice key_member_hash(struct slice member);

/* By call->path_id; 404 when the organization has no such key. fn later; found lives as long as the
 * request. */
void key_lookup(struct call *call, const char *org,
                void (*fn)(struct call *call, struct found_key *found, void *self), void *self);
