/*
 * http_headers.h - the headers that an endpoint asks for, made once
 */
#pragma once

#include "model/endpoint.h"

struct curl_slist;

struct http_headers; /* NULL: none */
struct http_headers *http_headers_new(const struct header *headers, size_t count);
void http_headers_free(struct http_headers **headers);

/* For the transfers only: shared by them, never changed. */
struct curl_slist *http_headers_list(struct http_headers *headers);
