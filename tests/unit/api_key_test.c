/*
 * api_key_test.c - making keys without bias, refusing wrong ones before any lookup, scopes
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/api_key.h"

/* The checksum is that of a public, expired token of GitHub: 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. */
#define GOOD "mr_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"

static void accepts_the_known_checksum(void **state)
{
    (void)state;
    assert_int_equal(strlen(GOOD), API_KEY_LEN);
    assert_true(api_key_is_wellformed(SLICE(GOOD)));
}

static void refuses_wrong_shapes(void **state)
{
    static const char *const cases[] = {
        "",
        "mr_live_",
        "mr_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq1",
        "mr_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq177",
        "mr_test_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17",
        "MR_LIVE_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17",
        "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17mr_live_",
        "mr_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18",
        "mr_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mlq17",
        "mr_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ1mLq17",
        "mr_live_QzWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17",
        "mr_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxk_0mLq17",
        "mr_live_zQWBuTSOoRi4A9spHcVY5ncnsDkx J0mLq17",
        /* the checksum fits, a character does not */
        "mr_live_zQWBuTSOoRi4A9spHcVY5ncnsDkx-J2ZlQCc",
        "mr_live__QWBuTSOoRi4A9spHcVY5ncnsDkxkJ07aUEL",
        "mr_live_zQWBuTSOoRi4A9s HcVY5ncnsDkxkJ30GAbX",
        "mr_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxk/0QSOyI",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (api_key_is_wellformed(slice_of(cases[i])))
            fail_msg("accepted: \"%s\"", cases[i]);
    }
}

static void refuses_every_single_changed_character(void **state)
{
    (void)state;
    for (size_t i = 0; i < API_KEY_LEN; i++) {
        for (int c = 0; c < 256; c++) {
            char key[API_KEY_LEN + 1] = GOOD;
            key[i] = (char)c;
            bool same = GOOD[i] == (char)c;
            assert_int_equal(api_key_is_wellformed((struct slice){.at = key, .len = API_KEY_LEN}),
                             same);
        }
    }
}

static void makes_keys_that_pass(void **state)
{
    uint8_t random[30];
    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        char key[API_KEY_LEN + 1];
        for (size_t i = 0; i < sizeof random; i++)
            random[i] = (uint8_t)((round * 89 + i * 53) % 248);
        assert_true(api_key_make(random, sizeof random, key));
        assert_int_equal(strlen(key), API_KEY_LEN);
        assert_true(api_key_is_wellformed(slice_of(key)));
    }
}

static void pads_the_checksum(void **state)
{
    uint8_t random[30];
    unsigned padded = 0;
    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        char key[API_KEY_LEN + 1];
        memset(random, (int)(round % 248), sizeof random);
        assert_true(api_key_make(random, sizeof random, key));
        padded += key[8 + 30] == '0';
        assert_true(api_key_is_wellformed(slice_of(key)));
    }
    assert_true(padded > 0);
}

static void skips_bytes_that_would_bias(void **state)
{
    uint8_t random[60];
    char key[API_KEY_LEN + 1] = "untouched";
    (void)state;
    memset(random, 248, sizeof random);
    for (size_t i = 0; i < 29; i++)
        random[2 * i + 1] = 61;
    assert_false(api_key_make(random, sizeof random, key));
    assert_string_equal(key, "untouched");
    random[59] = 247; /* 247 mod 62 = 61, the last one that counts */
    assert_true(api_key_make(random, sizeof random, key));
    assert_memory_equal(key, "mr_live_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", 38);
    assert_false(api_key_make(random, 0, key));
}

static void every_character_is_as_likely(void **state)
{
    unsigned counts[128] = {0};
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        uint8_t random[30];
        char key[API_KEY_LEN + 1];
        memset(random, (int)value, sizeof random);
        if (api_key_make(random, sizeof random, key))
            counts[(uint8_t)key[8]]++;
    }
    unsigned characters = 0;
    for (size_t c = 0; c < 128; c++) {
        assert_true(counts[c] == 0 || counts[c] == 4);
        characters += counts[c] != 0;
    }
    assert_int_equal(characters, 62);
}

