/*
 * signature_test.c - the published vectors of Standard Webhooks, and everything a verifier must refuse
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/signature.h"

#define SECRET_A "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SECRET_B "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
#define ID_A "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define AT_A "1614265330"
#define NOW_A 1614265330
#define BODY_A "{\"test\": 2432232314}"
#define SIGNATURE_A "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define SIGNATURE_A_BY_B "v1,78nXHjpFP0tVJQW5D0SBwmVyyW87BV/rL6MgfM/Bw44="
#define JUNK "Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="

static struct signing_secret secret_of(const char *text)
{
    struct signing_secret secret;
    assert_int_equal(signing_secret_parse(slice_of(text), &secret), STATUS_OK);
    return secret;
}

static void signs_the_published_messages(void **state)
{
    static const struct {
        const char *secret, *id;
        int64_t at_s;
        const char *body, *signature;
    } cases[] = {
        {SECRET_A, ID_A, NOW_A, BODY_A, SIGNATURE_A},
        {SECRET_A, ID_A, NOW_A, "", "v1,v48jdbgvh29KJz2Qc+ghw8G6vG3nAKnujWBg8oM/62A="},
        {SECRET_B, "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1649367553,
         "{\"email\":\"test@example.com\",\"username\":\"test_user\"}",
         "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="},
        {SECRET_B, ID_A, NOW_A, BODY_A, SIGNATURE_A_BY_B},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct signing_secret secret = secret_of(cases[i].secret);
        for (int round = 0; round < 3; round++) {
            char signature[SIGNATURE_LEN + 1];
            signature_make(&secret, slice_of(cases[i].id), cases[i].at_s, slice_of(cases[i].body),
                           signature);
            assert_string_equal(signature, cases[i].signature);
        }
    }
}

static void verifies_lists_with_one_match(void **state)
{
    static const struct {
        const char *secret, *header;
    } cases[] = {
        {SECRET_A, SIGNATURE_A},
        {SECRET_A, SIGNATURE_A " " SIGNATURE_A_BY_B},
        {SECRET_B, SIGNATURE_A " " SIGNATURE_A_BY_B},
        {SECRET_A, "v1," JUNK " v2," JUNK " " SIGNATURE_A " v1," JUNK},
        {SECRET_A, "v1a,AAAA junk " SIGNATURE_A},
        {SECRET_A, "  " SIGNATURE_A " "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct signing_secret secret = secret_of(cases[i].secret);
        enum status status = signature_verify(&secret, SLICE(ID_A), SLICE(AT_A),
                                              slice_of(cases[i].header), SLICE(BODY_A), NOW_A);
        if (status != STATUS_OK)
            fail_msg("refused: %s", cases[i].header);
    }
}

static void refuses_everything_else(void **state)
{
    static const struct {
        const char *id, *at, *header, *body;
        enum status expected;
    } cases[] = {
        {"", AT_A, SIGNATURE_A, BODY_A, STATUS_INVALID},
        {ID_A, "", SIGNATURE_A, BODY_A, STATUS_INVALID},
        {ID_A, "hello", SIGNATURE_A, BODY_A, STATUS_INVALID},
        {ID_A, "1614265330.0", SIGNATURE_A, BODY_A, STATUS_INVALID},
        {ID_A, " 1614265330", SIGNATURE_A, BODY_A, STATUS_INVALID},
        {ID_A, "+1614265330", SIGNATURE_A, BODY_A, STATUS_INVALID},
        {ID_A, "-1614265330", SIGNATURE_A, BODY_A, STATUS_INVALID},
        {ID_A, "9223372036854775808", SIGNATURE_A, BODY_A, STATUS_INVALID},
        {ID_A, "9223372036854775807", SIGNATURE_A, BODY_A, STATUS_DENIED},
        {ID_A, "0", SIGNATURE_A, BODY_A, STATUS_DENIED},
        {ID_A, AT_A, "", BODY_A, STATUS_DENIED},
        {ID_A, AT_A, "v1,", BODY_A, STATUS_DENIED},
        {ID_A, AT_A, "v1", BODY_A, STATUS_DENIED},
        {ID_A, AT_A, " ", BODY_A, STATUS_DENIED},
        {ID_A, AT_A, "v1,dawfeoifkpqwoekfpqoekf", BODY_A, STATUS_DENIED},
        {ID_A, AT_A, "v1,g0hM9SsE", BODY_A, STATUS_DENIED},
        {ID_A, AT_A, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE", BODY_A, STATUS_DENIED},
        {ID_A, AT_A, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=", BODY_A, STATUS_DENIED},
        {ID_A, AT_A, "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY_A, STATUS_DENIED},
        {ID_A, AT_A, "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY_A, STATUS_DENIED},
        {ID_A, AT_A, "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY_A, STATUS_DENIED},
        {ID_A, AT_A, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY_A, STATUS_DENIED},
        {ID_A, AT_A, SIGNATURE_A "," SIGNATURE_A, BODY_A, STATUS_DENIED},
        {ID_A, AT_A, SIGNATURE_A_BY_B, BODY_A, STATUS_DENIED},
        {ID_A, AT_A, SIGNATURE_A, "{\"test\": 2432232315}", STATUS_DENIED},
        {ID_A, AT_A, SIGNATURE_A, "{\"test\": 2432232314} ", STATUS_DENIED},
        {ID_A, AT_A, SIGNATURE_A, "", STATUS_DENIED},
        {"msg_p5jXN8AQM9LWM0D4loKWxJel", AT_A, SIGNATURE_A, BODY_A, STATUS_DENIED},
        {ID_A, "1614265331", SIGNATURE_A, BODY_A, STATUS_DENIED},
        {ID_A, "01614265330", SIGNATURE_A, BODY_A, STATUS_DENIED},
    };
    struct signing_secret secret = secret_of(SECRET_A);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum status status =
            signature_verify(&secret, slice_of(cases[i].id), slice_of(cases[i].at),
                             slice_of(cases[i].header), slice_of(cases[i].body), NOW_A);
        if (status != cases[i].expected)
            fail_msg("row %zu: status %d", i, (int)status);
    }
}

static void tolerates_five_minutes_either_way(void **state)
{
    static const struct {
        int64_t now_s;
        enum status expected;
    } cases[] = {
        {NOW_A - 301, STATUS_DENIED}, {NOW_A - 300, STATUS_OK},     {NOW_A, STATUS_OK},
        {NOW_A + 300, STATUS_OK},     {NOW_A + 301, STATUS_DENIED}, {0, STATUS_DENIED},
        {INT64_MAX, STATUS_DENIED},
    };
    struct signing_secret secret = secret_of(SECRET_A);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(signature_verify(&secret, SLICE(ID_A), SLICE(AT_A), SLICE(SIGNATURE_A),
                                          SLICE(BODY_A), cases[i].now_s),
                         cases[i].expected);
}

static void every_flipped_bit_of_the_body_is_seen(void **state)
{
    struct signing_secret secret = secret_of(SECRET_A);
    (void)state;
    for (size_t bit = 0; bit < 8 * strlen(BODY_A); bit++) {
        char body[] = BODY_A;
        body[bit / 8] = (char)(body[bit / 8] ^ (1 << bit % 8));
        struct slice slice = {.at = body, .len = strlen(BODY_A)};
        assert_int_equal(
            signature_verify(&secret, SLICE(ID_A), SLICE(AT_A), SLICE(SIGNATURE_A), slice, NOW_A),
            STATUS_DENIED);
    }
}

static void takes_secrets_in_all_their_forms(void **state)
{
    static const struct {
        const char *text;
        size_t len; /* 0: refused */
    } cases[] = {
        {SECRET_A, 24},
        {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 24},
        {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", 25},
        {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 25},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
         64},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
         0},
        {"", 0},
        {"whsec_", 0},
        {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 0},
        {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB==", 0},
        {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 0},
        {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-", 0},
        {"whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0},
        {"whsec_whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0},
        {"whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0},
        {"WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct signing_secret secret = {.len = 7};
        enum status status = signing_secret_parse(slice_of(cases[i].text), &secret);
        if (status != (cases[i].len ? STATUS_OK : STATUS_INVALID))
            fail_msg("status %d: %s", (int)status, cases[i].text);
        assert_int_equal(secret.len, cases[i].len ? cases[i].len : 7);
    }
}

static void secrets_of_every_length_round_trip(void **state)
{
    (void)state;
    for (size_t len = SIGNING_SECRET_MIN; len <= SIGNING_SECRET_MAX; len++) {
        struct signing_secret secret = {.len = len}, back;
        char text[SIGNING_SECRET_TEXT_MAX];
        for (size_t i = 0; i < len; i++)
            secret.bytes[i] = (uint8_t)(len * 31 + i * 7);
        signing_secret_format(&secret, text);
        assert_memory_equal(text, "whsec_", 6);
        assert_int_equal(signing_secret_parse(slice_of(text), &back), STATUS_OK);
        assert_int_equal(back.len, len);
        assert_memory_equal(back.bytes, secret.bytes, len);
    }
    struct signing_secret secret;
    char text[SIGNING_SECRET_TEXT_MAX];
    assert_int_equal(signing_secret_parse(SLICE(SECRET_A), &secret), STATUS_OK);
    signing_secret_format(&secret, text);
    assert_string_equal(text, SECRET_A);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_the_published_messages),
        cmocka_unit_test(verifies_lists_with_one_match),
        cmocka_unit_test(refuses_everything_else),
        cmocka_unit_test(tolerates_five_minutes_either_way),
        cmocka_unit_test(every_flipped_bit_of_the_body_is_seen),
        cmocka_unit_test(takes_secrets_in_all_their_forms),
        cmocka_unit_test(secrets_of_every_length_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
