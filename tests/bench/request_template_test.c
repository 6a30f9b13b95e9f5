/*
 * request_template_test.c - places, other braces, the bound; and numbers found again in what was rendered
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report.h"
#include "request_template.h"

static const struct request_values values = {.seq = 42,
                                             .mod = 2,
                                             .sent_us = 1700000000000001,
                                             .value = SLICE("key-7"),
                                             .kept = SLICE("lse_1")};

static void fills_its_places(void **state)
{
    static const struct {
        const char *template, *text;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"{seq}", "42"},
        {"{\"data\":{\"seq\":{seq},\"sent\":{sent}}}",
         "{\"data\":{\"seq\":42,\"sent\":1700000000000001}}"},
        {"t.{mod} {value}{value}", "t.2 key-7key-7"},
        {"{sequence} {} {seq", "{sequence} {} {seq"},
        {"{seq}{seq}", "4242"},
        {"/{kept}/", "/lse_1/"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request_template template;
        struct buf out;
        buf_init(&out, 1024);
        assert_int_equal(request_template_parse(slice_of(cases[i].template), &template), STATUS_OK);
        request_template_render(&template, &values, &out);
        assert_true(slice_is(buf_slice(&out), cases[i].text));
        buf_fini(&out);
    }
}

static void has_a_bound(void **state)
{
    struct request_template template;
    struct buf text;
    (void)state;
    buf_init(&text, 4096);
    for (int i = 0; i < REQUEST_TEMPLATE_PIECES_MAX - 1; i++)
        buf_add_text(&text, "{seq}");
    assert_int_equal(request_template_parse(buf_slice(&text), &template), STATUS_OK);
    buf_add_text(&text, "{seq}");
    assert_int_equal(request_template_parse(buf_slice(&text), &template), STATUS_LIMIT);
    buf_fini(&text);
}

static void finds_numbers_again(void **state)
{
    static const struct {
        const char *body;
        enum status status;
        uint64_t number;
    } cases[] = {
        {"{\"data\":{\"seq\":42,\"sent\":7}}", STATUS_OK, 42},
        {"{\"data\":{\"seq\" : \"42\"}}", STATUS_OK, 42},
        {"{\"data\":\"{\\\"seq\\\": 42}\"}", STATUS_OK, 42},
        {"{\"id\":\"evt_seq1\"}", STATUS_ABSENT, 0},
        {"{\"seq\":null}", STATUS_ABSENT, 0},
        {"", STATUS_ABSENT, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t number = 0;
        assert_int_equal(report_find_number(slice_of(cases[i].body), SLICE("\"seq"), &number),
                         cases[i].status);
        assert_int_equal(number, cases[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_its_places),
        cmocka_unit_test(has_a_bound),
        cmocka_unit_test(finds_numbers_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
