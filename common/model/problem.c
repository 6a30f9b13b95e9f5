/*
 * problem.c - why a document or a field of it was refused
 */
#include "problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

enum status problem_set(struct problem *problem, int http_status, const char *code,
                        const char *format, ...)
{
    va_list args;

    problem->http_status = http_status;
    problem->code = code;
    problem->pointer[0] = '\0';
    va_start(args, format);
    vsnprintf(problem->detail, sizeof problem->detail, format, args);
    va_end(args);
    return STATUS_INVALID;
}

struct pointer {
    size_t len;
    char at[sizeof((struct problem *)0)->pointer];
};

static bool pointer_add(struct pointer *pointer, struct slice piece)
{
    if (piece.len >= sizeof pointer->at - pointer->len)
        return false;
    memcpy(pointer->at + pointer->len, piece.at, piece.len);
    pointer->len += piece.len;
    return true;
}

static bool pointer_add_name(struct pointer *pointer, struct slice name)
{
    bool fits = pointer_add(pointer, SLICE("/"));

    while (fits && name.len > 0) {
        const size_t len = utf8_char_len(name);
        struct slice piece = {name.at, len};

        if (len == 0 || name.at[0] == '\0')
            piece = SLICE("\xef\xbf\xbd");
        else if (name.at[0] == '~')
            piece = SLICE("~0");
        else if (name.at[0] == '/')
            piece = SLICE("~1");
        fits = pointer_add(pointer, piece);
        name = slice_from(name, len > 0 ? len : 1);
    }
    return fits;
}

/* Already escaped; an escape is one character here. */
static void pointer_add_rest(struct pointer *pointer, struct slice rest)
{
    while (rest.len > 0) {
        const size_t len = rest.at[0] == '~' ? 2 : utf8_char_len(rest);

        if (!pointer_add(pointer, (struct slice){rest.at, len}))
            return;
        rest = slice_from(rest, len);
    }
}

enum status problem_within(struct problem *problem, struct slice name)
{
    struct pointer pointer = {0};

    if (pointer_add_name(&pointer, name))
        pointer_add_rest(&pointer, slice_of(problem->pointer));
    memcpy(problem->pointer, pointer.at, pointer.len);
    problem->pointer[pointer.len] = '\0';
    return STATUS_INVALID;
}

enum status problem_within_index(struct problem *problem, size_t index)
{
    char text[24];

    snprintf(text, sizeof text, "%zu", index);
    return problem_within(problem, slice_of(text));
}
