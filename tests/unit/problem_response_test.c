/*
 * problem_response_test.c - problem+json
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/problem_response.h"

static void assert_body(struct buf *body, const char *wanted)
{
    buf_add_char(body, 0);
    assert_string_equal(body->at, wanted);
    buf_clear(body);
}

static void test_bodies(void **state)
{
    struct buf body;

    (void)state;
    buf_init(&body, 4096);
    problem_body(&body, 404, "not_found", "There is no such endpoint.", SLICE("r1"), NULL);
    assert_body(&body, "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                       "\"detail\":\"There is no such endpoint.\",\"code\":\"not_found\","
                       "\"request_id\":\"r1\"}\n");
    problem_body(&body, 422, "wrong_type", "must be \"text\"", SLICE("a\"\n"), "/data/~1x");
    assert_body(&body,
                "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
                "\"detail\":\"must be \\\"text\\\"\",\"code\":\"wrong_type\","
                "\"request_id\":\"a\\\"\\u000a\",\"errors\":[{\"pointer\":\"/data/~1x\","
                "\"detail\":\"must be \\\"text\\\"\"}]}\n");
    buf_fini(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
