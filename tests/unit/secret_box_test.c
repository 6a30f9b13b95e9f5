/*
 * secret_box_test.c - a sealed secret opens only whole, in its place, with its key
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/secret_box.h"

#define CONTEXT SLICE("org_a|ep_a|secret")

static const uint8_t KEY[SECRET_BOX_KEY_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 31};
static const uint8_t NONCE[12] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2};

static void seal(struct slice context, struct slice plain, struct buf *out)
{
    buf_init(out, 16384);
    secret_box_seal(KEY, NONCE, context, plain, out);
    assert_false(out->overflow);
}

/* What opening gives; *out_plain is checked to be empty when it does not open. */
static enum status open_box(const uint8_t *key, struct slice context, struct slice sealed)
{
    struct buf plain;
    buf_init(&plain, 8192);
    enum status status = secret_box_open(key, context, sealed, &plain);
    if (status != STATUS_OK)
        assert_int_equal(plain.len, 0);
    buf_fini(&plain);
    return status;
}

static void opens_what_it_sealed(void **state)
{
    static const size_t lengths[] = {0, 1, 15, 16, 17, 24, 64, 100, 4095, SECRET_BOX_PLAIN_MAX};
    static char text[SECRET_BOX_PLAIN_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 7);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct buf sealed, plain;
        struct slice secret = {.at = text, .len = lengths[i]};
        seal(CONTEXT, secret, &sealed);
        assert_true(slice_starts(buf_slice(&sealed), "v1:"));
        buf_init(&plain, 8192);
        buf_add_text(&plain, "before ");
        assert_int_equal(secret_box_open(KEY, CONTEXT, buf_slice(&sealed), &plain), STATUS_OK);
        assert_true(slice_starts(buf_slice(&plain), "before "));
        assert_true(slice_eq(slice_from(buf_slice(&plain), 7), secret));
        buf_fini(&plain);
        buf_fini(&sealed);
    }
}

