/*
 * account_record.h - organizations and API keys as their records in Redis have them, and as answers
 * show them
 */
#pragma once

#include "fields.h"
#include "rate_spec.h"

/* mr:org:<id>. Times are 0 for never. */
struct organization_record {
    struct slice id, name;
    struct rate_spec rate;
    int64_t created_at_ms, updated_at_ms;
    int64_t deleted_at_ms; /* it is being deleted, and as good as absent */
};

/* mr:key:<SHA-256 of the key> */
struct key_record {
    struct slice id, org, name;
    struct slice scopes;                   /* separated by spaces */
    struct slice last4;                    /* characters of the key */
    struct slice rotated_from, rotated_to; /* ids of other keys */
    struct rate_spec rate;
    int64_t created_at_ms, expires_at_ms, last_used_at_ms;
};

/* Texts are borrowed. STATUS_INVALID: without its id, its scopes or the like, or with a number that
 * is none. */
enum status organization_record_read(const struct slice *fields, size_t count,
                                     struct organization_record *out) must_check;
enum status key_record_read(const struct slice *fields, size_t count,
                            struct key_record *out) must_check;

/* Where its texts are, for who copies them. */
#define KEY_RECORD_TEXTS 7
void key_record_texts(struct key_record *record, struct slice *out[KEY_RECORD_TEXTS]);

/* All of the record. */
void organization_record_write(const struct organization_record *record, struct fields *out);
void key_record_write(const struct key_record *record, struct fields *out);

void organization_record_json(const struct organization_record *record, struct json_writer *json);

/* key: shown when it was just made; else empty. */
void key_record_json(const struct key_record *record, struct slice key, struct json_writer *json);
void scopes_json(struct slice scopes, struct json_writer *json);
