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
        cmocka_unit_test(test_arguments), cmocka_unit_test(test_reuse),
        cmocka_unit_test(test_digits),    cmocka_unit_test(test_bound),
        cmocka_unit_test(test_format),    cmocka_unit_test(test_format_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
