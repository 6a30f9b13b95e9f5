/*
 * account_request_fuzz.c - requests about organizations and keys: what is accepted can be stored, read
 * back and shown
 */
#include "base/must.h"
#include "model/account_record.h"
#include "model/account_request.h"
#include "model/utf8.h"

#define NOW_MS 1700000000000LL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_problem(const struct problem *problem)
{
    must(problem->http_status == 400 || problem->http_status == 422);
    must(utf8_is_valid(slice_of(problem->pointer)) && problem->detail[0] != '\0');
}

static void check_rate(const struct rate_spec *rate)
{
    must((rate->per_second == 0) == (rate->burst == 0));
    must(rate->per_second >= 0 && rate->per_second <= RATE_SPEC_MAX);
    must(rate->burst >= 0 && rate->burst <= RATE_SPEC_MAX);
}

static void check_key(const struct key_request *request)
{
    struct fields fields = {.count = 0};
    struct key_record record = {
        .id = SLICE("key_00000000000000000000"),
        .org = SLICE("org_00000000000000000000"),
        .name = slice_of(request->name),
        .scopes = slice_of(request->scopes),
        .rate = request->rate,
        .expires_at_ms = request->expires_at_ms,
    };
    struct buf text;
    check_rate(&request->rate);
    must(request->expires_at_ms == 0 || request->expires_at_ms > NOW_MS);
    must(!utf8_has_control(record.name) && record.name.len > 0);
    key_record_write(&record, &fields);
    must(key_record_read(fields.at, fields.count, &record) == STATUS_OK);
    must(slice_is(record.name, request->name) && slice_is(record.scopes, request->scopes));
    must(record.rate.burst == request->rate.burst);
    must(record.expires_at_ms == request->expires_at_ms);
    buf_init(&text, 8192);
    struct json_writer json = {.out = &text};
    key_record_json(&record, (struct slice){0}, &json);
    must(!text.overflow);
    buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice body = {(const char *)data, size};
    struct organization_request organization;
    struct key_request key;
    struct problem problem;
    int64_t grace_ms = 0;

    if (key_parse_request(body, NOW_MS, &key, &problem) == STATUS_OK)
        check_key(&key);
    else
        check_problem(&problem);
    if (organization_parse_request(body, &organization, &problem) == STATUS_OK) {
        must(organization.has_name && organization.name[0] != '\0');
        check_rate(&organization.rate);
    } else {
        check_problem(&problem);
    }
    if (organization_parse_change(body, &organization, &problem) != STATUS_OK)
        check_problem(&problem);
    if (key_rotation_parse_request(body, &grace_ms, &problem) == STATUS_OK)
        must(grace_ms >= 0 && grace_ms <= KEY_ROTATION_GRACE_MAX_MS);
    else
        check_problem(&problem);
    return 0;
}
