/*
 * delivery_json_test.c - what the API says of deliveries, attempts and dead letters, and of records that are none
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/api/delivery_json.h"
#include "io/redis_reply.h"

#define ID "00000000000000000000"
#define EVENT "evt_" ID
#define ENDPOINT "ep_" ID
#define HEAD "{\"id\":\"dlv_" ID ID "\",\"event\":\"" EVENT "\",\"endpoint\":\"" ENDPOINT "\","
#define BORN ",\"created_at\":\"1970-01-01T00:00:00.000Z\","
#define SECOND "\"1970-01-01T00:00:01.000Z\""

static const struct row {
    const char *state, *reason, *json;
} rows[] = {
    {"pending 0", "",
     HEAD "\"status\":\"pending\",\"attempts_count\":0,\"last_status\":null" BORN
          "\"changed_at\":null,\"reason\":null,\"waiting\":null}"},
    {"delivered 2 204 1000 5-0,6-0", "",
     HEAD "\"status\":\"delivered\",\"attempts_count\":2,\"last_status\":204" BORN
          "\"changed_at\":" SECOND ",\"reason\":null,\"waiting\":null}"},
    {"dead 9-0 3 0 1000 5-0", "gone",
     HEAD "\"status\":\"failed\",\"attempts_count\":3,\"last_status\":null" BORN
          "\"changed_at\":" SECOND ",\"reason\":\"gone\",\"waiting\":null}"},
    {"waiting backoff 1000 2 0 org_1 - - 1 503 1000 5-0", "",
     HEAD "\"status\":\"waiting\",\"attempts_count\":1,\"last_status\":503" BORN
          "\"changed_at\":" SECOND
          ",\"reason\":null,\"waiting\":{\"reason\":\"backoff\",\"until\":" SECOND "}}"},
    {"waiting paused - 1 0 org_1 - - 0", "",
     HEAD
     "\"status\":\"waiting\",\"attempts_count\":0,\"last_status\":null" BORN
     "\"changed_at\":null,\"reason\":null,\"waiting\":{\"reason\":\"paused\",\"until\":null}}"},
};

static void says_each_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out;
        buf_init(&out, 4096);
        struct json_writer json = {.out = &out};
        const struct delivery_shown delivery = {.event = SLICE(EVENT),
                                                .endpoint = SLICE(ENDPOINT),
                                                .state = slice_of(rows[i].state),
                                                .reason = slice_of(rows[i].reason)};
        assert_int_equal(delivery_json_put(&json, &delivery), STATUS_OK);
        json_close(&json, '}');
        buf_add_char(&out, '\0');
        assert_string_equal(out.at, rows[i].json);
        buf_fini(&out);
    }
}

static void writes_nothing_of_what_is_none(void **state)
{
    static const struct delivery_shown none[] = {
        {.event = SLICE("evt_1"), .endpoint = SLICE(ENDPOINT), .state = SLICE("pending 0")},
        {.event = SLICE(EVENT), .endpoint = SLICE("skipped"), .state = SLICE("pending 0")},
        {.event = SLICE(EVENT), .endpoint = SLICE(ENDPOINT), .state = SLICE("no_subscriber")},
        {.event = SLICE(EVENT), .endpoint = SLICE(ENDPOINT), .state = SLICE("")},
    };
    struct buf out;
    (void)state;
    buf_init(&out, 4096);
    struct json_writer json = {.out = &out};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(delivery_json_put(&json, &none[i]), STATUS_INVALID);
    assert_int_equal(letter_json_put(&json, SLICE("x"), SLICE("t"), NULL), STATUS_INVALID);
    assert_int_equal(letter_json_put(&json, SLICE("5-0"), SLICE("t"), NULL), STATUS_INVALID);
    assert_int_equal(out.len, 0);
    buf_fini(&out);
}

#define TEXT(literal)                                                                              \
    {                                                                                              \
        .type = REDIS_TEXT, .text = SLICE(literal)                                                 \
    }
#define LIST(items)                                                                                \
    {                                                                                              \
        .type = REDIS_LIST, .list = {(items), sizeof(items) / sizeof(items)[0] }                   \
    }

static void says_attempts(void **state)
{
    struct redis_reply first[] = {
        TEXT("attempt"),     TEXT("1"),   TEXT("outcome"),  TEXT("retry"),
        TEXT("status"),      TEXT("503"), TEXT("error"),    TEXT("server_error"),
        TEXT("duration_ms"), TEXT("0"),   TEXT("response"), TEXT("a\xff")};
    struct redis_reply second[] = {TEXT("attempt"), TEXT("x"), TEXT("status"), TEXT("0")};
    struct redis_reply one[] = {TEXT("1000-0"), LIST(first)},
                       two[] = {TEXT("1000-1"), LIST(second)}, bad[] = {TEXT("no"), LIST(second)};
    struct redis_reply entries[] = {LIST(one), LIST(bad), LIST(two)};
    struct redis_reply attempts = LIST(entries);
    const struct delivery_shown delivery = {.event = SLICE(EVENT),
                                            .endpoint = SLICE(ENDPOINT),
                                            .state = SLICE("pending 2 503 1000 5-0,6-0"),
                                            .attempts = &attempts};
    struct buf out;
    (void)state;
    buf_init(&out, 4096);
    struct json_writer json = {.out = &out};
    assert_int_equal(delivery_json_put(&json, &delivery), STATUS_OK);
    buf_add_char(&out, '\0');
    assert_non_null(
        strstr(out.at, "\"attempts_count\":2,\"attempts\":[{\"at\":" SECOND
                       ",\"attempt\":1,\"outcome\":\"retry\",\"status\":503,\"duration_ms\":0,"
                       "\"error\":\"server_error\",\"response\":\"a\xef\xbf\xbd\"},{\"at\":" SECOND
                       ",\"attempt\":null,\"outcome\":null,\"status\":null,\"duration_ms\":null,"
                       "\"error\":null,\"response\":null}],\"last_status\":503"));
    buf_fini(&out);
}

static void says_a_letter(void **state)
{
    struct redis_reply items[] = {TEXT("event"),    TEXT(EVENT),  TEXT("endpoint"), TEXT(ENDPOINT),
                                  TEXT("reason"),   TEXT("gone"), TEXT("attempts"), TEXT("0"),
                                  TEXT("status"),   TEXT("410"),  TEXT("response"), TEXT(""),
                                  TEXT("first_at"), TEXT("1000"), TEXT("last_at"),  TEXT("x")};
    struct redis_reply fields = LIST(items);
    struct buf out;
    (void)state;
    buf_init(&out, 4096);
    struct json_writer json = {.out = &out};
    assert_int_equal(letter_json_put(&json, SLICE("1000-7"), SLICE(""), &fields), STATUS_OK);
    json_close(&json, '}');
    buf_add_char(&out, '\0');
    assert_string_equal(out.at, HEAD "\"type\":null,\"reason\":\"gone\",\"attempts_count\":0,"
                                     "\"last_status\":410,\"response\":null,\"first_at\":" SECOND
                                     ",\"last_at\":null,\"dead_at\":" SECOND "}");
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_each_state),
        cmocka_unit_test(writes_nothing_of_what_is_none),
        cmocka_unit_test(says_attempts),
        cmocka_unit_test(says_a_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
