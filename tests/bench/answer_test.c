/*
 * answer_test.c - which events of a request were taken
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "answer.h"

static void on_taken(size_t index, void *self)
{
    *(unsigned *)self |= 1u << index;
}

static void says_which_events_were_taken(void **state)
{
    static const struct {
        const char *body;
        int status;
        size_t batch, count;
        unsigned taken;
    } cases[] = {
        {"{\"id\":\"evt_1\"}", 202, 1, 1, 1},
        {"", 204, 1, 1, 1},
        {"{\"code\":\"full\"}", 503, 1, 0, 0},
        {"", 302, 3, 0, 0},
        {"", 202, 3, 3, 7},
        {"{\"accepted\":2,\"results\":[{\"id\":\"a\",\"duplicate\":false},{\"id\":\"b\","
         "\"duplicate\":false}]}",
         202, 2, 2, 3},
        {"{\"accepted\":1,\"results\":[{\"error\":{\"code\":\"x\",\"detail\":\"y\"}},{\"id\":\"b\"}"
         "]}",
         202, 2, 1, 2},
        {"{\"accepted\":1,\"results\":[{\"id\":\"b\"},{\"error\":{\"code\":\"x\"}}]}", 202, 2, 1,
         1},
        {"{\"accepted\":1,\"results\":[{\"id\":\"b\"}]}", 202, 3, 1, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer answer = {cases[i].status, cases[i].batch, slice_of(cases[i].body)};
        unsigned taken = 0;
        assert_int_equal(answer_read(&answer, on_taken, &taken), cases[i].count);
        assert_int_equal(taken, cases[i].taken);
    }
}

static void finds_a_member(void **state)
{
    struct slice body = SLICE("{\"id\":\"key_1\",\"key\":\"mr_live_x\",\"open\":\"");
    (void)state;
    assert_true(slice_is(answer_text(body, "id"), "key_1"));
    assert_true(slice_is(answer_text(body, "key"), "mr_live_x"));
    assert_int_equal(answer_text(body, "absent").len, 0);
    assert_int_equal(answer_text(body, "open").len, 0);
    assert_int_equal(answer_text((struct slice){0}, "id").len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_which_events_were_taken),
        cmocka_unit_test(finds_a_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
