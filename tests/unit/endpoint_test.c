/*
 * endpoint_test.c - the record in Redis: written, read back, and refused when it is not what we write
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/endpoint.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum {
    ID,
    ORG,
    URL,
    TYPES,
    FILTER,
    HEADERS,
    DESCRIPTION,
    SECRET,
    OLD,
    DISABLED,
    REASON,
    PAUSED,
    IN_FLIGHT,
    SCHEDULE,
    TIMEOUT,
    CREATED,
    UPDATED,
    PER_SECOND,
    BURST,
    ORDERED,
    FIELDS,
};

static char id_text[OTHER_ID_SIZE];
static char org_text[OTHER_ID_SIZE];

static void fill(struct slice fields[2 * FIELDS])
{
    static const char *const record[2 * FIELDS] = {
        "id",
        NULL,
        "org",
        NULL,
        "url",
        "https://example.com/hook",
        "event_types",
        "[\"order.*\",\"a\"]",
        "filter",
        "{\"gt\":{\"/n\":1}}",
        "headers",
        "{\"X-A\":\"b \\\"c\\\"\"}",
        "description",
        "mine",
        "secret",
        "v1:c2VhbGVk",
        "old_secrets",
        "1700000000000 v1:b2xk",
        "disabled",
        "1",
        "disabled_reason",
        "gone",
        "paused",
        "1",
        "max_in_flight",
        "12",
        "retry_schedule",
        "5s,300000ms",
        "timeout_ms",
        "30000",
        "created_at",
        "1700000000000",
        "updated_at",
        "1700000000001",
        "rate_per_second",
        "20",
        "rate_burst",
        "30",
        "ordered",
        "1",
    };

    other_id_format("ep_", 1700000000000, 42, id_text);
    other_id_format("org_", 1700000000000, 43, org_text);
    for (size_t i = 0; i < 2 * FIELDS; i++)
        fields[i] = slice_of(record[i]);
    fields[2 * ID + 1] = slice_of(id_text);
    fields[2 * ORG + 1] = slice_of(org_text);
}

static struct endpoint *read_record(void)
{
    struct endpoint *endpoint = NULL;
    struct slice fields[2 * FIELDS];

    fill(fields);
    assert_int_equal(endpoint_from_fields(fields, 2 * FIELDS, &endpoint), STATUS_OK);
    return endpoint;
}

static void reads_a_record(void **state)
{
    struct endpoint *endpoint = read_record();
    (void)state;
    assert_string_equal(endpoint->id, id_text);
    assert_string_equal(endpoint->org, org_text);
    assert_true(slice_is(endpoint->url, "https://example.com/hook"));
    assert_true(slice_is(endpoint->description, "mine"));
    assert_int_equal(endpoint->patterns_count, 2);
    assert_true(slice_is(endpoint->patterns[0], "order.*"));
    assert_true(slice_is(endpoint->patterns[1], "a"));
    assert_true(slice_is(endpoint->filter, "{\"gt\":{\"/n\":1}}"));
    assert_int_equal(endpoint->headers_count, 1);
    assert_true(slice_is(endpoint->headers[0].name, "X-A"));
    assert_true(slice_is(endpoint->headers[0].value, "b \"c\""));
    assert_true(slice_is(endpoint->sealed_secret, "v1:c2VhbGVk"));
    assert_true(slice_is(endpoint->old_secrets, "1700000000000 v1:b2xk"));
    assert_true(endpoint->disabled);
    assert_true(slice_is(endpoint->disabled_reason, "gone"));
    assert_true(endpoint->paused);
    assert_int_equal(endpoint->created_at_ms, 1700000000000);
    assert_int_equal(endpoint->updated_at_ms, 1700000000001);
    assert_int_equal(endpoint->max_in_flight, 12);
    assert_true(endpoint->ordered && endpoint_has_lane(endpoint));
    assert_int_equal(endpoint->rate.per_second, 20);
    assert_int_equal(endpoint->rate.burst, 30);
    assert_int_equal(endpoint->timeout_ms, 30000);
    assert_int_equal(endpoint->retry_schedule.count, 2);
    assert_int_equal(endpoint->retry_schedule.ms[1], 300000);
    endpoint_free(&endpoint);
    endpoint_free(&endpoint);
}

static void writes_what_it_reads(void **state)
{
    struct slice fields[2 * FIELDS];
    struct buf types, headers, schedule;
    struct endpoint *endpoint = read_record(), *again = NULL;
    (void)state;
    buf_init(&types, 1000);
    buf_init(&headers, 1000);
    buf_init(&schedule, 1000);
    endpoint_patterns_json(endpoint, &types);
    endpoint_headers_json(endpoint, &headers);
    endpoint_schedule_text(endpoint, &schedule);
    assert_true(slice_is(buf_slice(&types), "[\"order.*\",\"a\"]"));
    assert_true(slice_is(buf_slice(&headers), "{\"X-A\":\"b \\\"c\\\"\"}"));
    assert_true(slice_is(buf_slice(&schedule), "5000ms,300000ms"));
    fill(fields);
    fields[2 * TYPES + 1] = buf_slice(&types);
    fields[2 * HEADERS + 1] = buf_slice(&headers);
    fields[2 * SCHEDULE + 1] = buf_slice(&schedule);
    assert_int_equal(endpoint_from_fields(fields, 2 * FIELDS, &again), STATUS_OK);
    assert_memory_equal(&again->retry_schedule, &endpoint->retry_schedule,
                        sizeof again->retry_schedule);
    buf_fini(&types);
    buf_fini(&headers);
    buf_fini(&schedule);
    endpoint_free(&endpoint);
    endpoint_free(&again);
}

static void judges_each_value(void **state)
{
    static const struct {
        size_t field;
        const char *value;
        enum status status;
    } cases[] = {
        {ID, "", STATUS_INVALID},
        {ID, "ep_1", STATUS_INVALID},
        {ORG, "ep_00000000000000000000", STATUS_INVALID},
        {URL, "", STATUS_INVALID},
        {URL, "https://user@example.com", STATUS_INVALID},
        {TYPES, "", STATUS_INVALID},
        {TYPES, "[]", STATUS_INVALID},
        {TYPES, "[\"*\"]", STATUS_OK},
        {TYPES, "[\"*x\"]", STATUS_INVALID},
        {TYPES, "[[]]", STATUS_INVALID},
        {TYPES, "[\"*\"", STATUS_INVALID},
        {FILTER, "", STATUS_OK},
        {FILTER, "{", STATUS_INVALID},
        {FILTER, "{}", STATUS_INVALID},
        {FILTER, "[{\"exact\":{\"type\":\"a\"}}]", STATUS_OK},
        {HEADERS, "", STATUS_INVALID},
        {HEADERS, "{}", STATUS_OK},
        {HEADERS, "[]", STATUS_INVALID},
        {HEADERS, "{\"Host\":\"x\"}", STATUS_INVALID},
        {HEADERS, "{\"a\":\"\\n\"}", STATUS_INVALID},
        {DESCRIPTION, "", STATUS_OK},
        {SECRET, "", STATUS_INVALID},
        {SECRET, "whsec_x", STATUS_INVALID},
        {OLD, "", STATUS_OK},
        {OLD, "1 v1:a 2 v1:b", STATUS_OK},
        {OLD, "1", STATUS_INVALID},
        {OLD, "x v1:a", STATUS_INVALID},
        {OLD, "1 whsec_x", STATUS_INVALID},
        {DISABLED, "", STATUS_INVALID},
        {DISABLED, "0", STATUS_OK},
        {DISABLED, "true", STATUS_INVALID},
        {REASON, "", STATUS_OK},
        {PAUSED, "", STATUS_INVALID},
        {PAUSED, "0", STATUS_OK},
        {PAUSED, "yes", STATUS_INVALID},
        {CREATED, "", STATUS_OK},
        {CREATED, "-1", STATUS_INVALID},
        {UPDATED, "now", STATUS_INVALID},
        {IN_FLIGHT, "", STATUS_OK},
        {IN_FLIGHT, "0", STATUS_INVALID},
        {IN_FLIGHT, "1", STATUS_OK},
        {IN_FLIGHT, "10000", STATUS_OK},
        {IN_FLIGHT, "10001", STATUS_INVALID},
        {IN_FLIGHT, "x", STATUS_INVALID},
        {SCHEDULE, "", STATUS_OK},
        {SCHEDULE, "5", STATUS_INVALID},
        {SCHEDULE, "5s,", STATUS_INVALID},
        {SCHEDULE, "0ms", STATUS_INVALID},
        {SCHEDULE, "30d", STATUS_OK},
        {SCHEDULE, "31d", STATUS_INVALID},
        {TIMEOUT, "", STATUS_OK},
        {TIMEOUT, "99", STATUS_INVALID},
        {TIMEOUT, "100", STATUS_OK},
        {TIMEOUT, "300000", STATUS_OK},
        {TIMEOUT, "300001", STATUS_INVALID},
        {ORDERED, "", STATUS_OK},
        {ORDERED, "0", STATUS_OK},
        {ORDERED, "yes", STATUS_INVALID},
        {PER_SECOND, "", STATUS_INVALID},
        {PER_SECOND, "0", STATUS_INVALID},
        {PER_SECOND, "1", STATUS_OK},
        {PER_SECOND, "1000000", STATUS_OK},
        {PER_SECOND, "1000001", STATUS_INVALID},
        {BURST, "", STATUS_INVALID},
        {BURST, "0", STATUS_INVALID},
        {BURST, "1", STATUS_OK},
        {BURST, "1000000", STATUS_OK},
        {BURST, "1000001", STATUS_INVALID},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct endpoint *endpoint = NULL;
        struct slice fields[2 * FIELDS];
        fill(fields);
        fields[2 * cases[i].field + 1] = slice_of(cases[i].value);
        if (endpoint_from_fields(fields, 2 * FIELDS, &endpoint) != cases[i].status)
            fail_msg("case %zu: %s", i, cases[i].value);
        assert_int_equal(endpoint != NULL, cases[i].status == STATUS_OK);
        endpoint_free(&endpoint);
    }
}

static void bounds_the_description(void **state)
{
    char text[ENDPOINT_DESCRIPTION_MAX + 1];
    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t len = sizeof text - 2; len <= sizeof text; len++) {
        struct endpoint *endpoint = NULL;
        struct slice fields[2 * FIELDS];
        fill(fields);
        fields[2 * DESCRIPTION + 1] = (struct slice){text, len};
        assert_int_equal(endpoint_from_fields(fields, 2 * FIELDS, &endpoint),
                         len <= ENDPOINT_DESCRIPTION_MAX ? STATUS_OK : STATUS_INVALID);
        endpoint_free(&endpoint);
    }
}

static void a_copy_owns_its_texts(void **state)
{
    char text[] = "https://a|mine|v1:x|*|X-A|b|{}|1 v1:y|gone";
    struct slice rest = slice_of(text), parts[9];
    struct endpoint *copy;
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++)
        parts[i] = slice_cut(&rest, '|');
    struct header header = {parts[4], parts[5]};
    const struct endpoint endpoint = {.url = parts[0],
                                      .description = parts[1],
                                      .sealed_secret = parts[2],
                                      .patterns_count = 1,
                                      .patterns = &parts[3],
                                      .filter = parts[6],
                                      .old_secrets = parts[7],
                                      .disabled_reason = parts[8],
                                      .headers_count = 1,
                                      .headers = &header};
    copy = endpoint_copy(&endpoint);
    memset(text, '#', sizeof text);
    parts[3] = header.name = header.value = SLICE("#");
    assert_true(slice_is(copy->url, "https://a"));
    assert_true(slice_is(copy->description, "mine"));
    assert_true(slice_is(copy->sealed_secret, "v1:x"));
    assert_true(slice_is(copy->old_secrets, "1 v1:y"));
    assert_true(slice_is(copy->disabled_reason, "gone"));
    assert_true(slice_is(copy->patterns[0], "*"));
    assert_true(slice_is(copy->filter, "{}"));
    assert_true(slice_is(copy->headers[0].name, "X-A"));
    assert_true(slice_is(copy->headers[0].value, "b"));
    endpoint_free(&copy);
}

static void refuses_a_missing_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < PER_SECOND; i++) {
        struct endpoint *endpoint = NULL;
        struct slice fields[2 * FIELDS];
        fill(fields);
        fields[2 * i] = SLICE("other");
        assert_int_equal(endpoint_from_fields(fields, 2 * FIELDS, &endpoint), STATUS_INVALID);
    }
    struct endpoint *none = NULL;
    assert_int_equal(endpoint_from_fields(NULL, 0, &none), STATUS_INVALID);
}

/* As records of older releases are. */
static void without_fields_of_a_lane_it_has_none(void **state)
{
    struct endpoint *endpoint = NULL;
    struct slice fields[2 * FIELDS];
    (void)state;
    fill(fields);
    assert_int_equal(endpoint_from_fields(fields, 2 * PER_SECOND, &endpoint), STATUS_OK);
    assert_false(endpoint->ordered || endpoint->rate.per_second > 0);
    assert_false(endpoint_has_lane(endpoint));
    endpoint_free(&endpoint);
}

static void has_a_lane_for_either(void **state)
{
    (void)state;
    assert_true(endpoint_has_lane(&(struct endpoint){.ordered = true}));
    assert_true(endpoint_has_lane(&(struct endpoint){.rate = {1, 1}}));
    assert_false(endpoint_has_lane(&(struct endpoint){.paused = true, .max_in_flight = 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_record),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(judges_each_value),
        cmocka_unit_test(bounds_the_description),
        cmocka_unit_test(a_copy_owns_its_texts),
        cmocka_unit_test(refuses_a_missing_field),
        cmocka_unit_test(without_fields_of_a_lane_it_has_none),
        cmocka_unit_test(has_a_lane_for_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
