/*
 * account_record.c - organizations and API keys: their records, and their JSON
 */
#include "account_record.h"

#include <string.h>

#include "api_key.h"

enum org_field {
    ORG_ID,
    ORG_NAME,
    ORG_PER_SECOND,
    ORG_BURST,
    ORG_CREATED_AT,
    ORG_UPDATED_AT,
    ORG_DELETED_AT,
    ORG_FIELDS
};
static const char *const org_names[ORG_FIELDS] = {
    [ORG_ID] = "id",
    [ORG_NAME] = "name",
    [ORG_PER_SECOND] = "rate_per_second",
    [ORG_BURST] = "rate_burst",
    [ORG_CREATED_AT] = "created_at",
    [ORG_UPDATED_AT] = "updated_at",
    [ORG_DELETED_AT] = "deleted_at",
};

enum key_field {
    KEY_ID,
    KEY_ORG,
    KEY_NAME,
    KEY_SCOPES,
    KEY_LAST4,
    KEY_PER_SECOND,
    KEY_BURST,
    KEY_CREATED_AT,
    KEY_EXPIRES_AT,
    KEY_LAST_USED_AT,
    KEY_ROTATED_FROM,
    KEY_ROTATED_TO,
    KEY_FIELDS
};
static const char *const key_names[KEY_FIELDS] = {
    [KEY_ID] = "id",
    [KEY_ORG] = "org",
    [KEY_NAME] = "name",
    [KEY_SCOPES] = "scopes",
    [KEY_LAST4] = "last4",
    [KEY_PER_SECOND] = "rate_per_second",
    [KEY_BURST] = "rate_burst",
    [KEY_CREATED_AT] = "created_at",
    [KEY_EXPIRES_AT] = "expires_at",
    [KEY_LAST_USED_AT] = "last_used_at",
    [KEY_ROTATED_FROM] = "rotated_from",
    [KEY_ROTATED_TO] = "rotated_to",
};

/* Empty is 0. */
static bool read_time(struct slice text, int64_t *out_at_ms)
{
    uint64_t number = 0;

    if (text.len > 0 && slice_to_u64(text, INT64_MAX, &number) != STATUS_OK)
        return false;
    *out_at_ms = (int64_t)number;
    return true;
}

enum status organization_record_read(const struct slice *fields, size_t count,
                                     struct organization_record *out)
{
    struct slice values[ORG_FIELDS];
    struct organization_record record = {0};

    if (fields_pick_some(fields, count, org_names, ORG_FIELDS, values) != STATUS_OK ||
        values[ORG_ID].len == 0 ||
        rate_spec_parse(values[ORG_PER_SECOND], values[ORG_BURST], &record.rate) != STATUS_OK ||
        !read_time(values[ORG_CREATED_AT], &record.created_at_ms) ||
        !read_time(values[ORG_UPDATED_AT], &record.updated_at_ms) ||
        !read_time(values[ORG_DELETED_AT], &record.deleted_at_ms))
        return STATUS_INVALID;
    record.id = values[ORG_ID];
    record.name = values[ORG_NAME];
    *out = record;
    return STATUS_OK;
}

enum status key_record_read(const struct slice *fields, size_t count, struct key_record *out)
{
    struct slice values[KEY_FIELDS];
    struct key_record record = {0};

    if (fields_pick_some(fields, count, key_names, KEY_FIELDS, values) != STATUS_OK ||
        values[KEY_ID].len == 0 || values[KEY_ORG].len == 0 || values[KEY_SCOPES].len == 0 ||
        rate_spec_parse(values[KEY_PER_SECOND], values[KEY_BURST], &record.rate) != STATUS_OK ||
        !read_time(values[KEY_CREATED_AT], &record.created_at_ms) ||
        !read_time(values[KEY_EXPIRES_AT], &record.expires_at_ms) ||
        !read_time(values[KEY_LAST_USED_AT], &record.last_used_at_ms))
        return STATUS_INVALID;
    record.id = values[KEY_ID];
    record.org = values[KEY_ORG];
    record.name = values[KEY_NAME];
    record.scopes = values[KEY_SCOPES];
    record.last4 = values[KEY_LAST4];
    record.rotated_from = values[KEY_ROTATED_FROM];
    record.rotated_to = values[KEY_ROTATED_TO];
    *out = record;
    return STATUS_OK;
}

