/*
 * base64_test.c - RFC 4648 section 10, canonical form, bounds
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/base64.h"

static void encodes_and_decodes_the_rfc_examples(void **state)
{
    static const struct {
        const char *plain, *text, *unpadded;
    } cases[] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/", "+/+/"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t len = strlen(cases[i].plain);
        char text[16] = {0};
        base64_encode((const uint8_t *)cases[i].plain, len, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(strlen(text), BASE64_SIZE(len));

        const char *forms[] = {cases[i].text, cases[i].unpadded};
        for (size_t k = 0; k < 2; k++) {
            uint8_t plain[8];
            size_t got = 99;
            assert_int_equal(base64_decode(slice_of(forms[k]), plain, len, &got), STATUS_OK);
            assert_int_equal(base64_is_valid(slice_of(forms[k])), strlen(forms[k]) % 4 == 0);
            assert_int_equal(got, len);
            assert_memory_equal(plain, cases[i].plain, len);
        }
    }
}

static void refuses_what_is_not_canonical(void **state)
{
    static const char *const cases[] = {
        "=",      "==",       "====",   "Z",      "Zg=",  "Z===", "Zm8==",    "Zg===",   "Zm9v=",
        "Zm9v==", "Zm9v====", "Zh==",   "Zh",     "Zm9=", "Zm9",  "Zg==Zg==", "Zg=a",    "Zm=v",
        " Zm9v",  "Zm9v ",    "Zm\n9v", "Zm9v\n", "Zm9-", "Zm9_", "Zm9*",     "Zm9\x80", "Zm9v.",
        "Zm9vY",  "Zi==",     "Zk==",   "Zo==",   "Zm+=", "Zm+",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t plain[16];
        memset(plain, 0x5a, sizeof plain);
        size_t len = 99;
        if (base64_decode(slice_of(cases[i]), plain, sizeof plain, &len) != STATUS_INVALID)
            fail_msg("accepted: \"%s\"", cases[i]);
        assert_false(base64_is_valid(slice_of(cases[i])));
        assert_int_equal(len, 99);
        for (size_t k = 0; k < sizeof plain; k++)
            assert_int_equal(plain[k], 0x5a);
    }
    uint8_t plain[4];
    size_t len = 0;
    assert_int_equal(base64_decode((struct slice){.at = "Zm\0v", .len = 4}, plain, 4, &len),
                     STATUS_INVALID);
}

static void stays_within_the_room(void **state)
{
    uint8_t plain[4] = {9, 9, 9, 9};
    size_t len = 99;
    (void)state;
    assert_int_equal(base64_decode(SLICE("Zm9vYg=="), plain, 3, &len), STATUS_LIMIT);
    assert_int_equal(plain[0], 9);
    assert_int_equal(len, 99);
    assert_int_equal(base64_decode(SLICE("Zm9v"), plain, 3, &len), STATUS_OK);
    assert_int_equal(len, 3);
    assert_int_equal(plain[3], 9);
}

static void returns_every_byte_at_every_place(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 6; len++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t plain[6], back[6];
            char text[8];
            size_t back_len = 0;
            for (size_t i = 0; i < len; i++)
                plain[i] = (uint8_t)(value + 37 * i);
            base64_encode(plain, len, text);
            struct slice slice = {.at = text, .len = BASE64_SIZE(len)};
            assert_int_equal(base64_decode(slice, back, sizeof back, &back_len), STATUS_OK);
            assert_int_equal(back_len, len);
            assert_memory_equal(back, plain, len);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_and_decodes_the_rfc_examples),
        cmocka_unit_test(refuses_what_is_not_canonical),
        cmocka_unit_test(stays_within_the_room),
        cmocka_unit_test(returns_every_byte_at_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
