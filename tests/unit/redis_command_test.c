/*
 * redis_command_test.c - the bytes of commands
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/redis_command.h"

static void assert_wire(struct redis_command *command, struct slice wanted)
{
    struct slice wire;

    assert_int_equal(redis_command_wire(command, &wire), STATUS_OK);
    assert_int_equal(wire.len, wanted.len);
    assert_memory_equal(wire.at, wanted.at, wanted.len);
}

__attribute__((format(printf, 2, 3))) static void format(struct redis_command *command,
                                                         const char *text, ...)
{
    va_list values;

    va_start(values, text);
    redis_command_vformat(command, text, values);
    va_end(values);
}

static void test_arguments(void **state)
{
    struct redis_command command;

    (void)state;
    redis_command_init(&command);
    redis_command_start(&command);
    redis_command_text(&command, "SET");
    redis_command_arg(&command, SLICE("a\0b\r\n"));
    redis_command_arg(&command, (struct slice){0});
    redis_command_int(&command, -42);
    redis_command_int(&command, INT64_MIN);
    assert_wire(&command, SLICE("*5\r\n$3\r\nSET\r\n$5\r\na\0b\r\n\r\n$0\r\n\r\n$3\r\n-42\r\n"
                                "$20\r\n-9223372036854775808\r\n"));
    redis_command_fini(&command);
}

static void test_reuse(void **state)
{
    struct redis_command command;

    (void)state;
    redis_command_init(&command);
    for (int i = 0; i < 3; i++) {
        redis_command_start(&command);
        redis_command_text(&command, "PING");
        assert_wire(&command, SLICE("*1\r\n$4\r\nPING\r\n"));
    }
    redis_command_fini(&command);
}

/* The figures of counts and lengths, at each number of digits. */
static void test_digits(void **state)
{
    static const size_t sizes[] = {9, 10, 99, 100, 999, 1000, 99999, 100000, 1000000};
    char *bytes = malloc(1000000);
    struct redis_command command;

    (void)state;
    memset(bytes, 'x', 1000000);
    redis_command_init(&command);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char head[64];
        struct slice wire;
        redis_command_start(&command);
        redis_command_arg(&command, (struct slice){.at = bytes, .len = sizes[i]});
        snprintf(head, sizeof head, "*1\r\n$%zu\r\n", sizes[i]);
        assert_int_equal(redis_command_wire(&command, &wire), STATUS_OK);
        assert_true(slice_starts(wire, head));
        assert_int_equal(wire.len, strlen(head) + sizes[i] + 2);
        if (sizes[i] > 100000)
            continue;
        redis_command_start(&command);
        for (size_t arg = 0; arg < sizes[i]; arg++)
            redis_command_text(&command, "y");
        snprintf(head, sizeof head, "*%zu\r\n$1\r\n", sizes[i]);
        assert_int_equal(redis_command_wire(&command, &wire), STATUS_OK);
        assert_true(slice_starts(wire, head));
    }
    redis_command_fini(&command);
    free(bytes);
}

/* As the specification of MessagePack has its strings, at each size of their heads, and its integers. */
static void test_pack(void **state)
{
    struct redis_command command;

    (void)state;
    redis_command_init(&command);
    for (int i = 0; i < 2; i++) {
        redis_command_start(&command);
        redis_command_text(&command, "EVALSHA");
        redis_command_open_pack(&command);
        redis_command_pack_size(&command, 0);
        redis_command_pack_size(&command, 127);
        redis_command_pack_size(&command, 128);
        redis_command_pack_size(&command, 255);
        redis_command_text(&command, "org_1");
        redis_command_arg(&command, (struct slice){0});
        redis_command_int(&command, -42);
        redis_command_arg(&command, SLICE("0123456789012345678901234567890"));
        redis_command_arg(&command, SLICE("01234567890123456789012345678901"));
        redis_command_close_pack(&command);
        redis_command_text(&command, "after");
        assert_wire(
            &command,
            SLICE("*3\r\n$7\r\nEVALSHA\r\n$83\r\n\x00\x7f\xcc\x80\xcc\xff\xa5org_1\xa0\xa3-42\xbf"
                  "0123456789012345678901234567890\xd9\x20"
                  "01234567890123456789012345678901\r\n$5\r\nafter\r\n"));
    }
    redis_command_start(&command);
    redis_command_open_pack(&command);
    redis_command_close_pack(&command);
    assert_wire(&command, SLICE("*1\r\n$0\r\n\r\n"));
    redis_command_fini(&command);
}

