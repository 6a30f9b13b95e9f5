/*
 * trace_test.c - what is a traceparent, what is passed on of it, and which request ids are taken
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/trace.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

static void takes_valid_ones(void **state)
{
    static const struct {
        const char *text, *taken;
    } cases[] = {
        {"00-" TRACE "-" PARENT "-01", "00-" TRACE "-" PARENT "-01"},
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
         "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        {"00-" TRACE "-" PARENT "-00", "00-" TRACE "-" PARENT "-00"},
        {"00-" TRACE "-" PARENT "-03", "00-" TRACE "-" PARENT "-01"},
        {"00-" TRACE "-" PARENT "-02", "00-" TRACE "-" PARENT "-00"},
        {"00-" TRACE "-" PARENT "-0a", "00-" TRACE "-" PARENT "-00"},
        {"00-" TRACE "-" PARENT "-0b", "00-" TRACE "-" PARENT "-01"},
        {"00-" TRACE "-" PARENT "-fe", "00-" TRACE "-" PARENT "-00"},
        {"00-" TRACE "-" PARENT "-ff", "00-" TRACE "-" PARENT "-01"},
        {"01-" TRACE "-" PARENT "-01", "00-" TRACE "-" PARENT "-01"},
        {"cc-" TRACE "-" PARENT "-01-what-the-future-brings", "00-" TRACE "-" PARENT "-01"},
        {"fe-" TRACE "-" PARENT "-01-", "00-" TRACE "-" PARENT "-01"},
        {"00-00000000000000000000000000000001-0000000000000001-00",
         "00-00000000000000000000000000000001-0000000000000001-00"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char taken[TRACEPARENT_LEN + 1] = "";
        if (traceparent_parse(slice_of(cases[i].text), taken) != STATUS_OK)
            fail_msg("refused: \"%s\"", cases[i].text);
        assert_string_equal(taken, cases[i].taken);
    }
}

static void refuses_the_others(void **state)
{
    static const char *const cases[] = {
        "",
        "00",
        "00-" TRACE "-" PARENT,
        "00-" TRACE "-" PARENT "-",
        "00-" TRACE "-" PARENT "-0",
        "00-" TRACE "-" PARENT "-011",
        "00-" TRACE "-" PARENT "-01-",
        "00-" TRACE "-" PARENT "-01-more",
        "01-" TRACE "-" PARENT "-01x",
        "01-" TRACE "-" PARENT "-01.more",
        "ff-" TRACE "-" PARENT "-01",
        "ff-" TRACE "-" PARENT "-01-more",
        "FE-" TRACE "-" PARENT "-01",
        "0x-" TRACE "-" PARENT "-01",
        "-0-" TRACE "-" PARENT "-01",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" TRACE "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-" PARENT "-01",
        "00-" TRACE "-00F067AA0BA902B7-01",
        "00-" TRACE "-" PARENT "-0G",
        "00-" TRACE "-" PARENT "-1A",
        "00_" TRACE "-" PARENT "-01",
        "00-" TRACE "_" PARENT "-01",
        "00-" TRACE "-" PARENT "_01",
        "00-" TRACE "0" PARENT "-01",
        " 00-" TRACE "-" PARENT "-01",
        "00-" TRACE "-" PARENT "-01 ",
        "00-" PARENT "-" TRACE "-01",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char taken[TRACEPARENT_LEN + 1] = "untouched";
        if (traceparent_parse(slice_of(cases[i]), taken) != STATUS_INVALID)
            fail_msg("accepted: \"%s\"", cases[i]);
        assert_string_equal(taken, "untouched");
    }
}

static void makes_new_traces(void **state)
{
    uint8_t random[24];
    char made[TRACEPARENT_LEN + 1], taken[TRACEPARENT_LEN + 1];
    (void)state;
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)(0xa0 + i);
    traceparent_make(random, made);
    assert_string_equal(made, "00-a0a1a2a3a4a5a6a7a8a9aaabacadaeaf-b0b1b2b3b4b5b6b7-01");
    memset(random, 0, sizeof random);
    traceparent_make(random, made);
    assert_string_equal(made, "00-00000000000000000000000000000001-0000000000000001-01");
    assert_int_equal(traceparent_parse(slice_of(made), taken), STATUS_OK);
}

static void children_keep_trace_and_flags(void **state)
{
    static const uint8_t random[8] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0};
    static const uint8_t zero[8];
    char child[TRACEPARENT_LEN + 1];
    (void)state;
    traceparent_child(SLICE("00-" TRACE "-" PARENT "-01"), random, child);
    assert_string_equal(child, "00-" TRACE "-123456789abcdef0-01");
    traceparent_child(SLICE("00-" TRACE "-" PARENT "-00"), random, child);
    assert_string_equal(child, "00-" TRACE "-123456789abcdef0-00");
    traceparent_child(SLICE("00-" TRACE "-" PARENT "-00"), zero, child);
    assert_string_equal(child, "00-" TRACE "-0000000000000001-00");
}

static void the_trace_tells_the_id_of_a_request_that_brought_neither(void **state)
{
    char room[TRACE_REQUEST_ID_LEN + 1];
    struct slice trace = SLICE("00-" TRACE "-" PARENT "-01");
    struct slice short_of_one = {trace.at, trace.len - 1};
    (void)state;
    assert_true(slice_is(trace_request_id(trace, room), "req_" TRACE));
    assert_true(request_id_is_sane(trace_request_id(trace, room)));
    assert_int_equal(trace_request_id(short_of_one, room).len, 0);
    assert_int_equal(trace_request_id((struct slice){0}, room).len, 0);
}

static void only_what_the_trace_does_not_tell_is_carried(void **state)
{
    static const char *const others[] = {"req_", "req_" PARENT, "REQ_" TRACE, "req_" TRACE "0",
                                         "x"};
    char room[TRACE_REQUEST_ID_LEN + 1];
    struct slice trace = SLICE("00-" TRACE "-" PARENT "-01"), none = {0};
    (void)state;
    assert_int_equal(request_id_to_carry(SLICE("req_" TRACE), trace).len, 0);
    assert_true(slice_is(request_id_whole(none, trace, room), "req_" TRACE));
    assert_true(slice_is(request_id_to_carry(SLICE("req_" TRACE), none), "req_" TRACE));
    assert_int_equal(request_id_whole(none, none, room).len, 0);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct slice carried = request_id_to_carry(slice_of(others[i]), trace);
        assert_true(slice_is(carried, others[i]));
        assert_true(slice_is(request_id_whole(carried, trace, room), others[i]));
    }
}

static void sane_request_ids(void **state)
{
    static const char good[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.:/+=@-";
    char longest[REQUEST_ID_MAX + 1];
    (void)state;
    for (int c = 0; c < 256; c++) {
        char text[3] = {'a', (char)c, 'b'};
        bool expected = c != 0 && strchr(good, c) != NULL;
        assert_int_equal(request_id_is_sane((struct slice){.at = text, .len = 3}), expected);
    }
    memset(longest, 'x', sizeof longest);
    assert_true(request_id_is_sane((struct slice){.at = longest, .len = REQUEST_ID_MAX}));
    assert_false(request_id_is_sane((struct slice){.at = longest, .len = REQUEST_ID_MAX + 1}));
    assert_true(request_id_is_sane(SLICE("x")));
    assert_false(request_id_is_sane(SLICE("")));
    assert_false(request_id_is_sane((struct slice){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_valid_ones),
        cmocka_unit_test(refuses_the_others),
        cmocka_unit_test(makes_new_traces),
        cmocka_unit_test(children_keep_trace_and_flags),
        cmocka_unit_test(the_trace_tells_the_id_of_a_request_that_brought_neither),
        cmocka_unit_test(only_what_the_trace_does_not_tell_is_carried),
        cmocka_unit_test(sane_request_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
