/*
 * delivery_test.c - entries of the deliveries stream: read back, and refused when they are not what we write
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/delivery.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

enum { EVENT, ENDPOINT, ORG, TRACEPARENT, REQUEST, WORDS };
enum { DELIVERY, ATTEMPT, SNOOZES, HISTORY, BODY, FIELDS };

static char event_text[EVENT_ID_LEN + 1];
static char endpoint_text[OTHER_ID_SIZE];
static char org_text[OTHER_ID_SIZE];
static char line[512];

static void fill_words(const char *words[WORDS])
{
    event_id_format((struct event_id){.entry = {1700000000000, 7}, .partition = 3}, event_text);
    other_id_format("ep_", 1700000000000, 42, endpoint_text);
    other_id_format("org_", 1700000000000, 43, org_text);
    words[EVENT] = event_text;
    words[ENDPOINT] = endpoint_text;
    words[ORG] = org_text;
    words[TRACEPARENT] = TRACE;
    words[REQUEST] = "req-1";
}

static struct slice line_of(const char *const words[WORDS])
{
    snprintf(line, sizeof line, "%s %s %s %s %s", words[EVENT], words[ENDPOINT], words[ORG],
             words[TRACEPARENT], words[REQUEST]);
    return slice_of(line);
}

static void fill(struct slice fields[2 * FIELDS])
{
    static const char *const names[FIELDS] = {"delivery", "attempt", "snoozes", "history", "body"};
    const char *words[WORDS];

    fill_words(words);
    for (size_t i = 0; i < FIELDS; i++)
        fields[2 * i] = slice_of(names[i]);
    fields[2 * DELIVERY + 1] = line_of(words);
    fields[2 * ATTEMPT + 1] = SLICE("3");
    fields[2 * SNOOZES + 1] = SLICE("0");
    fields[2 * HISTORY + 1] = SLICE("1700000000000-0,1700000000001:1:200:12");
    fields[2 * BODY + 1] = SLICE("{}");
}

static void check_values(const struct delivery_fields *delivery)
{
    assert_true(slice_is(delivery->event, event_text));
    assert_true(slice_is(delivery->endpoint, endpoint_text));
    assert_true(slice_is(delivery->org, org_text));
    assert_int_equal(delivery->attempt, 3);
    assert_int_equal(delivery->snoozes, 0);
    assert_true(slice_is(delivery->history, "1700000000000-0,1700000000001:1:200:12"));
    assert_true(slice_is(delivery->trace, TRACE));
    assert_true(slice_is(delivery->request, "req-1"));
    assert_true(slice_is(delivery->body, "{}"));
}

static void reads_fields_in_any_order(void **state)
{
    struct slice fields[2 * FIELDS], turned[2 * FIELDS + 2];
    struct delivery_fields delivery;
    (void)state;
    fill(fields);
    assert_int_equal(delivery_from_fields(fields, 2 * FIELDS, &delivery), STATUS_OK);
    check_values(&delivery);
    turned[0] = SLICE("later");
    turned[1] = SLICE("delivery");
    for (size_t i = 0; i < FIELDS; i++)
        memcpy(turned + 2 + 2 * i, fields + 2 * (FIELDS - 1 - i), 2 * sizeof fields[0]);
    memset(&delivery, 0, sizeof delivery);
    assert_int_equal(delivery_from_fields(turned, 2 * FIELDS + 2, &delivery), STATUS_OK);
    check_values(&delivery);
}

static void says_whether_its_lane_let_it_go(void **state)
{
    struct slice fields[2 * FIELDS + 2];
    struct delivery_fields delivery;
    (void)state;
    fill(fields);
    assert_int_equal(delivery_from_fields(fields, 2 * FIELDS, &delivery), STATUS_OK);
    assert_false(delivery.is_released);
    fields[2 * FIELDS] = SLICE("lane");
    fields[2 * FIELDS + 1] = SLICE("1");
    assert_int_equal(delivery_from_fields(fields, 2 * FIELDS + 2, &delivery), STATUS_OK);
    assert_true(delivery.is_released);
    check_values(&delivery);
    fields[2 * FIELDS + 1] = SLICE("0");
    assert_int_equal(delivery_from_fields(fields, 2 * FIELDS + 2, &delivery), STATUS_OK);
    assert_false(delivery.is_released);
}

/* A fresh one without a request, and one that was tried and let go by its lane. */
static void reads_what_an_older_version_wrote(void **state)
{
    const char *words[WORDS];
    struct delivery_fields delivery;
    (void)state;
    fill_words(words);
    const struct slice fresh[] = {
        SLICE("event"),    slice_of(words[EVENT]),
        SLICE("endpoint"), slice_of(words[ENDPOINT]),
        SLICE("org"),      slice_of(words[ORG]),
        SLICE("trace"),    slice_of(words[TRACEPARENT]),
        SLICE("body"),     SLICE("{}"),
    };
    const struct slice tried[] = {
        fresh[0],         fresh[1],
        fresh[2],         fresh[3],
        fresh[4],         fresh[5],
        SLICE("attempt"), SLICE("3"),
        SLICE("snoozes"), SLICE("0"),
        SLICE("history"), SLICE("1700000000000-0,1700000000001:1:200:12"),
        fresh[6],         fresh[7],
        SLICE("request"), slice_of(words[REQUEST]),
        fresh[8],         fresh[9],
        SLICE("lane"),    SLICE("1"),
    };
    assert_int_equal(delivery_from_fields(tried, COUNT(tried), &delivery), STATUS_OK);
    check_values(&delivery);
    assert_true(delivery.is_released);
    assert_int_equal(delivery_from_fields(fresh, COUNT(fresh), &delivery), STATUS_OK);
    assert_int_equal(delivery.attempt, 1);
    assert_true(slice_is(delivery.trace, TRACE) && slice_is(delivery.body, "{}"));
    assert_int_equal(delivery.request.len + delivery.history.len, 0);
    for (size_t count = 0; count < 6; count++)
        assert_int_equal(delivery_from_fields(fresh, count, &delivery), STATUS_INVALID);
}

