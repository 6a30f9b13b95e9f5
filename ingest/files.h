/*
 * files.h - the files that are compiled in: the documentation page, and what the OpenAPI document is made of
 */
#pragma once

#include "base/bytes.h"

struct file {
    const char *name; /* without its folder */
    struct slice bytes;
    struct slice gzip; /* the same, compressed when the program was built; empty: not worth it */
};

/* NULL: there is none of that name. */
const struct file *files_find(struct slice name);

/* Of one that must be there. */
struct slice files_bytes(const char *name);

/* Made by cmake/embed.cmake. */
extern const struct file ingest_files[];
extern const size_t ingest_files_count;
