/*
 * uri_test.c - which texts have the form of a URI
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/uri.h"

static const struct {
    const char *text;
    bool is_reference, is_absolute;
} cases[] = {
    {"", false, false},
    {"/", true, false},
    {"a", true, false},
    {"a:", true, true},
    {"a:b", true, true},
    {":b", true, false},
    {"1:b", true, false},
    {"a+b-c.1:d", true, true},
    {"a_b:c", true, false},
    {"//host/path", true, false},
    {"?query", true, false},
    {"#fragment", true, false},
    {"#one#two", false, false},
    {"https://user@[::1]:8080/a;b=c,d/!$&'()*+?q=/?#f", true, true},
    {"urn:example:a%C3%A9", true, true},
    {"%", false, false},
    {"%2", false, false},
    {"%2g", false, false},
    {"a%20b", true, false},
    {"a b", false, false},
    {"a\tb", false, false},
    {"a\"b", false, false},
    {"a<b>", false, false},
    {"a\\b", false, false},
    {"a^b", false, false},
    {"a`b", false, false},
    {"a{b}", false, false},
    {"a|b", false, false},
    {"\xc3\xa9", false, false},
    {"a:\x7f", false, false},
};

static void knows_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct slice text = slice_of(cases[i].text);
        if (uri_is_reference(text) != cases[i].is_reference ||
            uri_is_absolute(text) != cases[i].is_absolute)
            fail_msg("%s", cases[i].text);
    }
    assert_false(uri_is_reference(SLICE("a\0b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(knows_them)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
