/*
 * account_record_test.c - what is written of organizations and keys is read and shown, and what is
 * broken is refused
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/account_record.h"

static const struct key_record full_key = {
    .id = SLICE("key_1"),
    .org = SLICE("org_1"),
    .name = SLICE("n\"\x01"),
    .scopes = SLICE("events:write keys:write"),
    .last4 = SLICE("wxyz"),
    .rotated_from = SLICE("key_0"),
    .rotated_to = SLICE("key_2"),
    .rate = {5, 6},
    .created_at_ms = 1700000000001,
    .expires_at_ms = 1700000000002,
    .last_used_at_ms = 1700000000003,
};
static const struct organization_record full_organization = {
    .id = SLICE("org_1"),
    .name = SLICE("o"),
    .rate = {7, 8},
    .created_at_ms = 1700000000001,
    .updated_at_ms = 1700000000002,
    .deleted_at_ms = 1700000000003,
};

static void assert_key_json(const struct key_record *record, struct slice key, const char *expected)
{
    struct buf out;
    buf_init(&out, 4096);
    struct json_writer json = {.out = &out};
    key_record_json(record, key, &json);
    buf_add_char(&out, '\0');
    assert_string_equal(out.at, expected);
    buf_fini(&out);
}

static void keys_are_written_and_read(void **state)
{
    struct fields fields = {.count = 0};
    struct key_record record;
    (void)state;
    key_record_write(&full_key, &fields);
    assert_int_equal(key_record_read(fields.at, fields.count, &record), STATUS_OK);
    assert_key_json(&record, (struct slice){0},
                    "{\"id\":\"key_1\",\"name\":\"n\\\"\\u0001\",\"organization\":\"org_1\","
                    "\"scopes\":[\"events:write\",\"keys:write\"],\"prefix\":\"mr_live_\","
                    "\"last4\":\"wxyz\",\"rate_limit\":{\"per_second\":5,\"burst\":6},"
                    "\"created_at\":\"2023-11-14T22:13:20.001Z\","
                    "\"expires_at\":\"2023-11-14T22:13:20.002Z\","
                    "\"last_used_at\":\"2023-11-14T22:13:20.003Z\","
                    "\"rotated_from\":\"key_0\",\"rotated_to\":\"key_2\"}");
}

static void a_key_needs_little(void **state)
{
    static const struct slice least[] = {SLICE("id"),    SLICE("key_1"),  SLICE("org"),
                                         SLICE("org_1"), SLICE("scopes"), SLICE("*")};
    struct key_record record;
    (void)state;
    assert_int_equal(key_record_read(least, 6, &record), STATUS_OK);
    assert_key_json(
        &record, SLICE("mr_live_x"),
        "{\"id\":\"key_1\",\"key\":\"mr_live_x\",\"name\":\"\",\"organization\":\"org_1\","
        "\"scopes\":[\"*\"],\"prefix\":\"mr_live_\",\"last4\":null,\"rate_limit\":null,"
        "\"created_at\":null,\"expires_at\":null,\"last_used_at\":null,"
        "\"rotated_from\":null,\"rotated_to\":null}");
    assert_int_equal(key_record_read(least, 4, &record), STATUS_INVALID);
    assert_int_equal(key_record_read(least + 2, 4, &record), STATUS_INVALID);
    assert_int_equal(key_record_read(least, 5, &record), STATUS_INVALID);
    assert_int_equal(key_record_read(NULL, 0, &record), STATUS_INVALID);
}

/* With the value of one field replaced. */
static enum status read_key_with(const char *name, const char *value)
{
    struct fields fields = {.count = 0};
    struct key_record record;
    key_record_write(&full_key, &fields);
    for (size_t i = 0; i < fields.count; i += 2)
        if (slice_is(fields.at[i], name))
            fields.at[i + 1] = slice_of(value);
    return key_record_read(fields.at, fields.count, &record);
}

static void broken_records_are_refused(void **state)
{
    static const char *const broken[][2] = {
        {"id", ""},
        {"org", ""},
        {"scopes", ""},
        {"expires_at", "soon"},
        {"expires_at", "-1"},
        {"created_at", "x"},
        {"last_used_at", " "},
        {"rate_per_second", "0"},
        {"rate_burst", ""},
        {"expires_at", "9223372036854775808"},
    };
    static const char *const fine[][2] = {
        {"expires_at", ""},
        {"name", ""},
        {"last4", ""},
        {"rotated_to", ""},
        {"expires_at", "9223372036854775807"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_int_equal(read_key_with(broken[i][0], broken[i][1]), STATUS_INVALID);
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
        assert_int_equal(read_key_with(fine[i][0], fine[i][1]), STATUS_OK);
}

static void organizations_are_written_and_read(void **state)
{
    static const struct slice least[] = {SLICE("id"), SLICE("org_1")};
    static const struct slice broken[] = {SLICE("id"), SLICE("org_1"), SLICE("deleted_at"),
                                          SLICE("x")};
    struct fields fields = {.count = 0};
    struct organization_record record;
    struct buf out;
    (void)state;
    organization_record_write(&full_organization, &fields);
    assert_int_equal(organization_record_read(fields.at, fields.count, &record), STATUS_OK);
    assert_int_equal(record.deleted_at_ms, full_organization.deleted_at_ms);
    buf_init(&out, 1024);
    struct json_writer json = {.out = &out};
    organization_record_json(&record, &json);
    assert_true(slice_is(buf_slice(&out), "{\"id\":\"org_1\",\"name\":\"o\","
                                          "\"rate_limit\":{\"per_second\":7,\"burst\":8},"
                                          "\"created_at\":\"2023-11-14T22:13:20.001Z\","
                                          "\"updated_at\":\"2023-11-14T22:13:20.002Z\"}"));
    buf_fini(&out);
    assert_int_equal(organization_record_read(least, 2, &record), STATUS_OK);
    assert_int_equal(record.rate.per_second, 0);
    assert_int_equal(record.deleted_at_ms, 0);
    assert_int_equal(organization_record_read(broken, 4, &record), STATUS_INVALID);
    assert_int_equal(organization_record_read(NULL, 0, &record), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_written_and_read),
        cmocka_unit_test(a_key_needs_little),
        cmocka_unit_test(broken_records_are_refused),
        cmocka_unit_test(organizations_are_written_and_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
