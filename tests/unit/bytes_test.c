/*
 * bytes_test.c - slices and bufs at their ends, limits and overflows
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

static void assert_slice(struct slice slice, const char *expected)
{
    assert_int_equal(slice.len, strlen(expected));
    assert_true(slice_is(slice, expected));
}

static void compares_slices(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int order;
        bool same_nocase;
    } cases[] = {
        {"", "", 0, true},     {NULL, "", 0, true},     {"a", "a", 0, true},
        {"a", "b", -1, false}, {"a", "ab", -1, false},  {"ab", "a", 1, false},
        {"a", "A", 1, true},   {"\xff", "a", 1, false}, {"Retry-After", "rETRY-aFTER", -1, true},
        {"@", "`", -1, false}, {"[", "{", -1, false},   {"\xc4", "\xe4", -1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slice a = slice_of(cases[i].a);
        struct slice b = slice_of(cases[i].b);
        int order = slice_cmp(a, b);
        assert_int_equal((order > 0) - (order < 0), cases[i].order);
        assert_int_equal(slice_eq(a, b), cases[i].order == 0);
        assert_int_equal(slice_eq_nocase(a, b), cases[i].same_nocase);
    }
    assert_false(slice_eq(SLICE("a\0b"), SLICE("a\0c")));
    assert_true(slice_starts(SLICE("whsec_x"), "whsec_"));
    assert_true(slice_starts(SLICE("whsec_"), "whsec_"));
    assert_false(slice_starts(SLICE("whsec"), "whsec_"));
    assert_true(slice_starts(slice_of(NULL), ""));
}

static void takes_parts(void **state)
{
    (void)state;
    assert_slice(slice_from(SLICE("abc"), 0), "abc");
    assert_slice(slice_from(SLICE("abc"), 2), "c");
    assert_slice(slice_from(SLICE("abc"), 3), "");
    assert_slice(slice_from(SLICE("abc"), SIZE_MAX), "");
    assert_slice(slice_trim(SLICE(" \t a b\t ")), "a b");
    assert_slice(slice_trim(SLICE(" \t ")), "");
    assert_slice(slice_trim(SLICE("\na\n")), "\na\n");
    assert_slice(slice_trim(slice_of(NULL)), "");
}

static void cuts_at_each_separator(void **state)
{
    (void)state;
    struct slice rest = SLICE("a,,b,");
    assert_slice(slice_cut(&rest, ','), "a");
    assert_slice(slice_cut(&rest, ','), "");
    assert_slice(slice_cut(&rest, ','), "b");
    assert_slice(rest, "");
    assert_slice(slice_cut(&rest, ','), "");
    rest = SLICE("whole");
    assert_slice(slice_cut(&rest, ','), "whole");
    assert_slice(rest, "");
}

static void reads_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t max, value;
        bool is_good;
    } cases[] = {
        {"0", 0, 0, true},
        {"1", 0, 0, false},
        {"4", 5, 4, true},
        {"5", 5, 5, true},
        {"6", 5, 0, false},
        {"99", 100, 99, true},
        {"100", 100, 100, true},
        {"101", 100, 0, false},
        {"0007", 9, 7, true},
        {"18446744073709551614", UINT64_MAX, UINT64_MAX - 1, true},
        {"18446744073709551615", UINT64_MAX, UINT64_MAX, true},
        {"18446744073709551616", UINT64_MAX, 0, false},
        {"18446744073709551620", UINT64_MAX, 0, false},
        {"99999999999999999999999", UINT64_MAX, 0, false},
        {"9223372036854775808", INT64_MAX, 0, false},
        {"", 9, 0, false},
        {NULL, 9, 0, false},
        {" 1", 9, 0, false},
        {"1 ", 9, 0, false},
        {"+1", 9, 0, false},
        {"-1", 9, 0, false},
        {"1.0", 99, 0, false},
        {"0x1", 9, 0, false},
        {"/", 9, 0, false},
        {":", 9, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t value = 12345;
        enum status status = slice_to_u64(slice_of(cases[i].text), cases[i].max, &value);
        assert_int_equal(status, cases[i].is_good ? STATUS_OK : STATUS_INVALID);
        assert_true(value == (cases[i].is_good ? cases[i].value : 12345));
    }
}

static void copies_to_text_that_fits(void **state)
{
    (void)state;
    char out[4] = "zzz";
    assert_int_equal(slice_to_text(SLICE("abcd"), out, sizeof out), STATUS_LIMIT);
    assert_string_equal(out, "zzz");
    assert_int_equal(slice_to_text(SLICE("abc"), out, sizeof out), STATUS_OK);
    assert_string_equal(out, "abc");
    assert_int_equal(slice_to_text(slice_of(NULL), out, sizeof out), STATUS_OK);
    assert_string_equal(out, "");
    assert_int_equal(slice_to_text(slice_of(NULL), out, 0), STATUS_LIMIT);
}

static void encodes_decimals(void **state)
{
    (void)state;
    char out[DECIMAL_MAX + 1], wanted[DECIMAL_MAX + 1];
    for (uint64_t power = 1;; power *= 10) {
        const uint64_t values[] = {power - 1, power, power + 1, UINT64_MAX - power};
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
            int len = snprintf(wanted, sizeof wanted, "%" PRIu64, values[i]);
            memset(out, '.', sizeof out);
            assert_int_equal(decimal_encode(values[i], out), len);
            assert_memory_equal(out, wanted, (size_t)len);
            assert_int_equal(out[len], '.');
        }
        if (power > UINT64_MAX / 10)
            break;
    }
}

static void encodes_hex(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x00, 0x0f, 0xa5, 0xff};
    char out[9] = "........";
    hex_encode(bytes, sizeof bytes, out);
    assert_string_equal(out, "000fa5ff");
    hex_encode(bytes, 0, out);
    assert_string_equal(out, "000fa5ff");
}

static void holds_up_to_its_maximum(void **state)
{
    (void)state;
    static const size_t maxima[] = {1, 255, 256, 257, 1000, 5000};
    for (size_t i = 0; i < sizeof maxima / sizeof maxima[0]; i++) {
        size_t max = maxima[i];
        struct buf buf;
        buf_init(&buf, max);
        assert_int_equal(buf_slice(&buf).len, 0);
        for (size_t len = 0; len < max; len++) {
            buf_add_char(&buf, (char)('a' + len % 26));
            assert_int_equal(buf.len, len + 1);
            assert_true(buf.room <= max);
        }
        assert_false(buf.overflow);
        buf_add_char(&buf, '!');
        assert_true(buf.overflow);
        assert_int_equal(buf.len, max);
        buf_add(&buf, NULL, 0);
        for (size_t at = 0; at < max; at++) {
            assert_int_equal(buf.at[at], 'a' + at % 26);
        }
        buf_clear(&buf);
        assert_false(buf.overflow);
        assert_int_equal(buf.len, 0);
        buf_fini(&buf);
        buf_fini(&buf);
    }
}

static void appends_all_or_nothing(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 5);
    buf_add_text(&buf, "abc");
    buf_add_text(&buf, "def");
    assert_true(buf.overflow);
    assert_slice(buf_slice(&buf), "abc");
    buf_add_slice(&buf, SLICE("de"));
    assert_slice(buf_slice(&buf), "abcde");
    assert_true(buf.overflow);
    assert_null(buf_reserve(&buf, SIZE_MAX));
    assert_slice(buf_slice(&buf), "abcde");
    buf_fini(&buf);
}

static void formats_within_its_maximum(void **state)
{
    (void)state;
    for (size_t max = 1; max < 12; max++) {
        struct buf buf;
        buf_init(&buf, max);
        buf_printf(&buf, "%s-%d", "abcdef", 123);
        assert_int_equal(buf.overflow, max < 10);
        assert_slice(buf_slice(&buf), max < 10 ? "" : "abcdef-123");
        buf_fini(&buf);
    }
    struct buf buf;
    buf_init(&buf, 2000);
    for (int i = 0; i < 100; i++) {
        buf_printf(&buf, "%010d", i);
    }
    assert_int_equal(buf.len, 1000);
    assert_memory_equal(buf.at + 990, "0000000099", 10);
    buf_fini(&buf);
}

/* Around the end of what is allocated, where the terminator has a place and the last character has none. */
static void formats_across_its_room(void **state)
{
    (void)state;
    for (int len = 250; len < 265; len++) {
        struct buf buf;
        buf_init(&buf, 1000);
        buf_add_char(&buf, '-');
        buf_printf(&buf, "%0*d", len, 7);
        assert_int_equal(buf.len, len + 1);
        assert_int_equal(buf.at[len], '7');
        buf_fini(&buf);
    }
}

