/*
 * old_secrets_test.c - replaced secrets: read, written, added as the newest, ended by time
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/old_secrets.h"

static struct old_secrets read_text(const char *text)
{
    struct old_secrets secrets;
    assert_int_equal(old_secrets_read(slice_of(text), &secrets), STATUS_OK);
    return secrets;
}

static void assert_written(const struct old_secrets *secrets, const char *expected)
{
    struct buf text;
    buf_init(&text, 4096);
    old_secrets_write(secrets, &text);
    buf_add_char(&text, '\0');
    assert_string_equal(text.at, expected);
    buf_fini(&text);
}

static void writes_what_it_reads(void **state)
{
    static const char *const texts[] = {"", "1 v1:a", "30 v1:a 20 v1:b+/= 9223372036854775807 v1:"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct old_secrets secrets = read_text(texts[i]);
        assert_written(&secrets, texts[i]);
    }
}

static void refuses_what_it_does_not_write(void **state)
{
    static const char *const texts[] = {
        "1",       "1 ",       " ",      "v1:a",          "-1 v1:a", "9223372036854775808 v1:a",
        "1  v1:a", "1 v1:a 2", "1 v2:a", "1 v1:a  2 v1:b"};
    struct old_secrets secrets;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (old_secrets_read(slice_of(texts[i]), &secrets) != STATUS_INVALID)
            fail_msg("%s", texts[i]);
}

static void holds_ten(void **state)
{
    struct old_secrets secrets = {.count = 0};
    struct buf text;
    (void)state;
    buf_init(&text, 4096);
    for (size_t i = 0; i < OLD_SECRETS_MAX; i++)
        old_secrets_add(&secrets, SLICE("v1:a"), (int64_t)i);
    old_secrets_write(&secrets, &text);
    assert_int_equal(old_secrets_read(buf_slice(&text), &secrets), STATUS_OK);
    assert_int_equal(secrets.count, OLD_SECRETS_MAX);
    assert_int_equal(secrets.at[0].expires_at_ms, OLD_SECRETS_MAX - 1);
    buf_add_text(&text, " 1 v1:a");
    assert_int_equal(old_secrets_read(buf_slice(&text), &secrets), STATUS_INVALID);
    buf_fini(&text);
}

static void the_newest_is_first_and_time_ends_them(void **state)
{
    struct old_secrets secrets = read_text("20 v1:b 30 v1:c");
    (void)state;
    old_secrets_add(&secrets, SLICE("v1:a"), 10);
    assert_written(&secrets, "10 v1:a 20 v1:b 30 v1:c");
    old_secrets_expire(&secrets, 9);
    assert_written(&secrets, "10 v1:a 20 v1:b 30 v1:c");
    old_secrets_expire(&secrets, 20);
    assert_written(&secrets, "30 v1:c");
    old_secrets_expire(&secrets, 30);
    assert_written(&secrets, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(refuses_what_it_does_not_write),
        cmocka_unit_test(holds_ten),
        cmocka_unit_test(the_newest_is_first_and_time_ends_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