static void hashes_are_sha256(void **state)
{
    static const struct {
        const char *text, *hash;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char hash[API_KEY_HASH_LEN + 1];
        api_key_hash(slice_of(cases[i].text), hash);
        assert_string_equal(hash, cases[i].hash);
    }
}

static void secrets_equal_only_themselves(void **state)
{
    (void)state;
    assert_true(secret_equal(SLICE("token"), SLICE("token")));
    assert_true(secret_equal((struct slice){.at = "a\0b", .len = 3}, SLICE("a\0b")));
    assert_false(secret_equal(SLICE("token"), SLICE("tokeN")));
    assert_false(secret_equal(SLICE("token"), SLICE("Token")));
    assert_false(secret_equal(SLICE("token"), SLICE("toke")));
    assert_false(secret_equal(SLICE("token"), SLICE("tokens")));
    assert_false(secret_equal((struct slice){.at = "a\0b", .len = 3}, SLICE("a\0c")));
    assert_false(secret_equal(SLICE("token"), (struct slice){0}));
    assert_false(secret_equal((struct slice){0}, (struct slice){0}));
}

static void scopes_are_whole_words(void **state)
{
    static const struct {
        const char *list, *scope;
        bool allowed;
    } cases[] = {
        {"events:write", "events:write", true},
        {"events:read events:write", "events:write", true},
        {"events:read events:write", "events:read", true},
        {"*", "keys:write", true},
        {"events:read *", "keys:write", true},
        {"", "events:write", false},
        {"events:read", "events:write", false},
        {"events:write", "events", false},
        {"events", "events:write", false},
        {"events:writes", "events:write", false},
        {"xevents:write", "events:write", false},
        {"events:*", "events:write", false},
        {"**", "events:write", false},
        {"EVENTS:WRITE", "events:write", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (scopes_allow(slice_of(cases[i].list), cases[i].scope) != cases[i].allowed)
            fail_msg("\"%s\" and %s", cases[i].list, cases[i].scope);
    }
}

static void knows_its_scopes(void **state)
{
    static const char *const known[] = {
        "*",         "events:write",    "events:read",       "inbox:consume",   "endpoints:read",
        "dlq:read",  "endpoints:write", "endpoints:secrets", "deliveries:read", "deliveries:write",
        "dlq:write", "keys:write",      "audit:read",
    };
    static const char *const unknown[] = {
        "", "admin", "events", "events:", "events:writ", "events:write ", "events:*", "Events:read",
    };
    size_t total = 0;
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_true(scope_is_known(slice_of(known[i])));
        total += strlen(known[i]) + 1;
    }
    assert_true(total <= SCOPES_TEXT_MAX);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_false(scope_is_known(slice_of(unknown[i])));
}

static void a_list_covers_what_it_allows_each_of(void **state)
{
    static const struct {
        const char *list, *others;
        bool covered;
    } cases[] = {
        {"a b c", "a", true},    {"a b c", "c a", true}, {"a b c", "a b c", true},
        {"*", "a *", true},      {"a *", "b", true},     {"a b", "", true},
        {"a b", "a b c", false}, {"a b", "*", false},    {"a b", "a *", false},
        {"", "a", false},        {"ab", "a", false},     {"a", "ab", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (scopes_cover(slice_of(cases[i].list), slice_of(cases[i].others)) != cases[i].covered)
            fail_msg("\"%s\" and \"%s\"", cases[i].list, cases[i].others);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_the_known_checksum),
        cmocka_unit_test(refuses_wrong_shapes),
        cmocka_unit_test(refuses_every_single_changed_character),
        cmocka_unit_test(makes_keys_that_pass),
        cmocka_unit_test(pads_the_checksum),
        cmocka_unit_test(skips_bytes_that_would_bias),
        cmocka_unit_test(every_character_is_as_likely),
        cmocka_unit_test(hashes_are_sha256),
        cmocka_unit_test(secrets_equal_only_themselves),
        cmocka_unit_test(scopes_are_whole_words),
        cmocka_unit_test(a_list_covers_what_it_allows_each_of),
        cmocka_unit_test(knows_its_scopes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