static void test_pack_sizes(void **state)
{
    const struct {
        size_t len;
        struct slice head;
    } cases[] = {
        {255, SLICE("*1\r\n$257\r\n\xd9\xff")},
        {256, SLICE("*1\r\n$259\r\n\xda\x01\x00")},
        {65535, SLICE("*1\r\n$65538\r\n\xda\xff\xff")},
        {65536, SLICE("*1\r\n$65541\r\n\xdb\x00\x01\x00\x00")},
        {1000000, SLICE("*1\r\n$1000005\r\n\xdb\x00\x0f\x42\x40")},
    };
    char *bytes = malloc(1000000);
    struct redis_command command;

    (void)state;
    memset(bytes, 'x', 1000000);
    redis_command_init(&command);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slice wire, head = cases[i].head;
        redis_command_start(&command);
        redis_command_open_pack(&command);
        redis_command_arg(&command, (struct slice){.at = bytes, .len = cases[i].len});
        redis_command_close_pack(&command);
        assert_int_equal(redis_command_wire(&command, &wire), STATUS_OK);
        assert_int_equal(wire.len, head.len + cases[i].len + 2);
        assert_memory_equal(wire.at, head.at, head.len);
        assert_memory_equal(wire.at + head.len, bytes, cases[i].len);
        assert_memory_equal(wire.at + wire.len - 2, "\r\n", 2);
    }
    redis_command_fini(&command);
    free(bytes);
}

/* Past the bound in a pack, and where only its end is. */
static void test_pack_bound(void **state)
{
    static const size_t last[] = {16 << 20, (16 << 20) - 64, (16 << 20) - 45};
    char *bytes = calloc(1, (size_t)16 << 20);
    struct redis_command command;
    struct slice wire;

    (void)state;
    redis_command_init(&command);
    for (size_t i = 0; i < sizeof last / sizeof last[0]; i++) {
        redis_command_start(&command);
        redis_command_open_pack(&command);
        for (int k = 0; k < 3; k++)
            redis_command_arg(&command, (struct slice){.at = bytes, .len = (size_t)16 << 20});
        redis_command_arg(&command, (struct slice){.at = bytes, .len = last[i]});
        redis_command_close_pack(&command);
        assert_int_equal(redis_command_wire(&command, &wire), i == 1 ? STATUS_OK : STATUS_LIMIT);
    }
    redis_command_start(&command);
    redis_command_text(&command, "PING");
    assert_wire(&command, SLICE("*1\r\n$4\r\nPING\r\n"));
    redis_command_fini(&command);
    free(bytes);
}

static void test_bound(void **state)
{
    size_t size = (size_t)16 << 20;
    char *bytes = calloc(1, size);
    struct redis_command command;
    struct slice wire;

    (void)state;
    redis_command_init(&command);
    redis_command_start(&command);
    for (int i = 0; i < 5; i++)
        redis_command_arg(&command, (struct slice){.at = bytes, .len = size});
    redis_command_text(&command, "small");
    assert_int_equal(redis_command_wire(&command, &wire), STATUS_LIMIT);
    redis_command_start(&command);
    redis_command_text(&command, "PING");
    assert_wire(&command, SLICE("*1\r\n$4\r\nPING\r\n"));
    redis_command_fini(&command);
    free(bytes);
}

static void test_format(void **state)
{
    struct redis_command command;

    (void)state;
    redis_command_init(&command);
    format(&command, "XADD mr:{%d}:%s * a %s b %s", -3, "x", "two words", "");
    assert_wire(&command, SLICE("*7\r\n$4\r\nXADD\r\n$9\r\nmr:{-3}:x\r\n$1\r\n*\r\n$1\r\na\r\n"
                                "$9\r\ntwo words\r\n$1\r\nb\r\n$0\r\n\r\n"));
    format(&command, "%s %lld %llu %u %zu 100%%", "N", INT64_MIN + 0LL, UINT64_MAX + 0ULL, 7U,
           (size_t)8);
    assert_wire(&command,
                SLICE("*6\r\n$1\r\nN\r\n$20\r\n-9223372036854775808\r\n"
                      "$20\r\n18446744073709551615\r\n$1\r\n7\r\n$1\r\n8\r\n$4\r\n100%\r\n"));
    redis_command_fini(&command);
}

static void test_format_too_long(void **state)
{
    size_t size = (size_t)1 << 20;
    char *text = malloc(size);
    struct redis_command command;
    struct slice wire;

    (void)state;
    memset(text, 'x', size);
    text[size - 1] = '\0';
    redis_command_init(&command);
    format(&command, "SET a %s", text);
    assert_int_equal(redis_command_wire(&command, &wire), STATUS_LIMIT);
    redis_command_fini(&command);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_reuse),
        cmocka_unit_test(test_digits),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_pack),
        cmocka_unit_test(test_pack_sizes),
        cmocka_unit_test(test_pack_bound),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_format_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
