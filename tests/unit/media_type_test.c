/*
 * media_type_test.c - what a media type says of the bytes it belongs to
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/media_type.h"

static const struct {
    const char *text;
    bool is_valid;
    enum media_kind kind; /* when it is valid */
} cases[] = {
    {"application/json", true, MEDIA_JSON},
    {"Application/JSON ;x=y", true, MEDIA_JSON},
    {"application/cloudevents+json", true, MEDIA_JSON},
    {"text/json", true, MEDIA_JSON},
    {"x/+json", true, MEDIA_JSON},
    {"application/json; charset=utf-8", true, MEDIA_JSON},
    {"application/json; x=y; Charset=\"UTF-8\"", true, MEDIA_JSON},
    {"application/json;charset=US-ASCII", true, MEDIA_JSON},
    {"application/json; charset=utf-16", true, MEDIA_BYTES},
    {"application/json; charset", true, MEDIA_BYTES},
    {"application/jsonx", true, MEDIA_BYTES},
    {"application/json-seq", true, MEDIA_BYTES},
    {"application/xjson", true, MEDIA_BYTES},
    {"text/plain", true, MEDIA_TEXT},
    {"TEXT/html;charset=utf-8", true, MEDIA_TEXT},
    {"text/plain; charset=iso-8859-1", true, MEDIA_BYTES},
    {"application/xml", true, MEDIA_TEXT},
    {"image/svg+xml", true, MEDIA_TEXT},
    {"application/octet-stream", true, MEDIA_BYTES},
    {"image/png", true, MEDIA_BYTES},
    {"textual/plain", true, MEDIA_BYTES},
    {"", false, 0},
    {"json", false, 0},
    {"/json", false, 0},
    {"text/", false, 0},
    {"text/plain/x", false, 0},
    {"text /plain", false, 0},
    {"text/ plain", false, 0},
    {"text/pl\xc3\xa9", false, 0},
    {"text/plain, text/html", false, 0},
    {";charset=utf-8", false, 0},
};

static void knows_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct slice text = slice_of(cases[i].text);
        if (media_type_is_valid(text) != cases[i].is_valid ||
            (cases[i].is_valid && media_type_kind(text) != cases[i].kind))
            fail_msg("%s", cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(knows_them)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