void key_record_texts(struct key_record *record, struct slice *out[KEY_RECORD_TEXTS])
{
    struct slice *const texts[KEY_RECORD_TEXTS] = {
        &record->id,    &record->org,          &record->name,      &record->scopes,
        &record->last4, &record->rotated_from, &record->rotated_to};
    memcpy(out, texts, sizeof texts);
}

void organization_record_write(const struct organization_record *record, struct fields *out)
{
    fields_add(out, org_names[ORG_ID], record->id);
    fields_add(out, org_names[ORG_NAME], record->name);
    fields_add_number(out, org_names[ORG_PER_SECOND], record->rate.per_second);
    fields_add_number(out, org_names[ORG_BURST], record->rate.burst);
    fields_add_number(out, org_names[ORG_CREATED_AT], record->created_at_ms);
    fields_add_number(out, org_names[ORG_UPDATED_AT], record->updated_at_ms);
    fields_add_number(out, org_names[ORG_DELETED_AT], record->deleted_at_ms);
}

void key_record_write(const struct key_record *record, struct fields *out)
{
    fields_add(out, key_names[KEY_ID], record->id);
    fields_add(out, key_names[KEY_ORG], record->org);
    fields_add(out, key_names[KEY_NAME], record->name);
    fields_add(out, key_names[KEY_SCOPES], record->scopes);
    fields_add(out, key_names[KEY_LAST4], record->last4);
    fields_add_number(out, key_names[KEY_PER_SECOND], record->rate.per_second);
    fields_add_number(out, key_names[KEY_BURST], record->rate.burst);
    fields_add_number(out, key_names[KEY_CREATED_AT], record->created_at_ms);
    fields_add_number(out, key_names[KEY_EXPIRES_AT], record->expires_at_ms);
    fields_add_number(out, key_names[KEY_LAST_USED_AT], record->last_used_at_ms);
    fields_add(out, key_names[KEY_ROTATED_FROM], record->rotated_from);
    fields_add(out, key_names[KEY_ROTATED_TO], record->rotated_to);
}

static void put_text(struct json_writer *json, const char *name, struct slice text)
{
    json_name(json, name);
    json_put_text(json, text);
}

static void put_text_or_null(struct json_writer *json, const char *name, struct slice text)
{
    json_name(json, name);
    if (text.len > 0)
        json_put_text(json, text);
    else
        json_put_null(json);
}

static void put_time(struct json_writer *json, const char *name, int64_t at_ms)
{
    json_name(json, name);
    if (at_ms > 0)
        json_put_rfc3339(json, at_ms);
    else
        json_put_null(json);
}

void organization_record_json(const struct organization_record *record, struct json_writer *json)
{
    json_open(json, '{');
    put_text(json, "id", record->id);
    put_text(json, "name", record->name);
    json_name(json, "rate_limit");
    rate_spec_json(json, &record->rate);
    put_time(json, "created_at", record->created_at_ms);
    put_time(json, "updated_at", record->updated_at_ms);
    json_close(json, '}');
}

void scopes_json(struct slice scopes, struct json_writer *json)
{
    json_open(json, '[');
    while (scopes.len > 0)
        json_put_text(json, slice_cut(&scopes, ' '));
    json_close(json, ']');
}

void key_record_json(const struct key_record *record, struct slice key, struct json_writer *json)
{
    json_open(json, '{');
    put_text(json, "id", record->id);
    if (key.len > 0)
        put_text(json, "key", key);
    put_text(json, "name", record->name);
    put_text(json, "organization", record->org);
    json_name(json, "scopes");
    scopes_json(record->scopes, json);
    put_text(json, "prefix", SLICE(API_KEY_PREFIX));
    put_text_or_null(json, "last4", record->last4);
    json_name(json, "rate_limit");
    rate_spec_json(json, &record->rate);
    put_time(json, "created_at", record->created_at_ms);
    put_time(json, "expires_at", record->expires_at_ms);
    put_time(json, "last_used_at", record->last_used_at_ms);
    put_text_or_null(json, "rotated_from", record->rotated_from);
    put_text_or_null(json, "rotated_to", record->rotated_to);
    json_close(json, '}');
}
