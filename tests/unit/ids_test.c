/*
 * ids_test.c - ids round trip, sort as what they name, and refuse every malformed text
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/ids.h"

#define MS_MAX ((UINT64_C(1) << 50) - 1)
#define SEQ_MAX ((UINT64_C(1) << 35) - 1)
#define PARTITION_MAX ((1U << 15) - 1)

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* In ascending order of (ms, seq). */
static const struct stream_id ENTRIES[] = {
    {0, 0},
    {0, 1},
    {0, SEQ_MAX},
    {1, 0},
    {31, 31},
    {32, 0},
    {1700000000000, 0},
    {1700000000000, 9},
    {1700000000000, 10},
    {1700000000000, 31},
    {1700000000000, 32},
    {1700000000000, 1023},
    {1700000000000, 1024},
    {1700000000001, 0},
    {1799999999999, SEQ_MAX},
    {MS_MAX - 1, SEQ_MAX},
    {MS_MAX, 0},
    {MS_MAX, SEQ_MAX},
};

static void formats_known_event_ids(void **state)
{
    static const struct {
        struct event_id id;
        const char *text;
    } cases[] = {
        {{{0, 0}, 0}, "evt_00000000000000000000"},
        {{{1, 2}, 3}, "evt_00000000010000002003"},
        {{{MS_MAX, SEQ_MAX}, PARTITION_MAX}, "evt_zzzzzzzzzzzzzzzzzzzz"},
        {{{1700000000000, 0}, 1023}, "evt_01hf7yat0000000000zz"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[EVENT_ID_LEN + 1];
        event_id_format(cases[i].id, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void event_ids_round_trip(void **state)
{
    static const uint32_t partitions[] = {0, 1, 31, 32, 1023, PARTITION_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT(ENTRIES); i++) {
        for (size_t k = 0; k < COUNT(partitions); k++) {
            char text[EVENT_ID_LEN + 1];
            struct event_id id = {.entry = ENTRIES[i], .partition = partitions[k]}, back;
            event_id_format(id, text);
            assert_int_equal(strlen(text), EVENT_ID_LEN);
            assert_null(strchr(text, '.'));
            assert_int_equal(event_id_parse(slice_of(text), &back), STATUS_OK);
            assert_int_equal(stream_id_cmp(back.entry, id.entry), 0);
            assert_int_equal(back.partition, id.partition);
        }
    }
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static void text_order_is_time_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ENTRIES); i++) {
        for (size_t k = 0; k < COUNT(ENTRIES); k++) {
            char a[EVENT_ID_LEN + 1], b[EVENT_ID_LEN + 1];
            event_id_format((struct event_id){.entry = ENTRIES[i], .partition = 7}, a);
            event_id_format((struct event_id){.entry = ENTRIES[k], .partition = 7}, b);
            int expected = (i > k) - (i < k);
            assert_int_equal(sign(strcmp(a, b)), expected);
            assert_int_equal(stream_id_cmp(ENTRIES[i], ENTRIES[k]), expected);
        }
    }
}

static void other_ids_sort_by_time(void **state)
{
    char before[OTHER_ID_SIZE], after[OTHER_ID_SIZE];
    (void)state;
    other_id_format("ep_", 1699999999999, UINT64_MAX, before);
    other_id_format("ep_", 1700000000000, 0, after);
    assert_true(strcmp(before, after) < 0);
}

static void refuses_malformed_event_ids(void **state)
{
    static const char *const cases[] = {
        "",
        "evt_",
        "evt_0000000000000000000",
        "evt_000000000000000000000",
        "evt-00000000000000000000",
        "EVT_00000000000000000000",
        "dlv_00000000000000000000",
        "ep_000000000000000000000",
        "00000000000000000000evt_",
        "evt_0000000000000000000i",
        "evt_0000000000000000000l",
        "evt_0000000000000000000o",
        "evt_0000000000000000000u",
        "evt_0000000000000000000A",
        "evt_Z0000000000000000000",
        "evt_0000000000-000000000",
        "evt_000000000000000000.0",
        "evt_00000000000000000 00",
        "evt_0000000000000000000\n",
        "evt_0000000000000000000\x80",
        "evt_0000000000000000000/",
        "evt_0000000000000000000:",
        " evt_0000000000000000000",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct event_id id = {.partition = 77};
        if (event_id_parse(slice_of(cases[i]), &id) != STATUS_INVALID)
            fail_msg("accepted: \"%s\"", cases[i]);
        assert_int_equal(id.partition, 77);
    }
    struct event_id id;
    char nul[EVENT_ID_LEN + 1] = "evt_00000000000000000000";
    nul[10] = '\0';
    assert_int_equal(event_id_parse((struct slice){.at = nul, .len = EVENT_ID_LEN}, &id),
                     STATUS_INVALID);
}

static void every_byte_is_in_the_alphabet_or_refused(void **state)
{
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    (void)state;
    for (int c = 0; c < 256; c++) {
        char text[EVENT_ID_LEN + 1] = "evt_00000000000000000000";
        struct event_id id;
        text[EVENT_ID_LEN - 1] = (char)c;
        const char *at = c == 0 ? NULL : strchr(alphabet, c);
        enum status status = event_id_parse((struct slice){.at = text, .len = EVENT_ID_LEN}, &id);
        assert_int_equal(status, at ? STATUS_OK : STATUS_INVALID);
        if (at)
            assert_int_equal(id.partition, at - alphabet);
    }
}

static void delivery_ids_name_event_and_endpoint(void **state)
{
    static const char event[] = "evt_0123456789abcdefghjk", endpoint[] = "ep_mnpqrstvwxyz01234567";
    char text[DELIVERY_ID_LEN + 1];
    char event_back[EVENT_ID_LEN + 1], endpoint_back[3 + ID_CHARS + 1];
    (void)state;
    delivery_id_format(slice_of(event), slice_of(endpoint), text);
    assert_string_equal(text, "dlv_0123456789abcdefghjkmnpqrstvwxyz01234567");
    assert_int_equal(delivery_id_parse(slice_of(text), event_back, endpoint_back), STATUS_OK);
    assert_string_equal(event_back, event);
    assert_string_equal(endpoint_back, endpoint);
}

static void refuses_malformed_delivery_ids(void **state)
{
    static const char *const cases[] = {
        "",
        "dlv_",
        "dlv_0123456789abcdefghjk",
        "dlv_0123456789abcdefghjkmnpqrstvwxyz0123456",
        "dlv_0123456789abcdefghjkmnpqrstvwxyz012345678",
        "evt_0123456789abcdefghjkmnpqrstvwxyz01234567",
        "dlv_0123456789abcdefghjumnpqrstvwxyz01234567",
        "dlv_0123456789abcdefghjkmnpqrstvwxyz0123456u",
        "dlv_0123456789abcdefghjk.npqrstvwxyz01234567",
        "dlv_0123456789ABCDEFGHJKmnpqrstvwxyz01234567",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char event[EVENT_ID_LEN + 1] = "-", endpoint[3 + ID_CHARS + 1] = "-";
        if (delivery_id_parse(slice_of(cases[i]), event, endpoint) != STATUS_INVALID)
            fail_msg("accepted: \"%s\"", cases[i]);
        assert_string_equal(event, "-");
        assert_string_equal(endpoint, "-");
    }
}

static void other_ids_have_their_prefix(void **state)
{
    static const char *const prefixes[] = {"ep_", "key_", "org_", "job_"};
    (void)state;
    for (size_t i = 0; i < COUNT(prefixes); i++) {
        char text[OTHER_ID_SIZE];
        other_id_format(prefixes[i], 1700000000000, UINT64_C(0xfffc000000000001), text);
        assert_int_equal(strlen(text), strlen(prefixes[i]) + ID_CHARS);
        assert_memory_equal(text, prefixes[i], strlen(prefixes[i]));
        assert_string_equal(text + strlen(prefixes[i]), "01hf7yat000000000001");
        for (size_t k = 0; k < COUNT(prefixes); k++)
            assert_int_equal(other_id_is_valid(slice_of(text), prefixes[k]), i == k);
    }
    assert_false(other_id_is_valid(SLICE(""), "ep_"));
    assert_false(other_id_is_valid(SLICE("ep_"), "ep_"));
    assert_false(other_id_is_valid(SLICE("ep_0000000000000000000"), "ep_"));
    assert_false(other_id_is_valid(SLICE("ep_000000000000000000000"), "ep_"));
    assert_false(other_id_is_valid(SLICE("ep_0000000000000000000o"), "ep_"));
    assert_true(other_id_is_valid(SLICE("ep_0000000000000000000z"), "ep_"));
}

static void the_random_part_has_50_bits(void **state)
{
    char zero[OTHER_ID_SIZE], text[OTHER_ID_SIZE];
    (void)state;
    other_id_format("ep_", 0, 0, zero);
    for (unsigned bit = 0; bit < 64; bit++) {
        other_id_format("ep_", 0, UINT64_C(1) << bit, text);
        assert_int_equal(strcmp(zero, text) != 0, bit < 50);
        assert_memory_equal(text, "ep_0000000000", 13);
    }
}

static void stream_ids_round_trip(void **state)
{
    static const struct {
        struct stream_id id;
        const char *text;
    } cases[] = {
        {{0, 0}, "0-0"},
        {{9, 10}, "9-10"},
        {{1700000000000, 12}, "1700000000000-12"},
        {{10000000000000000000u, 9999999999999999999u}, "10000000000000000000-9999999999999999999"},
        {{UINT64_MAX, UINT64_MAX}, "18446744073709551615-18446744073709551615"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[STREAM_ID_SIZE];
        struct stream_id back;
        stream_id_format(cases[i].id, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(stream_id_parse(slice_of(text), &back), STATUS_OK);
        assert_int_equal(stream_id_cmp(back, cases[i].id), 0);
    }
}

static void refuses_malformed_stream_ids(void **state)
{
    static const char *const cases[] = {
        "",
        "-",
        "1",
        "1-",
        "-1",
        "1-2-3",
        "1--2",
        "+1-2",
        "$",
        ">",
        "1-*",
        "1 -2",
        "1- 2",
        "0x1-2",
        "1.0-2",
        "(1-2",
        "18446744073709551616-0",
        "0-18446744073709551616",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct stream_id id = {.ms = 5, .seq = 6};
        if (stream_id_parse(slice_of(cases[i]), &id) != STATUS_INVALID)
            fail_msg("accepted: \"%s\"", cases[i]);
        assert_int_equal(id.ms, 5);
        assert_int_equal(id.seq, 6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_known_event_ids),
        cmocka_unit_test(event_ids_round_trip),
        cmocka_unit_test(text_order_is_time_order),
        cmocka_unit_test(other_ids_sort_by_time),
        cmocka_unit_test(refuses_malformed_event_ids),
        cmocka_unit_test(every_byte_is_in_the_alphabet_or_refused),
        cmocka_unit_test(delivery_ids_name_event_and_endpoint),
        cmocka_unit_test(refuses_malformed_delivery_ids),
        cmocka_unit_test(other_ids_have_their_prefix),
        cmocka_unit_test(the_random_part_has_50_bits),
        cmocka_unit_test(stream_ids_round_trip),
        cmocka_unit_test(refuses_malformed_stream_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
