/*
 * bytes_alloc.c - memory that is there or the process ends, see bytes.h
 */
#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void out_of_memory(size_t size)
{
    fprintf(stderr, "out of memory: %zu bytes wanted\n", size);
    abort();
}

void *xmalloc(size_t size)
{
    return xrealloc(NULL, size);
}

void *xcalloc(size_t count, size_t size)
{
    void *at = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
    if (at == NULL) {
        out_of_memory(size);
    }
    return at;
}

void *xrealloc(void *at, size_t size)
{
    void *moved = realloc(at, size == 0 ? 1 : size);
    if (moved == NULL) {
        out_of_memory(size);
    }
    return moved;
}

char *xstrdup(const char *text)
{
    return xslicedup(slice_of(text));
}

char *xslicedup(struct slice slice)
{
    char *copy = xmalloc(slice.len + 1);
    if (slice.len > 0) {
        memcpy(copy, slice.at, slice.len);
    }
    copy[slice.len] = '\0';
    return copy;
}
