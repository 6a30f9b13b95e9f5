/*
 * route_test.c - which paths a route stands for
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/route.h"

static const struct {
    const char *template, *path;
    const char *id; /* NULL: it does not fit */
} cases[] = {
    {"/api/events", "/api/events", ""},
    {"/api/events", "/api/events/", NULL},
    {"/api/events", "/api/event", NULL},
    {"/api/events", "/api/eventsx", NULL},
    {"/api/events", "/API/events", NULL},
    {"/api/events", "", NULL},
    {"/api/keys/{id}", "/api/keys/key_1", "key_1"},
    {"/api/keys/{id}", "/api/keys/{id}", "{id}"},
    {"/api/keys/{id}", "/api/keys/%2F", "%2F"},
    {"/api/keys/{id}", "/api/keys/", NULL},
    {"/api/keys/{id}", "/api/keys", NULL},
    {"/api/keys/{id}", "/api/keys/key_1/", NULL},
    {"/api/keys/{id}", "/api/keys/key_1/x", NULL},
    {"/api/keys/{id}", "/api/keys//", NULL},
    {"/api/keys/{id}/rotate", "/api/keys/key_1/rotate", "key_1"},
    {"/api/keys/{id}/rotate", "/api/keys/rotate", NULL},
    {"/api/keys/{id}/rotate", "/api/keys//rotate", NULL},
    {"/api/keys/{id}/rotate", "/api/keys/key_1/rotate/", NULL},
    {"/api/keys/{id}/rotate", "/api/keys/key_1/rotat", NULL},
    {"/api/keys/{id}/rotate", "/api/keys/a/b/rotate", NULL},
};

static void an_id_is_one_whole_segment(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct route route = {.path = cases[i].template};
        struct slice id = {0};
        bool fits = route_fits(&route, slice_of(cases[i].path), &id);
        if (fits != (cases[i].id != NULL) || (fits && !slice_is(id, cases[i].id)))
            fail_msg("%s, %s", cases[i].template, cases[i].path);
    }
}

/* A path is not ended by a zero byte. */
static void what_is_behind_the_path_is_not_read(void **state)
{
    struct route route = {.path = "/api/keys/{id}"};
    struct slice id;
    (void)state;
    assert_true(route_fits(&route, (struct slice){"/api/keys/key_1", 11}, &id));
    assert_true(slice_is(id, "k"));
    assert_false(route_fits(&route, (struct slice){"/api/keys/key_1", 10}, &id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_one_whole_segment),
        cmocka_unit_test(what_is_behind_the_path_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