static void writes_numbers(void **state)
{
    (void)state;
    static const int64_t numbers[] = {0, 9, 10, -1, -10, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "%lld", (long long)numbers[i]);
        struct buf buf;
        buf_init(&buf, 20);
        buf_add_i64(&buf, numbers[i]);
        assert_slice(buf_slice(&buf), expected);
        buf_fini(&buf);
    }
    struct buf buf;
    buf_init(&buf, 20);
    buf_add_u64(&buf, UINT64_MAX);
    assert_slice(buf_slice(&buf), "18446744073709551615");
    buf_fini(&buf);
}

static void reserves_and_drops(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    char *end = buf_reserve(&buf, 1000);
    assert_non_null(end);
    memset(end, 'x', 1000);
    buf_grew(&buf, 600);
    assert_null(buf_reserve(&buf, 401));
    assert_true(buf.overflow);
    assert_non_null(buf_reserve(&buf, 400));
    buf.at[599] = 'y';
    buf_drop_front(&buf, 0);
    buf_drop_front(&buf, 599);
    assert_slice(buf_slice(&buf), "y");
    buf_drop_front(&buf, 1);
    assert_int_equal(buf.len, 0);
    buf_fini(&buf);
    buf_drop_front(&buf, 0);
}

static void allocates(void **state)
{
    (void)state;
    char *copy = xslicedup(SLICE("a\0b"));
    assert_memory_equal(copy, "a\0b", 4);
    free(copy);
    copy = xslicedup(slice_of(NULL));
    assert_string_equal(copy, "");
    free(copy);
    copy = xstrdup("text");
    assert_string_equal(copy, "text");
    free(copy);
    free(xmalloc(0));
    free(xcalloc(0, 8));
    uint64_t *zeros = xcalloc(3, sizeof *zeros);
    assert_true(zeros[0] == 0 && zeros[2] == 0);
    free(zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_slices),
        cmocka_unit_test(takes_parts),
        cmocka_unit_test(cuts_at_each_separator),
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(copies_to_text_that_fits),
        cmocka_unit_test(encodes_decimals),
        cmocka_unit_test(encodes_hex),
        cmocka_unit_test(holds_up_to_its_maximum),
        cmocka_unit_test(appends_all_or_nothing),
        cmocka_unit_test(formats_within_its_maximum),
        cmocka_unit_test(formats_across_its_room),
        cmocka_unit_test(writes_numbers),
        cmocka_unit_test(reserves_and_drops),
        cmocka_unit_test(allocates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
