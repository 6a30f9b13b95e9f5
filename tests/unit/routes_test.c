/*
 * routes_test.c - every route of the table is found by its method and path, and nothing else is
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/routes.h"

#define ID "id_1"

/* The route's path with an id in it. */
static struct slice path_of(const struct route *route, const char *behind)
{
    static char path[128];
    const char *id = strstr(route->path, "{id}");
    if (id)
        snprintf(path, sizeof path, "%.*s%s%s%s", (int)(id - route->path), route->path, ID, id + 4,
                 behind);
    else
        snprintf(path, sizeof path, "%s%s", route->path, behind);
    return slice_of(path);
}

static void each_is_found_with_its_id(void **state)
{
    (void)state;
    for (size_t i = 0; i < routes_count(); i++) {
        const struct route *route = routes_at(i);
        char allow[ALLOW_MAX];
        struct slice id;
        assert_ptr_equal(routes_find(slice_of(route->method), path_of(route, ""), &id, allow),
                         route);
        assert_true(slice_is(id, strstr(route->path, "{id}") ? ID : ""));
    }
}

static void head_is_answered_where_get_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < routes_count(); i++) {
        const struct route *route = routes_at(i);
        char allow[ALLOW_MAX];
        struct slice id;
        const struct route *found = routes_find(SLICE("HEAD"), path_of(route, ""), &id, allow);
        if (strcmp(route->method, "GET") == 0)
            assert_ptr_equal(found, route);
        else
            assert_true(!found || strcmp(found->method, "GET") == 0);
    }
}

static bool has_word(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = list; (at = strstr(at, word)) != NULL; at += len)
        if ((at == list || at[-1] == ' ') && (at[len] == '\0' || at[len] == ','))
            return true;
    return false;
}

/* All methods of the path, whichever rows they stand in. */
static void another_method_is_told_all_that_are_allowed(void **state)
{
    static const char *const none[] = {"BREW", "get", "", "OPTIONS"};
    (void)state;
    for (size_t i = 0; i < routes_count(); i++) {
        const struct route *route = routes_at(i);
        for (size_t k = 0; k < sizeof none / sizeof none[0]; k++) {
            char allow[ALLOW_MAX];
            struct slice id;
            assert_null(routes_find(slice_of(none[k]), path_of(route, ""), &id, allow));
            assert_true(strlen(allow) < ALLOW_MAX - 1); /* nothing is cut off */
            for (size_t other = 0; other < routes_count(); other++)
                if (strcmp(routes_at(other)->path, route->path) == 0)
                    assert_true(has_word(allow, routes_at(other)->method));
            assert_int_equal(has_word(allow, "HEAD"), has_word(allow, "GET"));
            assert_false(none[k][0] && has_word(allow, none[k]));
        }
    }
}

/* A word of the table is no id, also with a method that only the id's path has. */
static void a_word_is_not_taken_for_an_id(void **state)
{
    static const struct {
        const char *method, *path, *allow;
    } rows[] = {
        {"GET", "/api/events/batch", "POST"},
        {"HEAD", "/api/dlq/purge", "POST"},
        {"GET", "/api/dlq/replay", "POST"},
    };
    char allow[ALLOW_MAX];
    struct slice id;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_null(routes_find(slice_of(rows[i].method), slice_of(rows[i].path), &id, allow));
        assert_string_equal(allow, rows[i].allow);
    }
}

static void another_path_is_none_of_ours(void **state)
{
    static const char *const paths[] = {
        "",           "/", "/api", "/api/", "//api/events", "/api//events", "/api/events?x",
        "api/events", "*"};
    char allow[ALLOW_MAX];
    struct slice id;
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_null(routes_find(SLICE("POST"), slice_of(paths[i]), &id, allow));
        assert_string_equal(allow, "");
    }
    for (size_t i = 0; i < routes_count(); i++) {
        const struct route *route = routes_at(i);
        assert_null(routes_find(slice_of(route->method), path_of(route, "/"), &id, allow));
        assert_string_equal(allow, "");
    }
}

static void no_two_are_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < routes_count(); i++)
        for (size_t k = 0; k < i; k++)
            assert_true(strcmp(routes_at(i)->method, routes_at(k)->method) != 0 ||
                        strcmp(routes_at(i)->path, routes_at(k)->path) != 0);
}

static void each_has_a_label_of_its_own(void **state)
{
    (void)state;
    routes_init();
    for (size_t i = 0; i < routes_count(); i++) {
        const struct route *route = routes_at(i);
        char label[64];
        snprintf(label, sizeof label, "%s %s", route->method, route->path);
        assert_int_equal(routes_label(route), i);
        assert_string_equal(route_labels[i], label);
    }
    assert_string_equal(route_labels[routes_label(NULL)], "other");
    assert_null(route_labels[routes_count() + 1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_found_with_its_id),
        cmocka_unit_test(head_is_answered_where_get_is),
        cmocka_unit_test(another_method_is_told_all_that_are_allowed),
        cmocka_unit_test(a_word_is_not_taken_for_an_id),
        cmocka_unit_test(another_path_is_none_of_ours),
        cmocka_unit_test(no_two_are_the_same),
        cmocka_unit_test(each_has_a_label_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
