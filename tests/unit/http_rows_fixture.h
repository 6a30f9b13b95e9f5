/*
 * http_rows_fixture.h - requests and their stories, each tried whole, cut in two at every byte, and byte by byte
 *
 * {c*n} in a request stands for n times the character c. A story is that of http_client_story.
 */
#pragma once

#include "http_fixture.h"

struct http_row {
    struct slice request;
    const char *story;
};

#define HTTP_ROW(request, story)                                                                   \
    {                                                                                              \
        {request, sizeof(request) - 1}, story                                                      \
    }
#define HTTP_ROWS(rows) (rows), sizeof(rows) / sizeof((rows)[0])

/* With the limits of http_fixture_limits. */
void http_rows_check(const struct http_row *rows, size_t count);

/* For long ones, with the limits of production: whole, in steps of 1,000 bytes, and the last byte by itself. */
void http_rows_check_long(const struct http_row *rows, size_t count);
