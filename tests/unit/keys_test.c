/*
 * keys_test.c - the exact names in Redis, and the partition function that data depends on
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/keys.h"

#define ORG SLICE("org_01hf7yat000000000001")
#define EVENT SLICE("evt_01hf7yat000000000001")

static void assert_key(struct key key, const char *expected)
{
    char text[KEY_MAX + 1];
    assert_int_equal(slice_to_text(key_slice(&key), text, sizeof text), STATUS_OK);
    assert_string_equal(text, expected);
}

static void names_of_a_partition(void **state)
{
    static const struct {
        enum partition_key which;
        const char *name;
    } cases[] = {
        {KEY_EVENTS, "mr:{3}:events"},
        {KEY_DELIVERIES, "mr:{3}:deliveries"},
        {KEY_DUE, "mr:{3}:due"},
        {KEY_WAITING, "mr:{3}:waiting"},
        {KEY_CURSORS, "mr:{3}:cursors"},
        {KEY_ATTEMPTS, "mr:{3}:attempts"},
        {KEY_DLQ, "mr:{3}:dlq"},
        {KEY_ORG_LETTERS, "mr:{3}:letters:"},
        {KEY_RECORD, "mr:{3}:event:"},
        {KEY_FAILING, "mr:{3}:failing"},
        {KEY_JOBS, "mr:{3}:jobs"},
        {KEY_ORG_RUNNING, "mr:{3}:running:"},
        {KEY_DEDUP, "mr:{3}:dedup:"},
        {KEY_STATS, "mr:{3}:stats"},
        {KEY_RECLAIMED, "mr:{3}:reclaimed"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_key(key_of(3, cases[i].which), cases[i].name);
    assert_key(key_of(0, KEY_EVENTS), "mr:{0}:events");
    assert_key(key_of(PARTITIONS_MAX - 1, KEY_EVENTS), "mr:{1023}:events");
    assert_key(key_of(UINT32_MAX, KEY_EVENTS), "mr:{4294967295}:events");
}

static void names_of_objects(void **state)
{
    (void)state;
    assert_key(key_of_id(0, KEY_RECORD, EVENT), "mr:{0}:event:evt_01hf7yat000000000001");
    assert_key(key_of_id(12, KEY_TURN, SLICE("ep_01hf7yat000000000001")),
               "mr:{12}:turn:ep_01hf7yat000000000001");
    assert_key(key_of_id(12, KEY_LANE, SLICE("ep_01hf7yat000000000001")),
               "mr:{12}:lane:ep_01hf7yat000000000001");
    assert_key(key_of_id(1, KEY_ENDPOINT, SLICE("ep_01hf7yat000000000001")),
               "mr:{1}:endpoint:ep_01hf7yat000000000001");
    assert_key(key_of_id(1, KEY_ORG_ENDPOINTS, ORG), "mr:{1}:endpoints:org_01hf7yat000000000001");
    assert_key(key_of_id(1, KEY_ORG_KEYS, ORG), "mr:{1}:keys:org_01hf7yat000000000001");
    assert_key(key_of_id(1, KEY_ORG_EVENTS, ORG), "mr:{1}:events:org_01hf7yat000000000001");
    assert_key(key_orgs(), "mr:orgs");
    assert_key(key_org(ORG), "mr:org:org_01hf7yat000000000001");
    assert_key(
        key_api_key(SLICE("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")),
        "mr:key:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_key(key_meta(), "mr:meta");
    assert_key(key_config(), "mr:config");
}

static void dedup_ids_are_hashed(void **state)
{
    char longest[255];
    (void)state;
    assert_key(key_dedup(2, ORG, SLICE("hello")),
               "mr:{2}:dedup:org_01hf7yat000000000001:2cf24dba5fb0a30e26e83b2ac5b9e29e");
    assert_key(key_dedup(2, ORG, SLICE("")),
               "mr:{2}:dedup:org_01hf7yat000000000001:e3b0c44298fc1c149afbf4c8996fb924");
    assert_key(key_dedup(2, ORG, SLICE("\0}:\r\n")),
               "mr:{2}:dedup:org_01hf7yat000000000001:5d18f9d52b00de7e44267151775198a3");
    memset(longest, 'x', sizeof longest);
    struct key key =
        key_dedup(PARTITIONS_MAX - 1, ORG, (struct slice){.at = longest, .len = sizeof longest});
    assert_int_equal(key.len, strlen("mr:{1023}:dedup:") + 24 + 1 + 32);
}

/* Known answers: with another function the data of every installation would be lost from sight. */
static void partitions_never_change(void **state)
{
    static const struct {
        const char *org;
        uint32_t of_1, of_16, of_1000, of_1024;
    } cases[] = {
        {"", 0, 5, 37, 805},
        {"a", 0, 12, 996, 140},
        {"foobar", 0, 8, 968, 1000},
        {"org_01hf7yat000000000001", 0, 13, 29, 589},
        {"org_01hf7yat000000000002", 0, 4, 396, 308},
        {"org_zzzzzzzzzzzzzzzzzzzz", 0, 10, 210, 42},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slice org = slice_of(cases[i].org);
        assert_int_equal(partition_of(org, 1), cases[i].of_1);
        assert_int_equal(partition_of(org, 16), cases[i].of_16);
        assert_int_equal(partition_of(org, 1000), cases[i].of_1000);
        assert_int_equal(partition_of(org, 1024), cases[i].of_1024);
    }
}

static void partitions_are_even(void **state)
{
    int counts[16] = {0};
    (void)state;
    for (uint64_t i = 0; i < 16000; i++) {
        char org[OTHER_ID_SIZE];
        other_id_format("org_", 1700000000000 + (int64_t)i, i * UINT64_C(0x9e3779b97f4a7c15), org);
        counts[partition_of(slice_of(org), 16)]++;
    }
    for (size_t i = 0; i < 16; i++)
        assert_in_range(counts[i], 850, 1150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_a_partition), cmocka_unit_test(names_of_objects),
        cmocka_unit_test(dedup_ids_are_hashed), cmocka_unit_test(partitions_never_change),
        cmocka_unit_test(partitions_are_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
