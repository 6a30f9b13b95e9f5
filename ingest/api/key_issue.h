/*
 * key_issue.h - a new API key: made, written, shown once
 */
#pragma once

#include "model/account_record.h"
#include "model/api_key.h"
#include "../configure.h"

/* In the request's memory. */
struct key_issue {
    struct call *call;
    struct key_record
        record; /* org, name, scopes, rate, expires_at, rotated_from are the caller's */
    char id[OTHER_ID_SIZE];
    char key[API_KEY_LEN + 1], hash[API_KEY_HASH_LEN + 1];
};

/* Makes the key and the rest of the record, and writes it. detail: for the audit. */
void key_issue_write(struct key_issue *issue, struct slice detail, configure_fn fn, void *self);

/* It was written, and nobody was told of it. */
void key_issue_withdraw(const struct key_issue *issue, configure_fn fn, void *self);

/* 201, with the key. */
void key_issue_answer(const struct key_issue *issue);

/* A removal, as configure_write does it: the record, then its place in the index. */
void key_remove(struct call *call, const struct key_record *record, struct slice hash,
                configure_fn fn, void *self);
