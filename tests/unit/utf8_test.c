/*
 * utf8_test.c - RFC 3629: lengths, overlong forms, surrogates, the last code point, control characters
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/utf8.h"

static void measures_characters(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {
        {"", 0},
        {"a", 1},
        {"\x7f", 1},
        {"\x80", 0},
        {"\xbf", 0},
        {"\xc0\x80", 0},
        {"\xc1\xbf", 0},
        {"\xc2\x7f", 0},
        {"\xc2\x80", 2},
        {"\xc2", 0},
        {"\xdf\xbf", 2},
        {"\xdf\xc0", 0},
        {"\xe0\x9f\xbf", 0},
        {"\xe0\xa0\x80", 3},
        {"\xe0\xa0", 0},
        {"\xe1\x80\x80", 3},
        {"\xe1\x80\x7f", 0},
        {"\xed\x9f\xbf", 3},
        {"\xed\xa0\x80", 0},
        {"\xed\xbf\xbf", 0},
        {"\xee\x80\x80", 3},
        {"\xef\xbf\xbf", 3},
        {"\xf0\x8f\xbf\xbf", 0},
        {"\xf0\x90\x80\x80", 4},
        {"\xf0\x9f\x98", 0},
        {"\xf0\x9f\x98\x80", 4},
        {"\xf0\x9f\x98\xc0", 0},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\xf4\x90\x80\x80", 0},
        {"\xf5\x80\x80\x80", 0},
        {"\xff", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (utf8_char_len(slice_of(cases[i].text)) != cases[i].len)
            fail_msg("case %zu", i);
        assert_int_equal(utf8_is_valid(slice_of(cases[i].text)),
                         cases[i].len > 0 || cases[i].text[0] == '\0');
    }
}

/* ASCII is looked at in blocks: a broken byte must be found wherever it stands beside them. */
static void finds_a_broken_byte_at_every_place(void **state)
{
    char text[40];
    (void)state;
    for (size_t len = 1; len <= sizeof text; len++) {
        memset(text, 'a', sizeof text);
        assert_true(utf8_is_valid((struct slice){text, len}));
        for (size_t at = 0; at < len; at++) {
            text[at] = (char)0xff;
            assert_false(utf8_is_valid((struct slice){text, len}));
            text[at] = 'a';
        }
    }
}

static void knows_control_characters(void **state)
{
    static const struct {
        struct slice text;
        bool has;
    } cases[] = {
        {{"", 0}, false},         {{"plain text", 10}, false},
        {{"\0", 1}, true},        {{"a\0b", 3}, true},
        {{"a\nb", 3}, true},      {{"\x1f", 1}, true},
        {{" ", 1}, false},        {{"~", 1}, false},
        {{"\x7f", 1}, true},      {{"\xc2\x80", 2}, true},
        {{"\xc2\x9f", 2}, true},  {{"\xc2\xa0", 2}, false},
        {{"\xc3\x80", 2}, false}, {{"\xe2\x82\xac", 3}, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (utf8_has_control(cases[i].text) != cases[i].has)
            fail_msg("case %zu", i);
}

static void knows_noncharacters(void **state)
{
    static const struct {
        const char *text;
        bool has;
    } cases[] = {
        {"", false},
        {"text", false},
        {"\xef\xb7\x8f", false}, /* U+FDCF */
        {"\xef\xb7\x90", true},
        {"\xef\xb7\xaf", true},
        {"\xef\xb7\xb0", false},
        {"\xef\xbf\xbd", false},
        {"\xef\xbf\xbe", true},
        {"a\xef\xbf\xbf"
         "b",
         true},
        {"\xf0\x9f\xbf\xbd", false}, /* U+1FFFD */
        {"\xf0\x9f\xbf\xbe", true},
        {"\xf0\x9e\xbf\xbf", false}, /* U+1EFFF */
        {"\xf0\xaf\xbf\xbf", true},
        {"\xf4\x8f\xbf\xbd", false},
        {"\xf4\x8f\xbf\xbf", true},
        {"\xc2\xbf\xc2\xbf", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (utf8_has_noncharacter(slice_of(cases[i].text)) != cases[i].has)
            fail_msg("case %zu", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_characters),
        cmocka_unit_test(finds_a_broken_byte_at_every_place),
        cmocka_unit_test(knows_control_characters),
        cmocka_unit_test(knows_noncharacters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
