/*
 * store_facts_test.c - INFO as Redis and others write it, and what follows for an accept
 */
#include "io/store_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_info(void **state)
{
    static const struct {
        const char *text;
        enum status status;
        unsigned major, minor;
        bool is_replica, is_loading;
        const char *eviction;
    } cases[] = {
        {"redis_version:7.0.15\r\nrole:master\r\n", STATUS_OK, 7, 0, false, false, ""},
        {"# Server\r\nredis_version:8.10.0\r\n\r\n# Memory\r\nmaxmemory_policy:allkeys-lru\r\n",
         STATUS_OK, 8, 10, false, false, "allkeys-lru"},
        {"role:slave\nloading:1\nredis_version:7.2\n", STATUS_OK, 7, 2, true, true, ""},
        {"x_redis_version:1.1.1\r\nredis_version:9.0-rc1\r\n", STATUS_INVALID, 0, 0, false, false,
         ""},
        {"", STATUS_INVALID, 0, 0, false, false, ""},
        {"redis_version:\r\n", STATUS_INVALID, 0, 0, false, false, ""},
        {"redis_version", STATUS_INVALID, 0, 0, false, false, ""},
        {"redis_version:7.2.1\r\nmaxmemory_policy:a-name-longer-than-any-policy-that-there-is\r\n",
         STATUS_LIMIT, 7, 2, false, false, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct store_facts facts = {0};
        assert_int_equal(store_facts_of_info(slice_of(cases[i].text), &facts), cases[i].status);
        assert_int_equal(facts.major, cases[i].major);
        assert_int_equal(facts.minor, cases[i].minor);
        assert_int_equal(facts.is_replica, cases[i].is_replica);
        assert_int_equal(facts.is_loading, cases[i].is_loading);
        assert_string_equal(facts.eviction, cases[i].eviction);
    }
}

/* Names of the settings that the warning must ask for, and those it must not mention. */
static void test_warnings(void **state)
{
    struct store_facts facts = {.major = 7, .is_config_known = true, .is_fsync_everysec = true};
    struct store_verdict verdict;

    (void)state;
    facts.is_fsync_in_rewrite = true;
    store_judge(&facts, DURABILITY_FSYNC, &verdict);
    assert_non_null(strstr(verdict.warning, "appendonly yes"));
    assert_non_null(strstr(verdict.warning, "appendfsync always"));
    assert_non_null(strstr(verdict.warning, "7.2"));
    assert_null(strstr(verdict.warning, "no-appendfsync-on-rewrite"));
    facts.minor = 2;
    store_judge(&facts, DURABILITY_FSYNC, &verdict);
    assert_non_null(strstr(verdict.warning, "appendonly yes"));
    assert_null(strstr(verdict.warning, "appendfsync always"));
    facts.is_aof = true;
    store_judge(&facts, DURABILITY_FSYNC, &verdict);
    assert_string_equal(verdict.warning, "");
    assert_int_equal(verdict.durability, DURABILITY_FSYNC);
    assert_true(verdict.needs_waitaof);
    snprintf(facts.eviction, sizeof facts.eviction, "volatile-lfu");
    facts.is_aof = false;
    store_judge(&facts, DURABILITY_FSYNC, &verdict);
    assert_non_null(strstr(verdict.warning, "appendonly yes; "));
    assert_non_null(strstr(verdict.warning, "volatile-lfu, it must be noeviction"));
    store_judge(&facts, DURABILITY_RELAXED, &verdict);
    assert_null(strstr(verdict.warning, "appendonly"));
    assert_int_equal(verdict.durability, DURABILITY_RELAXED);
    facts.is_replica = true;
    store_judge(&facts, DURABILITY_FSYNC, &verdict);
    assert_non_null(strstr(verdict.wait, "replica"));
    assert_string_equal(verdict.warning, ""); /* it is the master's settings that count */
    facts.major = 6;
    store_judge(&facts, DURABILITY_FSYNC, &verdict);
    assert_non_null(strstr(verdict.refusal, "too old"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_info),
                                       cmocka_unit_test(test_warnings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
