/*
 * content_type_test.c - which bodies are taken, by what they are said to be
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "call_fixture.h"
#include "ingest/content_type.h"
#include "ingest/metrics.h"
#include "ingest/routes.h"
#include "io/service_private.h"

static const char *const types[] = {"application/json", "application/x-ndjson", NULL};

static const struct {
    const char *type, *encoding;
    const char *expected; /* NULL: refused */
} cases[] = {
    {NULL, NULL, "application/json"},
    {"", NULL, "application/json"},
    {"application/json", NULL, "application/json"},
    {"Application/JSON", NULL, "application/json"},
    {" application/x-ndjson ", NULL, "application/x-ndjson"},
    {"application/json;charset=utf-8", NULL, "application/json"},
    {"application/json ; charset=\"UTF-8\"; version=1", NULL, "application/json"},
    {"application/json;", NULL, "application/json"},
    {"application/json; charset=us-ascii", NULL, "application/json"},
    {"application/json; charset", NULL, NULL},
    {"application/json; charset=latin1", NULL, NULL},
    {"application/json; a=b; charset=utf-16", NULL, NULL},
    {"application/jsonx", NULL, NULL},
    {"application/jso", NULL, NULL},
    {"application", NULL, NULL},
    {"text/plain", NULL, NULL},
    {"application/json, text/plain", NULL, NULL},
    {";charset=utf-8", NULL, "application/json"},
    {"application/json", "identity", "application/json"},
    {"application/json", "", "application/json"},
    {"application/json", " Identity ", "application/json"},
    {"application/json", "gzip", NULL},
    {"application/json", "identity, gzip", NULL},
    {NULL, "br", NULL},
};

static void takes_what_it_can_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *headers[5] = {0};
        size_t count = 0;
        struct call_fixture fixture;
        struct slice type = {0};
        if (cases[i].type) {
            headers[count++] = "content-type";
            headers[count++] = cases[i].type;
        }
        if (cases[i].encoding) {
            headers[count++] = "Content-Encoding";
            headers[count++] = cases[i].encoding;
        }
        call_fixture_start(&fixture, NULL, headers);
        enum status status = content_type_expect(&fixture.call, types, &type);
        if (!cases[i].expected) { /* and answered */
            assert_int_equal(status, STATUS_INVALID);
            continue;
        }
        assert_int_equal(status, STATUS_OK);
        assert_true(slice_is(type, cases[i].expected));
        call_fixture_end(&fixture);
    }
}

int main(void)
{
    static const struct service_definition definition = {
        .name = "ingest", .metrics = ingest_metrics, .metrics_count = INGEST_METRICS_COUNT};
    const struct CMUnitTest tests[] = {cmocka_unit_test(takes_what_it_can_read)};
    log_set_fd(-1);
    routes_init();
    service_metrics_start(&definition, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
