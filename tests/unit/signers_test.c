/*
 * signers_test.c - the list of signatures: the current secret's first, then those of older ones while they last
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dispatcher/signers.h"
#include "model/secret_box.h"

#define NOW_MS INT64_C(1614265330000)
#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define BODY "{\"test\": 2432232314}"
#define SIGNED_A "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define SIGNED_B "v1,78nXHjpFP0tVJQW5D0SBwmVyyW87BV/rL6MgfM/Bw44="

static const uint8_t key[SECRET_BOX_KEY_LEN] = "of the test alone";
static const char secret_a[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
static const char secret_b[] = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

static const struct endpoint named = {.id = "ep_00000000000000000001",
                                      .org = "org_00000000000000000001"};

static void seal(const uint8_t *with, const char *plain, struct buf *out)
{
    static const uint8_t nonce[12] = {1};
    struct buf context;
    buf_init(&context, 256);
    endpoint_secret_context(&named, &context);
    secret_box_seal(with, nonce, buf_slice(&context), slice_of(plain), out);
    buf_fini(&context);
}

/* A is the current secret; old: B, once for each time. */
static struct signers *make(const int64_t *ends, size_t count)
{
    struct buf current, old;
    struct endpoint endpoint = named;
    buf_init(&current, 1024);
    buf_init(&old, 8192);
    seal(key, secret_a, &current);
    for (size_t i = 0; i < count; i++) {
        buf_printf(&old, "%s%lld ", i > 0 ? " " : "", (long long)ends[i]);
        seal(key, secret_b, &old);
    }
    endpoint.sealed_secret = buf_slice(&current);
    endpoint.old_secrets = buf_slice(&old);
    struct signers *signers = signers_new(key, &endpoint);
    buf_fini(&current);
    buf_fini(&old);
    return signers;
}

static void assert_signed(struct signers *signers, int64_t now_ms, const char *expected)
{
    char text[SIGNATURES_SIZE];
    signers_sign(signers, SLICE(ID), now_ms, SLICE(BODY), text);
    assert_string_equal(text, expected);
}

static void one_secret_gives_one_signature(void **state)
{
    struct signers *signers = make(NULL, 0);
    (void)state;
    assert_signed(signers, NOW_MS, SIGNED_A);
    signers_free(&signers);
    assert_null(signers);
    signers_free(&signers);
}

/* The rotation of the standard: current A, old B. */
static void an_old_secret_signs_until_its_time_comes(void **state)
{
    const int64_t ends[] = {NOW_MS + 500};
    struct signers *signers = make(ends, 1);
    (void)state;
    assert_signed(signers, NOW_MS, SIGNED_A " " SIGNED_B);
    assert_signed(signers, NOW_MS + 499, SIGNED_A " " SIGNED_B);
    assert_signed(signers, NOW_MS + 500, SIGNED_A);
    signers_free(&signers);
}

static void the_most_there_can_be_have_room(void **state)
{
    int64_t ends[OLD_SECRETS_MAX];
    char text[SIGNATURES_SIZE];
    (void)state;
    for (size_t i = 0; i < OLD_SECRETS_MAX; i++)
        ends[i] = NOW_MS + 1 + (int64_t)i;
    struct signers *signers = make(ends, OLD_SECRETS_MAX);
    signers_sign(signers, SLICE(ID), NOW_MS, SLICE(BODY), text);
    assert_int_equal(strlen(text), SIGNATURES_SIZE - 1);
    assert_memory_equal(text, SIGNED_A " " SIGNED_B " ", 2 * (SIGNATURE_LEN + 1));
    signers_sign(signers, SLICE(ID), NOW_MS + 5, SLICE(BODY), text);
    assert_int_equal(strlen(text), 6 * (SIGNATURE_LEN + 1) - 1);
    signers_free(&signers);
}

static void secrets_of_another_key_do_not_sign(void **state)
{
    static const uint8_t other_key[SECRET_BOX_KEY_LEN] = "another";
    struct buf current, old, foreign;
    struct endpoint endpoint = named;
    (void)state;
    buf_init(&current, 1024);
    buf_init(&old, 1024);
    buf_init(&foreign, 1024);
    seal(key, secret_a, &current);
    seal(other_key, secret_a, &foreign);
    buf_printf(&old, "%lld ", (long long)NOW_MS + 1);
    buf_add_slice(&old, buf_slice(&foreign));
    endpoint.sealed_secret = buf_slice(&current);
    endpoint.old_secrets = buf_slice(&old);
    struct signers *signers = signers_new(key, &endpoint);
    assert_signed(signers, NOW_MS, SIGNED_A);
    signers_free(&signers);
    endpoint.sealed_secret = buf_slice(&foreign);
    assert_null(signers_new(key, &endpoint));
    buf_fini(&current);
    buf_fini(&old);
    buf_fini(&foreign);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_secret_gives_one_signature),
        cmocka_unit_test(an_old_secret_signs_until_its_time_comes),
        cmocka_unit_test(the_most_there_can_be_have_room),
        cmocka_unit_test(secrets_of_another_key_do_not_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
