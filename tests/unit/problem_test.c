/*
 * problem_test.c - JSON Pointers of refused fields: order, escapes, cutting
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/problem.h"
#include "model/utf8.h"

static void builds_pointers_from_the_inside_out(void **state)
{
    struct problem problem;
    (void)state;
    assert_int_equal(problem_set(&problem, 422, "wrong_type", "must be %s", "a text"),
                     STATUS_INVALID);
    assert_string_equal(problem.pointer, "");
    assert_string_equal(problem.detail, "must be a text");
    problem_within_index(&problem, 12);
    problem_within(&problem, SLICE("a/b~c"));
    problem_within(&problem, SLICE(""));
    assert_string_equal(problem.pointer, "//a~1b~0c/12");
    problem_set(&problem, 400, "malformed_json", "is empty");
    assert_string_equal(problem.pointer, "");
    assert_int_equal(problem.http_status, 400);
    assert_string_equal(problem.code, "malformed_json");
}

static void replaces_what_is_no_text(void **state)
{
    struct problem problem;
    (void)state;
    problem_set(&problem, 422, "unknown_field", "x");
    problem_within(&problem, SLICE("a\0b\xff\xc2"));
    assert_string_equal(problem.pointer, "/a\xef\xbf\xbd"
                                         "b\xef\xbf\xbd\xef\xbf\xbd");
}

static void cuts_between_characters(void **state)
{
    static const struct {
        const char *piece;
        size_t len;
    } cases[] = {{"a", 1}, {"/", 1}, {"~", 1}, {"\xe2\x82\xac", 3}, {"\xf0\x9f\x98\x80", 4}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t lead = 0; lead < 5; lead++) {
            char name[600];
            size_t len = lead;
            struct problem problem;
            memset(name, 'x', lead);
            for (; len + cases[i].len <= sizeof name; len += cases[i].len)
                memcpy(name + len, cases[i].piece, cases[i].len);
            problem_set(&problem, 422, "unknown_field", "x");
            problem_within(&problem, (struct slice){name, len});
            assert_in_range(strlen(problem.pointer), 92, 95);
            assert_true(utf8_is_valid(slice_of(problem.pointer)));
            problem_within(&problem, SLICE("outer"));
            assert_memory_equal(problem.pointer, "/outer/", 7);
            assert_in_range(strlen(problem.pointer), 91, 95);
            assert_true(utf8_is_valid(slice_of(problem.pointer)));
            if (strrchr(problem.pointer, '~') != NULL)
                assert_true(strlen(strrchr(problem.pointer, '~')) > 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_pointers_from_the_inside_out),
        cmocka_unit_test(replaces_what_is_no_text),
        cmocka_unit_test(cuts_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
