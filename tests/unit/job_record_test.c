/*
 * job_record_test.c - a job from Redis to JSON
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/job_record.h"

static void check(const struct slice *fields, size_t count, const char *expected)
{
    struct job_record job;
    struct buf out;
    buf_init(&out, 4096);
    struct json_writer json = {.out = &out};
    assert_int_equal(job_record_read(fields, count, &job), STATUS_OK);
    job_record_put(&json, &job);
    buf_add_char(&out, '\0');
    assert_string_equal(out.at, expected);
    buf_fini(&out);
}

#define NAMED(name, text) SLICE(name), SLICE(text)

static void shows_a_running_job(void **state)
{
    (void)state;
    const struct slice fields[] = {
        NAMED("id", "job_1"),
        NAMED("kind", "redrive"),
        NAMED("org", "org_1"),
        NAMED("state", "running"),
        NAMED("cursor", ""),
        NAMED("done", "3"),
        NAMED("skipped", "1"),
        NAMED("error", ""),
        NAMED("created_at", "1800000000000"),
        NAMED("updated_at", "1800000000001"),
        NAMED("finished_at", ""),
        NAMED("actor", "key_1"),
        NAMED("endpoint", ""),
        NAMED("type", "order.\"paid\""),
        NAMED("since_ms", ""),
        NAMED("until_ms", "1800000000002"),
    };
    check(
        fields, sizeof fields / sizeof fields[0],
        "{\"id\":\"job_1\",\"kind\":\"redrive\",\"state\":\"running\","
        "\"created_at\":\"2027-01-15T08:00:00.000Z\",\"updated_at\":\"2027-01-15T08:00:00.001Z\","
        "\"finished_at\":null,\"done\":3,\"skipped\":1,\"error\":null,"
        "\"parameters\":{\"type\":\"order.\\\"paid\\\"\",\"until\":\"2027-01-15T08:00:00.002Z\"}}");
}

static void shows_a_failed_job(void **state)
{
    (void)state;
    const struct slice fields[] = {
        NAMED("id", "job_1"),
        NAMED("kind", "replay"),
        NAMED("org", "org_1"),
        NAMED("state", "failed"),
        NAMED("done", "not a number"),
        NAMED("error", "endpoint_deleted"),
        NAMED("finished_at", "1800000000000"),
        NAMED("endpoint", "ep_1"),
        NAMED("status", "all"),
        NAMED("since_ms", "1800000000000"),
    };
    check(fields, sizeof fields / sizeof fields[0],
          "{\"id\":\"job_1\",\"kind\":\"replay\",\"state\":\"failed\","
          "\"created_at\":\"1970-01-01T00:00:00.000Z\",\"updated_at\":\"1970-01-01T00:00:00.000Z\","
          "\"finished_at\":\"2027-01-15T08:00:00.000Z\",\"done\":0,\"skipped\":0,"
          "\"error\":\"endpoint_deleted\",\"parameters\":{\"endpoint\":\"ep_1\",\"status\":\"all\","
          "\"since\":\"2027-01-15T08:00:00.000Z\"}}");
}

static void refuses_what_is_none(void **state)
{
    (void)state;
    const struct slice fields[] = {NAMED("id", "job_1"), NAMED("kind", "replay"),
                                   NAMED("org", "org_1"), NAMED("state", "running")};
    struct job_record job;
    assert_int_equal(job_record_read(fields, 8, &job), STATUS_OK);
    assert_int_equal(job_record_read(fields, 7, &job), STATUS_INVALID);
    assert_int_equal(job_record_read(fields, 0, &job), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_a_running_job),
        cmocka_unit_test(shows_a_failed_job),
        cmocka_unit_test(refuses_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