static void reads_an_empty_label_of_an_older_version(void **state)
{
    const char *words[WORDS];
    struct delivery_fields delivery;
    (void)state;
    fill_words(words);
    const struct slice fields[] = {
        SLICE("event"),    slice_of(words[EVENT]),
        SLICE("endpoint"), slice_of(words[ENDPOINT]),
        SLICE("org"),      slice_of(words[ORG]),
        SLICE("attempt"),  SLICE("1"),
        SLICE("snoozes"),  SLICE("1"),
        SLICE("history"),  SLICE(""),
        SLICE("trace"),    SLICE(""),
        SLICE("request"),  SLICE(""),
        SLICE("body"),     SLICE(""),
    };
    assert_int_equal(delivery_from_fields(fields, COUNT(fields), &delivery), STATUS_OK);
    assert_int_equal(delivery.snoozes, 1);
    assert_int_equal(delivery.trace.len + delivery.request.len + delivery.history.len, 0);
}

static void refuses_a_missing_or_cut_field(void **state)
{
    struct delivery_fields delivery;
    (void)state;
    for (size_t i = 0; i < FIELDS; i++) {
        struct slice fields[2 * FIELDS];
        enum status without = i == DELIVERY ? STATUS_INVALID : STATUS_OK;
        fill(fields);
        fields[2 * i] = SLICE("other");
        assert_int_equal(delivery_from_fields(fields, 2 * FIELDS, &delivery), without);
        fill(fields);
        assert_int_equal(delivery_from_fields(fields, 2 * i, &delivery), without);
        assert_int_equal(delivery_from_fields(fields, 2 * i + 1, &delivery), STATUS_INVALID);
    }
}

static void reads_what_has_nothing_to_say(void **state)
{
    struct slice fields[2 * FIELDS];
    const char *words[WORDS];
    struct delivery_fields delivery;
    (void)state;
    fill(fields);
    fill_words(words);
    words[TRACEPARENT] = words[REQUEST] = "-";
    fields[2 * DELIVERY + 1] = line_of(words);
    assert_int_equal(delivery_from_fields(fields, 2 * (ATTEMPT + 1), &delivery), STATUS_OK);
    assert_int_equal(delivery.attempt, 3);
    assert_int_equal(delivery.snoozes, 0);
    assert_int_equal(delivery.history.len + delivery.trace.len + delivery.request.len, 0);
    assert_int_equal(delivery.body.len, 0);
    assert_int_equal(delivery_from_fields(fields, 2 * (DELIVERY + 1), &delivery), STATUS_OK);
    assert_int_equal(delivery.attempt, 1); /* of a fresh one */
}

