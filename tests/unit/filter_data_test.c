/*
 * filter_data_test.c - large data: what is found is the same before and after it is indexed, and looking stays cheap
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "model/filter_data.h"

/* {"m0":0,…,"m0":-1,"list":[{"i":0},…],"flat":[0,…]}, every member once but the first. */
static void write_data(struct buf *out, int count)
{
    buf_add_text(out, "{");
    for (int i = 0; i < count; i++)
        buf_printf(out, "\"m%d\":%d,", i, i);
    buf_add_text(out, "\"m0\":-1,\"list\":[");
    for (int i = 0; i < count; i++)
        buf_printf(out, "%s{\"i\":%d}", i > 0 ? "," : "", i);
    buf_add_text(out, "],\"flat\":[");
    for (int i = 0; i < count; i++)
        buf_printf(out, "%s%d", i > 0 ? "," : "", i);
    buf_add_text(out, "]}");
}

static void expect(struct filter_data *data, const char *before, int at, const char *after,
                   int expected)
{
    char pointer[64], number[24];
    yyjson_val *value;

    snprintf(pointer, sizeof pointer, "%s%d%s", before, at, after);
    value = filter_data_find(data, slice_of(pointer));
    if (value == NULL)
        fail_msg("%s is not there", pointer);
    snprintf(number, sizeof number, "%d", expected);
    assert_true(slice_is(json_value_text(value), number));
}

static void expect_none(struct filter_data *data, const char *before, int at, const char *after)
{
    char pointer[64];

    snprintf(pointer, sizeof pointer, "%s%d%s", before, at, after);
    if (filter_data_find(data, slice_of(pointer)) != NULL)
        fail_msg("%s is there", pointer);
}

/* Often enough to cross from walking to the index, on both sides of what is small. */
static void finds_the_same_indexed_or_not(void **state)
{
    static const int counts[] = {1, 2, 28, 29, 30, 31, 32, 33, 34, 100, 1000};
    struct buf text;
    (void)state;
    buf_init(&text, 1 << 20);
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        const int count = counts[c];
        buf_clear(&text);
        write_data(&text, count);
        struct filter_data *data = filter_data_new(buf_slice(&text));
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < count; i += 1 + count / 50) {
                expect(data, "/m", i, "", i == 0 ? -1 : i);
                expect(data, "/list/", i, "/i", i);
                expect(data, "/flat/", i, "", i);
            }
            expect(data, "/list/", count - 1, "/i", count - 1);
            expect_none(data, "/m", count, "");
            expect_none(data, "/list/", count, "");
            expect_none(data, "/flat/", count, "");
            expect_none(data, "/flat/0", count - 1, "");
        }
        filter_data_free(&data);
        filter_data_free(&data);
    }
    buf_fini(&text);
}

/* 20,000 looks into 100,000 members or items: 10 s when each walked over them all, half a second with sanitizers as it is. */
static void many_looks_into_large_data_are_cheap(void **state)
{
    struct buf text;
    (void)state;
    buf_init(&text, 8 << 20);
    write_data(&text, 100000);
    struct filter_data *data = filter_data_new(buf_slice(&text));
    const int64_t start_mono_ms = clock_mono_ms();
    for (int i = 0; i < 20000; i++) {
        expect(data, "/m", 99999 - i, "", 99999 - i);
        expect(data, "/list/", 99999 - i, "/i", 99999 - i);
    }
    assert_true(clock_mono_ms() - start_mono_ms < 5000);
    filter_data_free(&data);
    buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_same_indexed_or_not),
        cmocka_unit_test(many_looks_into_large_data_are_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
