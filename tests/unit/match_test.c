/*
 * match_test.c - who wants a type: the index against a plain look at every pattern
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/event_pattern.h"
#include "processor/match.h"

static void add_filtered(struct match_index *index, const char *id, enum match_state state,
                         const char *patterns, const char *filter_text)
{
    struct slice rest = slice_of(patterns), list[8];
    struct filter *filter = NULL;
    struct problem problem;
    size_t count = 0;
    if (filter_text)
        assert_non_null(filter = filter_compile(slice_of(filter_text), &problem));
    while (rest.len > 0)
        list[count++] = slice_cut(&rest, ' ');
    match_index_add(index, slice_of(id), state, list, count, &filter);
    assert_null(filter);
}

static void add(struct match_index *index, const char *id, enum match_state state,
                const char *patterns)
{
    add_filtered(index, id, state, patterns, NULL);
}

static struct match_result find(const struct match_index *index, const char *type, const char *data,
                                const char *expected)
{
    struct filter_event event = {.type = slice_of(type), .key = SLICE("k"), .data = slice_of(data)};
    struct match_result result = match_index_find(index, &event);
    char found[256] = "";
    filter_event_fini(&event);
    for (size_t i = 0; i < result.count; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", i ? " " : "",
                 result.ids[i]);
    if (result.count == 0)
        assert_null(result.ids);
    free(result.ids);
    assert_string_equal(found, expected);
    return result;
}

static void assert_found(const struct match_index *index, const char *type, const char *expected,
                         bool disabled_wanted_it)
{
    struct match_result result = find(index, type, "{}", expected);
    assert_int_equal(result.disabled_wanted_it, disabled_wanted_it);
    assert_false(result.filtered);
}

static void finds_by_each_kind_of_pattern(void **state)
{
    (void)state;
    struct match_index *index = match_index_new();
    assert_found(index, "order.paid", "", false);
    add(index, "ep_3", MATCH_ON, "order.*");
    add(index, "ep_1", MATCH_ON, "*");
    add(index, "ep_2", MATCH_ON, "order.paid");
    add(index, "ep_4", MATCH_ON, "order.paid.*");
    add(index, "ep_5", MATCH_OFF, "user.*");
    assert_found(index, "order.paid", "ep_1 ep_2 ep_3", false);
    assert_found(index, "order.paid.late", "ep_1 ep_3 ep_4", false);
    assert_found(index, "order", "ep_1", false);
    assert_found(index, "orders.paid", "ep_1", false);
    assert_found(index, "order.", "ep_1", false);
    assert_found(index, ".order.paid", "ep_1", false);
    assert_found(index, "user.made", "ep_1", true);
    match_index_free(&index);
    assert_null(index);
}

static void names_an_endpoint_once_however_many_patterns_match(void **state)
{
    (void)state;
    struct match_index *index = match_index_new();
    add(index, "ep_2", MATCH_ON, "* a.* a.b.* a.b.c");
    add(index, "ep_1", MATCH_ON, "a.b.* *");
    assert_found(index, "a.b.c", "ep_1 ep_2", false);
    match_index_free(&index);
}

static void filters_decide_among_those_who_want_the_type(void **state)
{
    (void)state;
    struct match_index *index = match_index_new();
    add_filtered(index, "ep_1", MATCH_ON, "a a.* *", "{\"gt\":{\"/n\":10}}");
    add_filtered(index, "ep_2", MATCH_ON, "a", "{\"exact\":{\"key\":\"k\"}}");
    add_filtered(index, "ep_3", MATCH_ON, "a", "{\"exact\":{\"type\":\"b\"}}");
    add_filtered(index, "ep_4", MATCH_ON, "b", "{\"exists\":{\"/n\":true}}");
    add(index, "ep_5", MATCH_ON, "c");
    assert_true(find(index, "a", "{\"n\":11}", "ep_1 ep_2").filtered);
    assert_true(find(index, "a", "{\"n\":10}", "ep_2").filtered);
    assert_false(find(index, "b", "{\"n\":11}", "ep_1 ep_4").filtered);
    assert_true(find(index, "b", "[]", "").filtered);
    assert_true(find(index, "c", "no json", "ep_5").filtered);
    assert_true(find(index, "a.b", "", "").filtered);
    match_index_free(&index);
}

static void tells_a_refused_event_from_an_endpoint_that_is_off(void **state)
{
    (void)state;
    struct match_index *index = match_index_new();
    add_filtered(index, "ep_1", MATCH_OFF, "a", "{\"exists\":{\"/n\":true}}");
    struct match_result result = find(index, "a", "{}", "");
    assert_true(result.disabled_wanted_it && !result.filtered);
    add_filtered(index, "ep_2", MATCH_ON, "a", "{\"exists\":{\"/n\":true}}");
    result = find(index, "a", "{}", "");
    assert_true(result.disabled_wanted_it && result.filtered);
    result = find(index, "b", "{}", "");
    assert_false(result.disabled_wanted_it || result.filtered);
    match_index_free(&index);
}

static void says_whether_one_of_them_is_gated(void **state)
{
    (void)state;
    struct match_index *index = match_index_new();
    add(index, "ep_1", MATCH_ON, "a");
    add_filtered(index, "ep_2", MATCH_GATED, "a b", "{\"exists\":{\"/n\":true}}");
    assert_true(find(index, "a", "{\"n\":1}", "ep_1 ep_2").any_gated);
    assert_true(find(index, "b", "{\"n\":1}", "ep_2").any_gated);
    assert_false(find(index, "a", "{}", "ep_1").any_gated);
    assert_false(find(index, "c", "{\"n\":1}", "").any_gated);
    match_index_free(&index);
}

static void assert_only(const struct match_index *index, const char *id, bool is_found,
                        bool disabled_wanted_it, bool any_gated)
{
    struct match_result result = match_index_find_only(index, slice_of(id));
    assert_int_equal(result.count, is_found);
    if (is_found)
        assert_string_equal(result.ids[0], id);
    assert_int_equal(result.disabled_wanted_it, disabled_wanted_it);
    assert_int_equal(result.any_gated, any_gated);
    assert_false(result.filtered);
    free(result.ids);
}

static void finds_one_whatever_it_wants(void **state)
{
    (void)state;
    struct match_index *index = match_index_new();
    add_filtered(index, "ep_1", MATCH_ON, "a", "{\"exists\":{\"/n\":true}}");
    add(index, "ep_2", MATCH_GATED, "b");
    add(index, "ep_3", MATCH_OFF, "*");
    assert_only(index, "ep_1", true, false, false);
    assert_only(index, "ep_2", true, false, true);
    assert_only(index, "ep_3", false, true, false);
    assert_only(index, "ep_4", false, false, false);
    match_index_free(&index);
}

/* Patterns and types over a small alphabet, so that they meet often. */
static void agrees_with_the_rule_for_each_pattern(void **state)
{
    (void)state;
    static const char *const patterns[] = {"*",   "a.*",   "a", "a.b",   "a.b.*",
                                           "b.*", "a.b.c", "c", "b.a.*", "a.b.c.*"};
    static const char *const types[] = {"a",     "b",     "c",       "a.b",  "a.c", "b.a",
                                        "a.b.c", "b.a.c", "a.b.c.a", "a..b", "."};
    struct match_index *index = match_index_new();
    enum { PATTERNS = sizeof patterns / sizeof patterns[0] };
    char ids[PATTERNS][8];
    for (size_t i = 0; i < PATTERNS; i++) {
        snprintf(ids[i], sizeof ids[i], "ep_%02zu", i);
        add(index, ids[i], MATCH_ON, patterns[i]);
    }
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        char expected[128] = "";
        for (size_t i = 0; i < PATTERNS; i++)
            if (event_pattern_matches(slice_of(patterns[i]), slice_of(types[t])))
                snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%s%s",
                         expected[0] ? " " : "", ids[i]);
        assert_found(index, types[t], expected, false);
    }
    match_index_free(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_each_kind_of_pattern),
        cmocka_unit_test(names_an_endpoint_once_however_many_patterns_match),
        cmocka_unit_test(filters_decide_among_those_who_want_the_type),
        cmocka_unit_test(tells_a_refused_event_from_an_endpoint_that_is_off),
        cmocka_unit_test(says_whether_one_of_them_is_gated),
        cmocka_unit_test(finds_one_whatever_it_wants),
        cmocka_unit_test(agrees_with_the_rule_for_each_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