static void judges_each_value(void **state)
{
    static const struct {
        size_t field;
        const char *value;
        enum status status;
    } cases[] = {
        {ATTEMPT, "", STATUS_INVALID},
        {ATTEMPT, "0", STATUS_INVALID},
        {ATTEMPT, "1", STATUS_OK},
        {ATTEMPT, "-1", STATUS_INVALID},
        {ATTEMPT, "1x", STATUS_INVALID},
        {ATTEMPT, "4294967295", STATUS_OK},
        {ATTEMPT, "4294967296", STATUS_INVALID},
        {SNOOZES, "", STATUS_INVALID},
        {SNOOZES, "4294967295", STATUS_OK},
        {SNOOZES, "4294967296", STATUS_INVALID},
        {HISTORY, "", STATUS_OK},
        {HISTORY, "1-1", STATUS_OK},
        {HISTORY, "1-1,", STATUS_INVALID},
        {HISTORY, ",1-1", STATUS_INVALID},
        {HISTORY, "1-1,,2-2", STATUS_INVALID},
        {HISTORY, "x", STATUS_INVALID},
        {HISTORY, "1:1:200:5,2-2", STATUS_OK},
        {HISTORY, "1:1:200", STATUS_INVALID},
        {BODY, "", STATUS_OK},
    };
    struct slice fields[2 * FIELDS];
    struct delivery_fields delivery;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        fill(fields);
        fields[2 * cases[i].field + 1] = slice_of(cases[i].value);
        if (delivery_from_fields(fields, 2 * FIELDS, &delivery) != cases[i].status)
            fail_msg("case %zu: %s", i, cases[i].value);
    }
}

static void judges_each_word(void **state)
{
    static const struct {
        size_t word;
        const char *value;
        enum status status;
    } cases[] = {
        {EVENT, "", STATUS_INVALID},
        {EVENT, "evt_x", STATUS_INVALID},
        {EVENT, "ep_00000000000000000000", STATUS_INVALID},
        {ENDPOINT, "", STATUS_INVALID},
        {ENDPOINT, "-", STATUS_INVALID},
        {ENDPOINT, "org_00000000000000000000", STATUS_INVALID},
        {ORG, "", STATUS_INVALID},
        {ORG, "ep_00000000000000000000", STATUS_INVALID},
        {TRACEPARENT, "-", STATUS_OK},
        {TRACEPARENT, "", STATUS_INVALID},
        {TRACEPARENT, "00-0", STATUS_INVALID},
        {REQUEST, "-", STATUS_OK},
        {REQUEST, "", STATUS_INVALID},
        {REQUEST, "a b", STATUS_INVALID},
        {REQUEST, "a ", STATUS_INVALID},
        {REQUEST, "a\n", STATUS_INVALID},
    };
    struct slice fields[2 * FIELDS];
    struct delivery_fields delivery;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *words[WORDS];
        fill(fields);
        fill_words(words);
        words[cases[i].word] = cases[i].value;
        fields[2 * DELIVERY + 1] = line_of(words);
        if (delivery_from_fields(fields, 2 * FIELDS, &delivery) != cases[i].status)
            fail_msg("case %zu: %s", i, line);
    }
}

/* A word more or less, with nothing behind it. */
static void wants_five_words(void **state)
{
    struct slice fields[2 * FIELDS];
    struct delivery_fields delivery;
    const char *words[WORDS];
    size_t len;
    (void)state;
    fill(fields);
    fill_words(words);
    len = line_of(words).len;
    memcpy(line + len, " x", sizeof " x");
    for (size_t end = 0; end <= len + 2; end++) {
        bool is_cut = end == len + 2 || line[end] == ' ';
        fields[2 * DELIVERY + 1] = (struct slice){line, end};
        if (is_cut)
            assert_int_equal(delivery_from_fields(fields, 2 * FIELDS, &delivery),
                             end == len ? STATUS_OK : STATUS_INVALID);
    }
}

static void names_outcomes(void **state)
{
    static const char *const names[OUTCOMES_COUNT] = {"delivered", "retry", "snooze", "park",
                                                      "hold",      "ready", "dead",   "late"};
    (void)state;
    for (size_t i = 0; i < OUTCOMES_COUNT; i++)
        assert_string_equal(outcome_name((enum outcome)i), names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_fields_in_any_order),
        cmocka_unit_test(says_whether_its_lane_let_it_go),
        cmocka_unit_test(reads_what_an_older_version_wrote),
        cmocka_unit_test(reads_an_empty_label_of_an_older_version),
        cmocka_unit_test(refuses_a_missing_or_cut_field),
        cmocka_unit_test(reads_what_has_nothing_to_say),
        cmocka_unit_test(judges_each_value),
        cmocka_unit_test(judges_each_word),
        cmocka_unit_test(wants_five_words),
        cmocka_unit_test(names_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