/* Made with another implementation of AES-256-GCM (Python's cryptography). */
static void the_form_is_fixed(void **state)
{
    struct buf sealed;
    (void)state;
    seal(CONTEXT, SLICE("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), &sealed);
    assert_true(slice_is(buf_slice(&sealed),
                         "v1:CQgHBgUEAwIBAAEC02ylU08JrGbiqr5vFM+MKppj1gQAJzQcl2Xryu1r/"
                         "f+VZMXYkBmMsGb87jvcYpeTTkSWiXMa"));
    buf_fini(&sealed);
    seal(SLICE(""), SLICE(""), &sealed);
    assert_true(slice_is(buf_slice(&sealed), "v1:CQgHBgUEAwIBAAEC+vChRJnYOCIvmyphPEeGkg=="));
    buf_fini(&sealed);
}

static void another_place_or_key_does_not_open_it(void **state)
{
    static const char *const contexts[] = {
        "",
        "org_b|ep_a|secret",
        "org_a|ep_b|secret",
        "org_a|ep_a|headers",
        "org_a|ep_a|secret ",
        "org_a|ep_a|secre",
    };
    struct buf sealed;
    (void)state;
    seal(CONTEXT, SLICE("whsec_x"), &sealed);
    for (size_t i = 0; i < sizeof contexts / sizeof contexts[0]; i++)
        assert_int_equal(open_box(KEY, slice_of(contexts[i]), buf_slice(&sealed)), STATUS_DENIED);
    for (size_t bit = 0; bit < 8 * sizeof KEY; bit++) {
        uint8_t key[SECRET_BOX_KEY_LEN];
        memcpy(key, KEY, sizeof key);
        key[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(open_box(key, CONTEXT, buf_slice(&sealed)), STATUS_DENIED);
    }
    assert_int_equal(open_box(KEY, CONTEXT, buf_slice(&sealed)), STATUS_OK);
    buf_fini(&sealed);
}

static void two_boxes_cannot_be_swapped(void **state)
{
    struct buf a, b;
    (void)state;
    seal(SLICE("org_a|ep_a|secret"), SLICE("secret of a"), &a);
    seal(SLICE("org_b|ep_b|secret"), SLICE("secret of b"), &b);
    assert_int_equal(open_box(KEY, SLICE("org_a|ep_a|secret"), buf_slice(&b)), STATUS_DENIED);
    assert_int_equal(open_box(KEY, SLICE("org_b|ep_b|secret"), buf_slice(&a)), STATUS_DENIED);
    buf_fini(&a);
    buf_fini(&b);
}

static void cut_boxes_never_open(void **state)
{
    struct buf sealed;
    (void)state;
    seal(CONTEXT, SLICE("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), &sealed);
    for (size_t len = 0; len < sealed.len; len++) {
        struct slice cut = {.at = sealed.at, .len = len};
        enum status status = open_box(KEY, CONTEXT, cut);
        /* 28 bytes, nonce and tag, are 38 characters: shorter is no box at all. */
        if (len < 3 + 38)
            assert_int_equal(status, STATUS_INVALID);
        else
            assert_true(status == STATUS_INVALID || status == STATUS_DENIED);
    }
    assert_int_equal(open_box(KEY, CONTEXT, buf_slice(&sealed)), STATUS_OK);
    buf_fini(&sealed);
}

static void altered_boxes_never_open(void **state)
{
    struct buf sealed;
    (void)state;
    seal(CONTEXT, SLICE("whsec_x"), &sealed);
    for (size_t i = 0; i < sealed.len; i++) {
        char was = sealed.at[i];
        sealed.at[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(open_box(KEY, CONTEXT, buf_slice(&sealed)), STATUS_OK);
        sealed.at[i] = was;
    }
    buf_add_char(&sealed, 'A');
    assert_int_not_equal(open_box(KEY, CONTEXT, buf_slice(&sealed)), STATUS_OK);
    buf_fini(&sealed);
}

static void refuses_other_forms(void **state)
{
    static const char *const cases[] = {
        "",
        "v1:",
        "v1",
        "v2:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
        "v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA*",
        "v1: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    };
    static char huge[8000];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(open_box(KEY, CONTEXT, slice_of(cases[i])), STATUS_INVALID);
    memset(huge, 'A', sizeof huge);
    huge[0] = 'v', huge[1] = '1', huge[2] = ':';
    assert_int_equal(open_box(KEY, CONTEXT, (struct slice){.at = huge, .len = 7999}),
                     STATUS_INVALID);
    assert_int_equal(open_box(KEY, CONTEXT, SLICE("v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==")),
                     STATUS_DENIED);
}

static void says_when_there_is_no_room(void **state)
{
    struct buf sealed, small;
    (void)state;
    seal(CONTEXT, SLICE("0123456789"), &sealed);
    buf_init(&small, 9);
    assert_int_equal(secret_box_open(KEY, CONTEXT, buf_slice(&sealed), &small), STATUS_LIMIT);
    assert_int_equal(small.len, 0);
    buf_clear(&small);
    secret_box_seal(KEY, NONCE, CONTEXT, SLICE("0123456789"), &small);
    assert_true(small.overflow);
    assert_int_equal(small.len, 0);
    buf_fini(&small);
    buf_fini(&sealed);
}

static void keys_are_32_bytes(void **state)
{
    static const struct {
        const char *text;
        enum status expected;
    } cases[] = {
        {"AQIDBAUGBwgfAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", STATUS_OK},
        {"AQIDBAUGBwgfAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", STATUS_OK},
        {"AQIDBAUGBwgfAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", STATUS_INVALID},
        {"AQIDBAUGBwgfAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", STATUS_INVALID},
        {"AQIDBAUGBwgfAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE*", STATUS_INVALID},
        {"01020304050607081f0000000000000000000000000000000000000000000000", STATUS_INVALID},
        {"", STATUS_INVALID},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t key[SECRET_BOX_KEY_LEN] = {77};
        assert_int_equal(secret_box_parse_key(slice_of(cases[i].text), key), cases[i].expected);
        if (cases[i].expected == STATUS_OK)
            assert_memory_equal(key, KEY, 9);
        else
            assert_int_equal(key[0], 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_what_it_sealed),
        cmocka_unit_test(the_form_is_fixed),
        cmocka_unit_test(another_place_or_key_does_not_open_it),
        cmocka_unit_test(two_boxes_cannot_be_swapped),
        cmocka_unit_test(cut_boxes_never_open),
        cmocka_unit_test(altered_boxes_never_open),
        cmocka_unit_test(refuses_other_forms),
        cmocka_unit_test(says_when_there_is_no_room),
        cmocka_unit_test(keys_are_32_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
